"""How long reads may take, thread by thread: what outsiders ask for ends by itself, what a command reads takes its time."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ninefold.errors import TimeLimitError


class _Thread(threading.local):
    """What the statements of this thread may take together, and what they took."""

    seconds: float | None = None
    taken = 0.0


_thread = _Thread()


def hurry(seconds: float | None) -> None:
    """From now on what this thread reads takes so many seconds at most, all statements together; None: as long as it takes.

    >>> hurry(10.0); patience()
    10.0
    >>> hurry(None); patience() is None
    True
    """
    _thread.seconds, _thread.taken = seconds, 0.0


def patience() -> float | None:
    """The seconds that are left to this thread. TimeLimitError where none are."""
    if _thread.seconds is None:
        return None
    left = _thread.seconds - _thread.taken
    if left <= 0:
        raise too_long()
    return left


@contextmanager
def counted() -> Iterator[None]:
    """A statement, whose time is taken from what is left."""
    begun = time.monotonic()
    try:
        yield
    finally:
        _thread.taken += time.monotonic() - begun


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """What is read in here takes so many seconds at most; None: as long as it takes."""
    before = _thread.seconds, _thread.taken
    hurry(seconds)
    try:
        yield
    finally:
        _thread.seconds, _thread.taken = before


def too_long() -> TimeLimitError:
    """What is told when the time is over."""
    hint = "ask for less: name an experiment, compare with = instead of LIKE, write fewer conditions"
    return TimeLimitError(f"this was looked for longer than {_thread.seconds:g} seconds, and given up", hint=hint)
