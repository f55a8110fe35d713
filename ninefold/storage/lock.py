"""A lock between processes that the kernel releases when its holder dies, and that says who holds it."""

import fcntl
import os
import socket
import time
import weakref
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from ninefold.clock import iso, now
from ninefold.errors import HeldError

_held: "weakref.WeakSet[FileLock]" = weakref.WeakSet()


class Holder(msgspec.Struct, frozen=True):
    """Who holds a lock: process, machine, since when (microseconds UTC), and what it calls itself."""

    pid: int
    host: str
    since: int
    who: str = ""

    def __str__(self) -> str:
        return f"{self.who or 'a process'} (pid {self.pid} on {self.host}, since {iso(self.since)})"


class FileLock:
    """An exclusive (or ``shared``) lock on a file, for processes of one machine; also between threads, if each has its own object.

    It is an advisory flock: it ends with the process, whatever ended that, and never needs cleaning up.

    >>> import tempfile; path = Path(tempfile.mkdtemp()) / "role.lock"
    >>> first, second = FileLock(path), FileLock(path)
    >>> first.acquire(0, who="the roller"), second.acquire(0), second.holder().who
    (True, False, 'the roller')
    >>> first.release(); second.holder() is None
    True
    """

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        self.path, self.shared = Path(path), shared
        self._fd = -1

    def acquire(self, timeout: float | None = None, who: str = "") -> bool:
        """Take the lock, waiting up to ``timeout`` seconds (None: for ever; 0: not at all). False if it was not to be had."""
        if self._fd >= 0:
            raise HeldError(f'"{self.path}" is held by this object already', hint="make a second FileLock for a second holder")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if not _wait(fd, fcntl.LOCK_SH if self.shared else fcntl.LOCK_EX, timeout):
                os.close(fd)
                return False
        except BaseException:  # an interrupt while waiting must not leak the file
            os.close(fd)
            raise
        self._fd = fd
        _held.add(self)
        if not self.shared:
            text = msgspec.json.encode(Holder(os.getpid(), socket.gethostname(), now(), who))
            with suppress(OSError):  # on a full disk the lock holds all the same, it only does not say whose it is
                os.ftruncate(fd, 0)
                os.pwrite(fd, text, 0)
        return True

    def release(self) -> None:
        """Give the lock back; it is no error not to hold it."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            _held.discard(self)
            os.close(fd)

    def holder(self) -> Holder | None:
        """Who holds the lock now, None if nobody does."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            if _wait(fd, fcntl.LOCK_SH, 0):
                return None
            return msgspec.json.decode(os.pread(fd, 4096, 0) or b"null", type=Holder)
        except msgspec.MsgspecError:  # taken this instant and not yet signed
            return Holder(0, socket.gethostname(), now())
        finally:
            os.close(fd)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


def _wait(fd: int, kind: int, timeout: float | None) -> bool:
    if timeout is None:
        fcntl.flock(fd, kind)
        return True
    end, pause = time.monotonic() + timeout, 0.0005
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
            return True
        left = end - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, 0.02)


def _forget_in_child() -> None:
    # a forked child shares the open file: without this it would keep the lock alive after its parent's death
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_forget_in_child)
