"""What a source's text means: a path, a URL, or a connection that the environment resolves."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ninefold.config import Settings
from ninefold.errors import DeclarationError, NotYetError, UsageError, closest

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
_TABLE = re.compile(r"\w+(\.\w+){0,2}")


@dataclass(frozen=True, slots=True)
class Location:
    """Where rows lie: ``url`` is an absolute path for ``local``, else a URL; ``table`` is what a connection to a database names."""

    kind: Kind
    url: str
    table: str | None = None

    @property
    def shown(self) -> str:
        """The URL without a password, for messages and facts."""
        return re.sub(r"(://[^/@:]*):[^/@]*@", r"\1:***@", self.url)


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
        return _url(scheme, text, settings)
    base = settings.connection(scheme)
    if base is None:
        raise UsageError(
            f'"{text}": there is no connection "{scheme}" in the environment "{settings.environment}"',
            hint=f'{closest(scheme, [*settings.connections, *_KINDS])}; name it under [tool.ninefold.connections]: {scheme} = "postgresql://..."',
        )
    found = _url(base.partition("://")[0], base, settings) if "://" in base else Location("local", str(_absolute(base, settings.root)))
    if found.kind != "sql":
        return Location(found.kind, f"{found.url.rstrip('/')}/{rest}" if rest else found.url)
    if not _TABLE.fullmatch(rest):
        raise DeclarationError(f'"{text}" names no table', hint=f'write "{scheme}:table" or "{scheme}:schema.table"')
    return Location("sql", found.url, rest)


def _url(scheme: str, url: str, settings: Settings) -> Location:
    plain = scheme.partition("+")[0]
    if plain in _LATER:
        raise NotYetError(f'this release does not read "{plain}://" yet ({url.partition("?")[0]})', hint=f"it reads {', '.join(sorted(_KINDS))}")
    if plain not in _KINDS:
        raise UsageError(f'"{url}": the scheme "{plain}" is not known', hint=closest(plain, [*_KINDS, *_LATER]))
    if plain == "file":
        return Location("local", str(_absolute(url.removeprefix("file://"), settings.root)))
    if plain in {"sqlite", "duckdb"}:
        path = url.partition(":///")[2]
        if not path:
            raise UsageError(f'"{url}" names no file', hint=f'write "{plain}:///data/shop.db", or four slashes for an absolute path')
        return Location("sql", f"{plain}:///{_absolute(path, settings.root)}")
    return Location(_KINDS[plain], url)


def _absolute(path: str, root: Path) -> Path:
    given = Path(path).expanduser()
    return given if given.is_absolute() else root / given
