"""Errors in the words of the protocol: a code for programs, its status, a message for people."""

from typing import Any

import msgspec

from ninefold import errors
from ninefold.errors import NinefoldError
from ninefold.web.dispatch import MethodError
from ninefold.web.guard import ForeignHostError, ForeignOriginError
from ninefold.web.shapes import MediaTypeError, UnknownCallerError

INVALID = "INVALID_PARAMETER_VALUE"
EXISTS = "RESOURCE_ALREADY_EXISTS"
GONE = "RESOURCE_DOES_NOT_EXIST"
STATUS = {INVALID: 400, EXISTS: 400, GONE: 404, "BAD_REQUEST": 400, "INVALID_STATE": 500, "RESOURCE_CONFLICT": 409, "NOT_IMPLEMENTED": 501}
DOCS = " See the API docs for more information about request parameters."

# the first class that fits; what is not here is INTERNAL_ERROR
_CODES: tuple[tuple[type[NinefoldError], str], ...] = (
    (MethodError, "ENDPOINT_NOT_FOUND"),
    (MediaTypeError, INVALID),
    (UnknownCallerError, "UNAUTHENTICATED"),
    (errors.DeniedError, "PERMISSION_DENIED"),
    (errors.NotFoundError, "ENDPOINT_NOT_FOUND"),  # raised by a handler it is worded() first: what is left is a wrong path
    (errors.BusyError, "TEMPORARILY_UNAVAILABLE"),
    (errors.HeldError, "TEMPORARILY_UNAVAILABLE"),
    (errors.NotYetError, "NOT_IMPLEMENTED"),
    (errors.ConflictError, "RESOURCE_CONFLICT"),
    (errors.LimitError, INVALID),
    (errors.UsageError, INVALID),
    (errors.DeclarationError, INVALID),
    (errors.DataError, INVALID),
)


class WireError(NinefoldError):
    """A mistake of the caller with its code in the protocol; ``status`` follows from the code.

    >>> error = WireError(EXISTS, "Experiment(name=a) already exists.")
    >>> error.status, shape(error, error.status)["error_code"]
    (400, 'RESOURCE_ALREADY_EXISTS')
    """

    def __init__(self, error_code: str, message: str) -> None:
        super().__init__(message)
        self.error_code, self.status = error_code, STATUS[error_code]


class Body(msgspec.Struct):
    """Every error of the protocol: a code for programs, a message for people."""

    error_code: str
    message: str


def missing(name: str) -> WireError:
    """A required parameter is not there."""
    return WireError(INVALID, f"Missing value for required parameter '{name}'.{DOCS}")


def invalid(name: str, value: object, why: str = "") -> WireError:
    """A parameter has a value that it cannot have. Long values are cut: they come back in an error message."""
    said = repr(value) if isinstance(value, str) else str(value)
    return WireError(INVALID, f"Invalid value {said[:200]} for parameter '{name}' supplied{': ' + why if why else ''}.{DOCS}")


def worded(error: NinefoldError, conflict: str) -> NinefoldError:
    """What a handler raised, as the protocol's clients expect it: no such thing, ``conflict`` where it clashes with what is there, bad values.

    >>> worded(errors.NotFoundError("there is no run 7"), INVALID).error_code
    'RESOURCE_DOES_NOT_EXIST'
    """
    if isinstance(error, WireError | MethodError | MediaTypeError | errors.DeniedError | errors.BusyError):
        return error  # their status is right, and some carry headers
    if isinstance(error, errors.NotFoundError):
        return WireError(GONE, said(error))
    if isinstance(error, errors.ConflictError):
        return WireError(conflict, said(error))
    if isinstance(error, errors.UsageError | errors.DataError | errors.DeclarationError | errors.LimitError):
        return WireError(INVALID, said(error))
    return error


def said(error: NinefoldError) -> str:
    """The message, its place and the way out, in one text."""
    where = f" (at {error.where})" if error.where and error.where not in error.message else ""
    return f"{error.message}{where}" + (f"; {error.hint}" if error.hint else "")


_FOREIGN: dict[type[NinefoldError], str] = {
    ForeignHostError: "Invalid Host header - possible DNS rebinding attack detected",
    ForeignOriginError: "Cross-origin request blocked",
}


def shape(error: NinefoldError, status: int) -> dict[str, Any]:
    """The body of every error of this protocol."""
    if type(error) in _FOREIGN:
        return {"error_code": "PERMISSION_DENIED", "message": f"{_FOREIGN[type(error)]}: {said(error)}"}
    code = getattr(error, "error_code", None) or next((code for kind, code in _CODES if isinstance(error, kind)), "INTERNAL_ERROR")
    return {"error_code": code, "message": said(error)}
