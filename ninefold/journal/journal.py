"""A journal: rows are acknowledged when they are on disk, many of them with one fsync.

One thread writes. It takes everything that was appended while the last flush ran, writes it with one write() and flushes
it once (group commit): the busier the journal is, the more rows share a flush, without any timer.
"""

import asyncio
import fcntl
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from ninefold.errors import NinefoldError, StoppedError
from ninefold.ids import new_id
from ninefold.journal.recover import recover
from ninefold.journal.segment import HEADER, create, folder_lock, frame, seal
from ninefold.journal.turns import LoopTurns
from ninefold.storage import durable

FLUSH_EVERY = 0.05  # seconds; what the fast mode may lose in a power cut
_datasync: Callable[[int], None] = getattr(os, "fdatasync", durable.flush)


class _Group:
    """Frames that go to disk together, and who waits for them."""

    __slots__ = ("done", "frames")

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.done: list[Callable[[NinefoldError | None], None]] = []


class Journal:
    """The writer's end of a journal in a directory; several processes may write to one directory, each to its own segment.

    ``strict``: acknowledged rows survive a power cut. ``fast``: they survive the death of the process, and a power cut
    may take the last 50 ms. After a full disk or a failed flush the journal is read-only for good: ``stopped`` says why,
    and every append fails with StoppedError.

    >>> import tempfile; from ninefold.journal import read
    >>> folder = Path(tempfile.mkdtemp())
    >>> with Journal(folder) as journal: journal.append([b"one", b"two"]).result()
    >>> [record.payload for record in read(folder)]
    [b'one', b'two']
    """

    def __init__(self, folder: Path, *, mode: Literal["strict", "fast"] = "strict", max_bytes: int = 128 << 20) -> None:
        self.folder, self.mode, self.max_bytes = Path(folder), mode, max_bytes
        self.stopped: str | None = None
        recover(self.folder)
        self._ready = threading.Condition()
        self._fresh = _Group()
        self._rotations: list[Future[int]] = []
        self._closing = False
        self._path: Path | None = None
        self._fd, self._size, self._unsynced_since = -1, 0, 0.0
        self._turns = LoopTurns(self._enqueue)
        self._thread: threading.Thread | None = None

    def append(self, payloads: Sequence[bytes]) -> Future[None]:
        """Append rows, all or none; the future is done when they are acknowledged. From any thread."""
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()  # what is handed over cannot be taken back
        framed = [frame(payload) for payload in payloads]

        def done(error: NinefoldError | None) -> None:
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self._enqueue(framed, done)
        return future

    def append_async(self, payloads: Sequence[bytes]) -> "asyncio.Future[None]":
        """Append rows from a coroutine; what one turn of the event loop appends goes to disk together."""
        return self._turns.add([frame(payload) for payload in payloads])

    def rotate(self) -> int:
        """Seal the current segment, so that it can be moved on; its number, 0 if there was nothing in it."""
        future: Future[int] = Future()
        with self._ready:
            if self._closing:
                return 0
            self._rotations.append(future)
            self._start()
            self._ready.notify()
        return future.result()

    def close(self) -> None:
        """Write what is pending, seal the segment, stop. Later appends fail."""
        with self._ready:
            self._closing = True
            self._ready.notify()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _enqueue(self, framed: list[bytes], done: Callable[[NinefoldError | None], None]) -> None:
        with self._ready:
            refused = self._refusal()
            if refused is None:
                self._fresh.frames += framed
                self._fresh.done.append(done)
                self._start()
                self._ready.notify()
        if refused is not None:
            done(refused)

    def _refusal(self) -> NinefoldError | None:
        if self.stopped:
            return StoppedError(f"the journal takes no more rows: {self.stopped}", where=str(self.folder), hint="mend the cause and restart")
        return StoppedError("the journal is closed", where=str(self.folder), hint="open a new one") if self._closing else None

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"journal {self.folder.name}", daemon=True)
            self._thread.start()

    # --- what follows runs in the writing thread alone ---

    def _run(self) -> None:
        while True:
            with self._ready:
                while not (self._fresh.done or self._rotations or self._closing or self._overdue()):
                    self._ready.wait(FLUSH_EVERY if self._unsynced_since else None)
                group, self._fresh = self._fresh, _Group()
                rotations, self._rotations = self._rotations, []
                closing = self._closing
            self._serve(group, rotations, closing)
            if closing and not group.done and not rotations:
                self._let_go()
                return

    def _serve(self, group: _Group, rotations: list[Future[int]], closing: bool) -> None:
        error: NinefoldError | None = None
        try:
            if group.done:
                self._write(group.frames)
            if self._unsynced_since and (self._overdue() or closing):
                self._flush()
        except (OSError, NinefoldError) as cause:  # every way a disk can fail: the rows are refused, the journal stops
            error = self._stop(cause)
        for done in group.done:
            done(error)
        seq = 0
        if error is None and (rotations or self._size >= self.max_bytes or (closing and not group.done)):
            try:
                seq = self._seal()
            except (OSError, NinefoldError) as cause:  # as above
                error = self._stop(cause)
        for rotation in rotations:
            if error is None:
                rotation.set_result(seq)
            else:
                rotation.set_exception(error)

    def _write(self, framed: list[bytes]) -> None:
        if self.stopped:
            raise StoppedError(self.stopped)
        if self._path is None:
            self._open()
        data = b"".join(framed)
        with durable.stopping(self._path or self.folder):
            durable.write_all(self._fd, data)
            if self.mode == "strict":
                _datasync(self._fd)
            else:
                self._unsynced_since = self._unsynced_since or time.monotonic()
        self._size += len(data)  # only now: a failure above cuts the file back to what was acknowledged

    def _flush(self) -> None:
        with durable.stopping(self._path or self.folder):
            _datasync(self._fd)
        self._unsynced_since = 0.0

    def _overdue(self) -> bool:
        return bool(self._unsynced_since) and time.monotonic() - self._unsynced_since >= FLUSH_EVERY

    def _open(self) -> None:
        durable.make_folder(self.folder)
        with folder_lock(self.folder):  # nobody may take the new segment for a dead one before it is locked
            self._path, self._fd = create(self.folder, new_id())
            fcntl.flock(self._fd, fcntl.LOCK_EX)
        self._size = HEADER

    def _seal(self) -> int:
        if self._path is None or self.stopped:
            return 0
        with folder_lock(self.folder):
            if self._size > HEADER:
                self._flush()
                seq = seal(self.folder, self._path)
            else:
                durable.remove(self._path)
                seq = 0
        os.close(self._fd)
        self._path, self._fd, self._size, self._unsynced_since = None, -1, 0, 0.0
        return seq

    def _stop(self, cause: Exception) -> NinefoldError:
        """Read-only from here on: what a failed flush left in the page cache can no longer be trusted."""
        with self._ready:
            self.stopped = self.stopped or str(cause)
        self._unsynced_since = 0.0
        if self._fd >= 0:
            self._cut()
        return StoppedError(f"the rows were not written: {self.stopped}", where=str(self.folder), hint="mend the cause and restart")

    def _let_go(self) -> None:
        """Give up the segment of a journal that has stopped, so that the next one to open the directory seals it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _cut(self) -> None:
        """Take back the rows that were refused: a reader must not see them as written."""
        with suppress(OSError):  # the disk may be beyond this; recovery cuts the unfinished frame
            os.ftruncate(self._fd, max(self._size, HEADER))

    def __repr__(self) -> str:
        state: Any = self.stopped or ("closed" if self._closing else self.mode)
        return f"Journal({str(self.folder)!r}, {state})"
