"""What can go wrong, in the words that the user reads.

Every message says what was given and what was expected; ``hint`` says what to do; ``where`` names the
place (a file and line, a column, a request field). Nothing here knows of HTTP or terminals: ``web`` and
``cli`` translate the class into a status or an exit code.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class NinefoldError(Exception):
    """The work could not be done.

    >>> try:
    ...     raise DataError("the file is empty", where="data/flights.csv", hint="export it again")
    ... except NinefoldError as error:
    ...     print(error.code, "|", error, "|", error.hint)
    data | data/flights.csv: the file is empty | export it again
    """

    code = "error"

    def __init__(self, message: str, *, hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message, self.hint, self.where = message, hint, where

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class UsageError(NinefoldError):
    """A command, call or setting was used wrongly."""

    code = "usage"


class DeclarationError(NinefoldError):
    """The project's file says something that cannot be."""

    code = "declaration"


class DeclarationErrors(DeclarationError):
    """Several things in the project's file are wrong; ``errors`` holds each of them."""

    def __init__(self, errors: list[DeclarationError]) -> None:
        super().__init__("\n".join(str(e) + (f"\n  {e.hint}" if e.hint else "") for e in errors))
        self.errors = errors


class DataError(NinefoldError):
    """Rows, a file or a column are not what was declared."""

    code = "data"


class StepError(NinefoldError):
    """A step of a run failed."""

    code = "step"


class NotFoundError(NinefoldError):
    """There is nothing of that name."""

    code = "not_found"


class ConflictError(NinefoldError):
    """Somebody else changed it first, or the same id came with another content."""

    code = "conflict"


class DeniedError(NinefoldError):
    """The caller may not do this."""

    code = "denied"


class HeldError(NinefoldError):
    """A role that only one process may have is held by another one."""

    code = "held"


class BusyError(NinefoldError):
    """Too much at once; try again after ``retry_after`` seconds."""

    code = "busy"

    def __init__(self, message: str, *, hint: str = "", where: str = "", retry_after: float = 1.0) -> None:
        super().__init__(message, hint=hint, where=where)
        self.retry_after = retry_after


class LimitError(NinefoldError):
    """Larger, deeper or longer than allowed."""

    code = "limit"


class TimeLimitError(LimitError):
    """It takes longer than it may; the same again would too."""

    code = "time_limit"


class CorruptError(NinefoldError):
    """Stored bytes are not what was written."""

    code = "corrupt"


class StoppedError(NinefoldError):
    """A store stopped accepting writes: a full disk, or a failed fsync."""

    code = "stopped"


class NotYetError(NinefoldError):
    """The language has it, this release cannot run it yet."""

    code = "not_yet"


def closest(name: str, known: Iterable[str]) -> str:
    """A hint with the nearest right name, or with what there is.

    >>> closest("orgin", ["origin", "carrier"])
    'did you mean "origin"?'
    >>> closest("x", ["origin", "carrier"])
    'there is: carrier, origin'
    """
    names = sorted(set(known))
    match = get_close_matches(name, names, n=1, cutoff=0.6)
    if match:
        return f'did you mean "{match[0]}"?'
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"there is: {shown}" if names else "there is none"
