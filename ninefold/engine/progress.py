"""What a run tells while it runs, and what it hands back."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from ninefold.engine.step import Output
from ninefold.errors import NinefoldError, StepError

Kind = Literal["started", "waiting", "hit", "done", "failed", "skipped"]


class Event(msgspec.Struct, frozen=True):
    """Something happened to a step: number ``index`` of ``total``. ``detail`` is the reason or the error's message."""

    kind: Kind
    step: str
    index: int
    total: int
    seconds: float = 0.0
    detail: str = ""


Listener = Callable[[Event], None]


class Result(msgspec.Struct):
    """What a run came to: outputs by step, and which steps were found, ran, failed or were skipped (with the reason)."""

    outputs: dict[str, Output] = {}
    hits: list[str] = []
    ran: list[str] = []
    failed: dict[str, Any] = {}
    skipped: dict[str, str] = {}
    seconds: float = 0.0


class RunError(StepError):
    """Steps of a run failed. ``result`` says what was done nevertheless; ``errors`` holds an error for each failed step."""

    def __init__(self, result: Result) -> None:
        self.result, self.errors = result, dict(result.failed)
        first: StepError = next(iter(self.errors.values()))
        more = f" (and {len(self.errors) - 1} more failed)" if len(self.errors) > 1 else ""
        super().__init__(first.message + more, hint=first.hint, where=first.where)


def failure(name: str, error: BaseException) -> StepError:
    """The error of a step as the user reads it; the original stays its cause."""
    if isinstance(error, NinefoldError):
        told = StepError(f'the step "{name}" failed: {error.message}', hint=error.hint, where=error.where)
    else:
        told = StepError(f'the step "{name}" failed: {type(error).__name__}: {error}', where=_place(error))
    told.__cause__ = error
    return told


def _place(error: BaseException) -> str:
    """File and line of the innermost frame that is neither ours nor a library's: the user's own line."""
    found, trace = "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "site-packages" not in file and "/ninefold/" not in file and not file.startswith("<"):
            found = f"{file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
