"""Paging by key: a token holds the values by which the last row was ordered, and the next page is what comes after them.

Rows that come or go between two pages shift nothing. A token is bound to its query by a digest, so that one of another
query is refused instead of giving a page that means nothing.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ninefold import ids
from ninefold.errors import UsageError
from ninefold.runs.searching.conditions import Kind, Sql

_VERSION = 1
_LONGEST = 64 << 10


@dataclass(frozen=True)
class Term:
    """An expression to order by, never null, and the kind of its values."""

    text: str
    kind: Kind
    descending: bool = False

    @property
    def way(self) -> str:
        """The expression with its direction."""
        return f"{self.text}{' desc' if self.descending else ''}"


def ordering(terms: Sequence[Term]) -> str:
    """What follows ``order by``."""
    return ", ".join(term.way for term in terms)


def after(terms: Sequence[Term], last: Sequence[Any] | None) -> Sql:
    """The condition of what comes after a row: all of the terms, compared one after the other.

    The first one is said twice, so that a database begins in its index where the last page ended.

    >>> after([Term("v", "real", True), Term("id", "text")], [0.7, "b"])
    Sql(text='v <= ? and (v < ? or (v = ? and (id > ?)))', args=(0.7, 0.7, 0.7, 'b'))
    """
    if last is None:
        return Sql("1 = 1")
    text, args = "", tuple[Any, ...]()
    for term, value in reversed(list(zip(terms, last, strict=True))):
        sign = "<" if term.descending else ">"
        text, args = (
            (f"({term.text} {sign} ? or ({term.text} = ? and {text}))", (value, value, *args)) if text else (f"({term.text} {sign} ?)", (value,))
        )
    return Sql(f"{terms[0].text} {'<' if terms[0].descending else '>'}= ? and {text}", (last[0], *args))


def query_digest(*parts: Any) -> str:
    """What a token is bound to."""
    return ids.digest(ids.canonical([repr(part) for part in parts]))[:16]


def encode(digest: str, terms: Sequence[Term], last: Sequence[Any]) -> str:
    """A token for the page after a row. Reals travel in hexadecimal: infinite ones too, and all of them exactly."""
    values = [float(value).hex() if term.kind == "real" else value for term, value in zip(terms, last, strict=True)]
    return base64.urlsafe_b64encode(msgspec.json.encode([_VERSION, digest, *values])).rstrip(b"=").decode()


def decode(token: str | None, digest: str, terms: Sequence[Term]) -> list[Any] | None:
    """The values in a token, None without one. UsageError where it is none of this query's.

    >>> terms = [Term("v", "real"), Term("id", "text")]
    >>> decode(encode("d", terms, [float("inf"), "a"]), "d", terms)
    [inf, 'a']
    """
    if not token:
        return None
    try:
        if len(token) > _LONGEST:
            raise ValueError
        said = msgspec.json.decode(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
        version, query, *values = said
        if version != _VERSION or len(values) != len(terms):
            raise ValueError
        last = [_value(term.kind, value) for term, value in zip(terms, values, strict=True)]
    except (ValueError, TypeError, OverflowError, binascii.Error, msgspec.MsgspecError, RecursionError):
        raise _foreign("the page token cannot be read") from None
    if query != digest:
        raise _foreign("the page token belongs to another query")
    return last


def _value(kind: Kind, value: Any) -> Any:
    if kind == "real":
        number = float.fromhex(value)
        if number != number:
            raise ValueError
        return number
    if kind == "int":
        if type(value) is not int or abs(value) >= 1 << 63:
            raise ValueError
        return value
    if type(value) is not str or "\0" in value:
        raise ValueError
    return value


def _foreign(message: str) -> UsageError:
    return UsageError(message, hint="send the token of the page before, with the same filter, order and experiments; or none, for the first page")
