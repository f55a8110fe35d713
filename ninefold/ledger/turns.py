"""Turns between processes that write one database: two file locks, fair.

SQLite's own waiting polls, and beside a busy writer the one who waits starves for seconds. Here it queues: take ``next``,
take ``writer``, release ``next``; write; release ``writer``. Who has just written must pass ``next``, where another already
waits. The kernel releases both when a process dies.
"""

import fcntl
import os
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self

_open: "weakref.WeakSet[Turnstile]" = weakref.WeakSet()


class Turnstile:
    """One's turn, as a context: ``with turnstile:``. For one thread at a time; each process has its own."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._next = os.open(folder / f"{name}.next", flags, 0o644)
        self._writer = os.open(folder / f"{name}.writer", flags, 0o644)
        _open.add(self)

    def __enter__(self) -> Self:
        fcntl.flock(self._next, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._writer, fcntl.LOCK_EX)
        finally:
            fcntl.flock(self._next, fcntl.LOCK_UN)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        fcntl.flock(self._writer, fcntl.LOCK_UN)

    def close(self) -> None:
        """Gives the files back; it is no error to do it twice."""
        for fd in (self._next, self._writer):
            if fd >= 0:
                os.close(fd)
        self._next = self._writer = -1


def _forget_in_child() -> None:
    # a forked child shares the open files: without this it would hold the turn after its parent's death
    for turnstile in list(_open):
        turnstile.close()


os.register_at_fork(after_in_child=_forget_in_child)
