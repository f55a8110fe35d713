"""What a source's text means: a path, a URL, or a connection that the environment resolves."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from ninefold.config import Settings
from ninefold.errors import DataError, DeclarationError, NinefoldError, NotYetError, UsageError, closest
from ninefold.secret import NOTHING, Secret, without_password

Kind = Literal["local", "s3", "http", "sql"]
_KINDS: dict[str, Kind] = {
    "file": "local",
    "s3": "s3",
    "http": "http",
    "https": "http",
    "sqlite": "sql",
    "duckdb": "sql",
    "postgresql": "sql",
    "postgres": "sql",
}
_LATER = {"kafka", "mqtt", "snowflake", "bigquery", "gs", "az", "abfs"}
_SCHEME = re.compile(r"([A-Za-z][\w+.-]*):(.*)", re.DOTALL)
_WILD = re.compile(r"[*?\[]")
_TABLE = re.compile(r"\w+(\.\w+){0,2}")


@dataclass(frozen=True, slots=True)
class Location:
    """Where rows lie: ``url`` is an absolute path for ``local``, else a URL; ``table`` is what a connection to a database names.

    ``secret`` is the text of the settings that ``url`` comes from. The URL is for reaching the rows only; what is told and
    recorded is ``shown``.
    """

    kind: Kind
    url: str = field(repr=False)
    table: str | None = None
    secret: Secret = NOTHING

    @property
    def shown(self) -> str:
        """The URL without a password, and with ``${NAME}`` where the settings have it, for messages and facts."""
        return without_password(self.name(self.url))

    def hide(self, text: str) -> str:
        """``text`` without what the settings only refer to."""
        if self.secret.whole:
            for whole in (self.url, self.url.partition(":///")[2]):
                text = text.replace(whole, self.secret.shown) if whole else text
        return self.secret.hide(text)

    def name(self, file: str) -> str:
        """What a file that was found here is called. Unlike with ``hide``, two files never get one name."""
        base = _WILD.split(self.url)[0] if self.kind in {"local", "s3"} else self.url
        if self.secret.whole and file.startswith(base):
            return f"{self.secret.shown}/{file[len(base) :].lstrip('/')}".rstrip("/")
        return self.secret.hide(file, parts=False)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Within it, no error shows more of the location than ``shown`` does, whoever raised it."""
        try:
            yield
        except NinefoldError as error:
            if not self.secret.variables:
                raise
            # without its cause, which says the same in the database's words
            raise type(error)(self.hide(error.message), hint=self.hide(error.hint), where=self.hide(error.where)) from None
        except OSError as error:
            if not self.secret.variables:
                raise
            raise DataError(self.hide(error.strerror or str(error)), where=self.shown, hint="check the path, and that you may read it") from None


def locate(text: str, settings: Settings) -> Location:
    """The location of a path, URL or connection such as ``"warehouse:marts.usage"``.

    A path is relative to the project's root. Raises ``UsageError`` for a scheme that is neither known nor a
    connection of the environment, ``NotYetError`` for one that a later release reads.
    """
    match = _SCHEME.fullmatch(text)
    if not match:
        return Location("local", str(_absolute(text, settings.root)))
    scheme, rest = match[1], match[2]
    if rest.startswith("//"):
        return _url(Secret(text, text), settings)
    base = settings.connection(scheme)
    if base is None:
        raise UsageError(
            f'"{text}": there is no connection "{scheme}" in the environment "{settings.environment}"',
            hint=f'{closest(scheme, [*settings.connections, *_KINDS])}; name it under [tool.ninefold.connections]: {scheme} = "postgresql://..."',
        )
    found = _url(base, settings) if "://" in base.value else Location("local", str(_absolute(base.value, settings.root)), None, base)
    if found.kind != "sql":
        return replace(found, url=f"{found.url.rstrip('/')}/{rest}" if rest else found.url)
    if not _TABLE.fullmatch(rest):
        raise DeclarationError(f'"{text}" names no table', hint=f'write "{scheme}:table" or "{scheme}:schema.table"')
    return replace(found, table=rest)


def _url(given: Secret, settings: Settings) -> Location:
    url = given.value
    plain = url.partition("://")[0].partition("+")[0]
    if plain in _LATER:
        raise NotYetError(
            f'this release does not read "{plain}://" yet ({given.shown.partition("?")[0]})', hint=f"it reads {', '.join(sorted(_KINDS))}"
        )
    if plain not in _KINDS:
        raise UsageError(f'"{given.shown}": the scheme "{given.hide(plain)}" is not known', hint=closest(plain, [*_KINDS, *_LATER]))
    if plain == "file":
        return Location("local", str(_absolute(url.removeprefix("file://"), settings.root)), None, given)
    if plain in {"sqlite", "duckdb"}:
        path = url.partition(":///")[2]
        if not path:
            raise UsageError(f'"{given.shown}" names no file', hint=f'write "{plain}:///data/shop.db", or four slashes for an absolute path')
        return Location("sql", f"{plain}:///{_absolute(path, settings.root)}", None, given)
    return Location(_KINDS[plain], url, None, given)


def _absolute(path: str, root: Path) -> Path:
    given = Path(path).expanduser()
    return given if given.is_absolute() else root / given
