"""How long a read may take, thread by thread: what outsiders ask for ends by itself, what a command reads takes its time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ninefold.errors import TimeLimitError

_thread = threading.local()


def hurry(seconds: float | None) -> None:
    """From now on a statement that reads in this thread is ended after that many seconds; None: it may take as long as it does.

    >>> hurry(10); patience()
    10
    >>> hurry(None); patience() is None
    True
    """
    _thread.seconds = seconds


def patience() -> float | None:
    """The seconds that a statement of this thread has."""
    seconds: float | None = getattr(_thread, "seconds", None)
    return seconds


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Statements that read in here have that many seconds each."""
    before = patience()
    hurry(seconds)
    try:
        yield
    finally:
        hurry(before)


def too_long() -> TimeLimitError:
    """What is told when the time is over."""
    hint = "ask for less: name an experiment, compare with = instead of LIKE, write fewer conditions"
    return TimeLimitError(f"this was looked for longer than {patience():g} seconds, and given up", hint=hint)
