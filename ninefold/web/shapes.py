"""Errors as answers: a status for each class, and one shape for everything that is ours. Foreign protocols bring theirs."""

from collections.abc import Callable
from typing import Any

import msgspec

from ninefold import errors
from ninefold.errors import NinefoldError
from ninefold.web.dispatch import MethodError


class UnknownCallerError(errors.DeniedError):
    """Nobody is signed in, and this is not for everybody."""

    code = "sign_in"


class MediaTypeError(errors.UsageError):
    """The body has a media type that the route does not take."""

    code = "media_type"


class SlowError(NinefoldError):
    """The body took too long to arrive."""

    code = "slow"


class UnexpectedError(NinefoldError):
    """Something went wrong that nobody foresaw; the log has it under this id."""

    code = "unexpected"


# the first class that fits, so subclasses stand before what they specialise
_STATUS: tuple[tuple[type[NinefoldError], int], ...] = (
    (MethodError, 405),
    (MediaTypeError, 415),
    (UnknownCallerError, 401),
    (SlowError, 408),
    (errors.UsageError, 400),
    (errors.DeclarationError, 422),
    (errors.DataError, 422),
    (errors.NotFoundError, 404),
    (errors.ConflictError, 409),
    (errors.DeniedError, 403),
    (errors.TimeLimitError, 422),  # not 503: clients would try the same again
    (errors.LimitError, 413),
    (errors.BusyError, 503),
    (errors.HeldError, 503),
    (errors.StoppedError, 507),
    (errors.NotYetError, 501),
)


def status_of(error: NinefoldError) -> int:
    """The HTTP status of an error; an attribute ``status`` on it wins.

    >>> status_of(errors.NotFoundError("no such table")), status_of(errors.CorruptError("a bit flipped"))
    (404, 500)
    """
    own = getattr(error, "status", None)
    if isinstance(own, int):
        return own
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def headers_of(error: NinefoldError) -> list[tuple[bytes, bytes]]:
    """The headers that go with an error: Retry-After, Allow, WWW-Authenticate."""
    if isinstance(error, errors.BusyError):
        return [(b"retry-after", str(max(1, round(error.retry_after))).encode())]
    if isinstance(error, MethodError):
        return [(b"allow", ", ".join(error.allow).encode())]
    if isinstance(error, UnknownCallerError):
        return [(b"www-authenticate", b"Bearer")]
    if isinstance(error, errors.HeldError):
        return [(b"retry-after", b"5")]
    return []


def ours(error: NinefoldError, status: int) -> dict[str, Any]:
    """The shape of errors of everything that is ours.

    >>> ours(errors.UsageError("limit is -1", hint="give 1 to 1000", where="$.limit"), 400)
    {'error': {'code': 'usage', 'message': 'limit is -1', 'hint': 'give 1 to 1000', 'where': '$.limit'}}
    """
    return {"error": {"code": error.code, "message": error.message, "hint": error.hint, "where": error.where}}


ErrorShape = Callable[[NinefoldError, int], Any]


class ErrorBody(msgspec.Struct):
    """What ``error`` holds: a code for programs, a message for people, what to do, and the place (a JSON path, a parameter)."""

    code: str
    message: str
    hint: str
    where: str


class ErrorAnswer(msgspec.Struct):
    """Every error of ours."""

    error: ErrorBody
