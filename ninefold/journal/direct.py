"""A journal whose caller writes: a row is in the file when ``append`` returns, in a few microseconds, without another thread's turn."""

import errno
import fcntl
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from ninefold.errors import StoppedError
from ninefold.ids import new_id
from ninefold.journal.journal import FLUSH_EVERY
from ninefold.journal.segment import HEADER, create, folder_lock, frame, seal
from ninefold.storage import durable

_datasync: Callable[[int], None] = getattr(os, "fdatasync", durable.flush)
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class DirectJournal:
    """For one writer that acknowledges rows one by one, such as a script: :class:`Journal` is for many that wait together.

    ``strict``: a row is on disk when ``append`` returns. ``fast``: it survives the death of the process, and a power cut may
    take the last 50 ms. A full disk refuses the row and no more, because space may come back; after a failed flush the
    journal is read-only for good, and ``stopped`` says why. Thread-safe; in a child made by fork, :meth:`abandon` it.

    >>> import tempfile; from ninefold.journal import read
    >>> folder = Path(tempfile.mkdtemp())
    >>> journal = DirectJournal(folder); _ = journal.append(b"one"), journal.append(b"two"); journal.close()
    >>> [record.payload for record in read(folder)]
    [b'one', b'two']
    """

    def __init__(self, folder: Path, *, mode: Literal["strict", "fast"] = "fast", max_bytes: int = 16 << 20) -> None:
        self.folder, self.mode, self.max_bytes = Path(folder), mode, max_bytes
        self.stopped: str | None = None
        self._writing = threading.Lock()
        self._flushing = threading.Lock()  # held while the file may not be closed
        self._path: Path | None = None
        self._fd, self._size = -1, 0
        self._dirty, self._closing = threading.Event(), False
        self._thread: threading.Thread | None = None

    def append(self, payload: bytes) -> int:
        """Add a row; the bytes that it took. StoppedError where the disk does not take it."""
        data = frame(payload)
        with self._writing:
            if self.stopped or self._closing:
                raise StoppedError(f"the journal takes no more rows: {self.stopped or 'it is closed'}", where=str(self.folder))
            try:
                self._write(data)
            except OSError as error:
                if error.errno not in _FULL:
                    self.stopped = error.strerror or str(error)
                raise StoppedError(f"the row was not written: {error.strerror}", where=str(self.folder), hint="free some space") from error
            if self._size >= self.max_bytes:
                self._seal()
        return len(data)

    def flush(self) -> None:
        """Bring what was appended to disk now."""
        self._dirty.clear()
        with self._flushing:
            if self._fd >= 0:
                try:
                    _datasync(self._fd)
                except OSError as error:  # final: the kernel may have dropped what it could not write
                    self.stopped = f"a flush failed: {error.strerror}"
                    raise StoppedError(self.stopped, where=str(self.folder), hint="see to the disk") from error

    def close(self) -> None:
        """Flush, seal, stop. Later rows are refused."""
        with self._writing:
            if self._closing:
                return
            self._closing = True
            if not self.stopped:
                self._seal()
        self._dirty.set()
        if self._thread is not None:
            self._thread.join()

    def abandon(self) -> None:
        """In a child made by fork: let go of the file, which is the parent's."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._path, self._closing, self._thread = -1, None, True, None

    def _write(self, data: bytes) -> None:
        if self._fd < 0:
            self._open()
        try:
            if os.write(self._fd, data) != len(data):  # only a disk that fills up takes less
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if self.mode == "strict":
                _datasync(self._fd)
        except OSError:
            with suppress(OSError):  # the disk may be beyond this; readers and recovery stop at an unfinished frame
                os.ftruncate(self._fd, self._size)
                os.lseek(self._fd, self._size, os.SEEK_SET)
            raise
        self._size += len(data)
        if self.mode == "fast" and not self._dirty.is_set():
            self._dirty.set()

    def _open(self) -> None:
        durable.make_folder(self.folder)
        with folder_lock(self.folder):  # nobody may take the new segment for a dead one before it is locked
            self._path, self._fd = create(self.folder, new_id())
            fcntl.flock(self._fd, fcntl.LOCK_EX)
        self._size = HEADER
        if self._thread is None and self.mode == "fast":
            self._thread = threading.Thread(target=self._flush_often, name="ninefold-spool-flush", daemon=True)
            self._thread.start()

    def _seal(self) -> None:
        if self._path is None:
            return
        with self._flushing, folder_lock(self.folder):
            if self._size > HEADER:
                durable.flush(self._fd)
                seal(self.folder, self._path)
            else:
                durable.remove(self._path)
            os.close(self._fd)
            self._path, self._fd, self._size = None, -1, 0

    def _flush_often(self) -> None:
        pause = threading.Event()
        while not self._closing and not self.stopped:
            self._dirty.wait()
            pause.wait(FLUSH_EVERY / 2)  # half, so that the flush itself has the other half
            with suppress(StoppedError):  # the next append tells it
                self.flush()
