"""Bodies as they travel: numbers that came as text, NaN and infinities, times in milliseconds, what is left out when empty."""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, cast

import msgspec

from ninefold.errors import LimitError, UsageError
from ninefold.protocols.mlflow.errors import DOCS, INVALID, WireError, invalid, missing

T = TypeVar("T")
Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
LATEST = 253_402_300_799_999  # milliseconds: the last one that a calendar of four digits knows
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
# JSON has no such numbers, yet many libraries write them: outside of texts they are read as the texts that the protocol has for them
_BARE = re.compile(rb'"(?:[^"\\]|\\.)*"|(-?(?:NaN|Infinity))', re.DOTALL)


class Message(msgspec.Struct, kw_only=True):
    """A request's fields. All may be missing or null: what is required is said by the handler, in the protocol's words."""


def decode(kind: type[T], body: bytes) -> T:
    """A body as a message. Integers and floats may be texts; a field that is not what it must be is an error, never a default.

    >>> class Point(Message):
    ...     value: float | None = None
    ...     step: Int64 | None = None
    >>> decode(Point, b'{"value": NaN, "step": "3", "unknown": []}')
    Point(value=nan, step=3)
    >>> decode(Point, b'{"step": 1.5}')  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ninefold.protocols.mlflow.errors.WireError: Invalid value for parameter 'step' supplied: Expected int, got float...
    """
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind, strict=False)
    try:
        return cast(T, decoder.decode(body or b"{}"))
    except msgspec.ValidationError as error:
        raise mistaken(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return cast(T, _again(decoder, body))
    except RecursionError:
        raise LimitError("the JSON is nested too deeply", hint="send it flatter") from None


def _again(decoder: Any, body: bytes) -> Any:
    plain = _BARE.sub(lambda found: b'"%s"' % found[1] if found[1] else found[0], body)
    try:
        return decoder.decode(plain)
    except msgspec.ValidationError as error:
        raise mistaken(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WireError(INVALID, f"The request body is no JSON: {error}") from None
    except RecursionError:
        raise LimitError("the JSON is nested too deeply", hint="send it flatter") from None


def mistaken(error: msgspec.ValidationError) -> WireError:
    """Which parameter is wrong, and how, from what the decoder says."""
    told, _, place = str(error).replace("`", "").replace(" | null", "").partition(" - at ")
    return WireError(INVALID, f"Invalid value for parameter '{place.removeprefix('$').lstrip('.') or 'body'}' supplied: {told}.{DOCS}")


def need(value: T | None, name: str) -> T:
    """A required parameter; the empty text counts as missing."""
    if value is None or value == "":
        raise missing(name)
    return value


def number(value: float) -> float | str:
    """A float as JSON can carry it.

    >>> number(0.5), number(math.nan), number(-math.inf)
    (0.5, 'NaN', '-Infinity')
    """
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def micros(milliseconds: int, name: str) -> int:
    """A time of the protocol as ours."""
    if not 0 <= milliseconds <= LATEST:
        raise invalid(name, milliseconds, "it must be a time in milliseconds since 1970, not negative, within the year 9999")
    return milliseconds * 1000


def millis(micros: int) -> int:
    """Our time as the protocol's."""
    return micros // 1000


def experiment(text: str | None, name: str = "experiment_id") -> int:
    """The number of an experiment from its text.

    >>> experiment("12")
    12
    """
    given = need(text, name)
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise invalid(name, given, "an experiment ID is a decimal number")
    return int(given)


def pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    """A mapping as the list of keys and values that the protocol has for it."""
    return [{"key": key, "value": value} for key, value in values.items()]


def filled(**fields: Any) -> dict[str, Any]:
    """An answer without the fields that are unset (None) or empty lists.

    >>> filled(runs=[], next_page_token=None, name="")
    {'name': ''}
    """
    return {name: value for name, value in fields.items() if value is not None and value != []}


def whole(text: str, name: str) -> int:
    """A whole number from a query."""
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"{name} is {text[:40]!r}", hint="give a whole number") from None
