"""Settings that refer to secrets: their value is used, and shown nowhere; messages and records show the reference."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from urllib.parse import quote, unquote

from ninefold.errors import UsageError

_REFERENCE = re.compile(r"\$\{([^}]*)\}?")
_PASSWORD = re.compile(r"(://[^/@:]*):(?!\$\{[^}]*\}@)[^/@]*@")
_BETWEEN = re.compile(r"[/:@?&=#]+")
_SHORT = 4  # a text of fewer letters stands inside of ordinary words too


@dataclass(frozen=True)
class Secret:
    """A text of the settings: ``given`` as it is written there, ``value`` with what it refers to."""

    given: str
    value: str = field(repr=False)
    variables: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def shown(self) -> str:
        """What may be shown: the reference instead of the value, and ``***`` instead of a password.

        >>> resolve("postgresql://me:s3cret@db/x").shown
        'postgresql://me:***@db/x'
        """
        return without_password(f"${{{self.given[4:]}}}" if self.whole else self.given)

    @property
    def whole(self) -> bool:
        """Whether all of the text is a reference."""
        return self.given.startswith("env:")

    def hide(self, text: str, *, parts: bool = True) -> str:
        """``text`` with the reference in the place of every value, as it is or percent-encoded.

        With ``parts``, pieces of values are hidden too: a database or a server may say a part only of what it was given,
        such as the host of a URL, or half of a password that was not encoded.

        >>> os.environ["NINEFOLD_EXAMPLE"] = "s3cret"
        >>> resolve("sqlite:///data/${NINEFOLD_EXAMPLE}.db").hide("unable to open /home/ada/data/s3cret.db")
        'unable to open /home/ada/data/${NINEFOLD_EXAMPLE}.db'
        """
        found = {**(dict(self._parts()) if parts else {}), **dict(self._values())}
        if not found:
            return text
        longest = sorted(found, key=len, reverse=True)
        # in one pass: what stands there instead is not looked at again
        pattern = re.compile("|".join(f"({one})" for one in longest))
        return pattern.sub(lambda match: found[longest[(match.lastindex or 1) - 1]], text)

    def _values(self) -> Iterator[tuple[str, str]]:
        for name, value in self.variables.items():
            for way in {value, quote(value), quote(value, safe=""), unquote(value)} - {""}:
                yield _alone(way), f"${{{name}}}"

    def _parts(self) -> Iterator[tuple[str, str]]:
        for value in self.variables.values():
            address = value.partition("://")[2] or value
            path = PurePath(address) if address.startswith(("/", "~", ".")) else None
            # of a path only the file: its folders are words that messages need
            for part in [path.name, path.stem] if path else _BETWEEN.split(address):
                if part:
                    yield re.escape(part) if len(part) >= _SHORT else f"(?<=[\"'`]){re.escape(part)}(?=[\"'`])", "***"


NOTHING = Secret("", "")


def without_password(url: str) -> str:
    """A URL with ``***`` in the place of its password.

    >>> without_password("postgresql://me:s3cret@db/x")
    'postgresql://me:***@db/x'
    """
    return _PASSWORD.sub(r"\1:***@", url)


def _alone(text: str) -> str:
    return re.escape(text) if len(text) >= _SHORT else rf"(?<!\w){re.escape(text)}(?!\w)"


def resolve(text: str) -> Secret:
    """What a text of the settings refers to: ``env:NAME`` alone, or ``${NAME}`` inside a URL; any other text is itself.

    Raises ``UsageError`` naming the variable that is not set.

    >>> os.environ["NINEFOLD_EXAMPLE"] = "s3cret"
    >>> resolve("env:NINEFOLD_EXAMPLE").value, resolve("postgresql://me:${NINEFOLD_EXAMPLE}@db/x").value, resolve("plain").value
    ('s3cret', 'postgresql://me:s3cret@db/x', 'plain')
    """
    names = [text[4:]] if text.startswith("env:") else _REFERENCE.findall(text)
    variables = {name: _variable(name) for name in names}
    value = variables[text[4:]] if text.startswith("env:") else _REFERENCE.sub(lambda match: variables[match[1]], text)
    return Secret(text, value, variables)


def _variable(name: str) -> str:
    if name not in os.environ:
        raise UsageError(f"the environment variable {name} is not set", hint=f"export {name}=... and try again")
    return os.environ[name]
