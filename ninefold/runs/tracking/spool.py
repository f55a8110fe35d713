"""What a script has said of its runs and nobody has taken yet: numbered entries on disk, and the files that they name."""

import fcntl
import hashlib
import os
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from ninefold import clock, ids
from ninefold.errors import LimitError, StoppedError
from ninefold.journal.direct import DirectJournal
from ninefold.runs.tracking.folder import ABOUT, ENTRIES, LOST, OWNER, RESERVED, RUNNING, About, content
from ninefold.storage import durable

Mode = Literal["strict", "fast"]
NUMBER = struct.Struct(">Q")
LIMIT = 1 << 30  # bytes that may wait in one spool
RESERVE = 64 << 10  # bytes kept free for what must be said of a run when the disk is full: that it ended
_LOSSES = 16 << 10  # bytes kept for how many entries of which runs are lost: they are told when the disk is full
_RUNS = 140  # whose counts fit there


class Spool:
    """The spool of one process for one target. Thread-safe. In a child made by fork, :meth:`abandon` it.

    ``lost`` counts, by run, entries that the disk did not take. The counts are on disk too, for who delivers what this process left.
    """

    def __init__(self, folder: Path, *, target: str, project: str = "", mode: Mode = "fast", limit: int = LIMIT) -> None:
        self.about = About(ids.new_id(), target, socket.gethostname(), os.getpid(), clock.now(), project)
        self.folder, self.limit = folder / self.about.id, limit
        self.lost: dict[str, int] = {}
        self.last = self.waiting = 0  # the number of the last entry; bytes that are not delivered
        self._lock = threading.RLock()  # a signal's handler may come at any place
        self._inside, self._later = 0, deque[tuple[str, bytes, bool]]()
        durable.make_folder(folder, mode=0o700)
        durable.make_folder(self.folder, mode=0o700)
        self._owner = os.open(self.folder / OWNER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._owner, fcntl.LOCK_EX)
        durable.write(self.folder / ABOUT, msgspec.json.encode(self.about), mode=0o600)
        with suppress(OSError, StoppedError):  # without it a full disk keeps no end of a run; what follows says that the disk is full
            (self.folder / LOST).write_bytes(b"{}".ljust(_LOSSES))
            durable.write(self.folder / RESERVED, bytes(RESERVE))
        self._journal = DirectJournal(self.folder / ENTRIES, mode=mode)

    def add(self, run: str, entry: bytes, *, needed: bool = False) -> bool:
        """Keep an entry; False where the disk or the limit does not let it: it is lost and counted. ``needed`` ones may use the reserve."""
        me = threading.get_ident()
        if self._inside == me:
            self._later.append((run, entry, needed))  # a signal's handler, in the midst of what follows: its entry comes after
            return True
        with self._lock:
            self._inside = me
            try:
                kept = self._add(run, entry, needed)
                while self._later:
                    self._add(*self._later.popleft())
            finally:
                self._inside = 0
        return kept

    def begun(self, run: str) -> None:
        """Its process has begun the run, and is to end it: if it cannot, who delivers the spool says that it was cut off."""
        with suppress(OSError, StoppedError):  # on a full disk nobody will know
            durable.make_folder(self.folder / RUNNING)
            (self.folder / RUNNING / run).touch()

    def ended(self, run: str) -> None:
        """The run's end is among the entries."""
        with suppress(OSError):  # it was not there, on a full disk
            os.unlink(self.folder / RUNNING / run)

    def keep(self, data: bytes | Path) -> tuple[str, int, str]:
        """Copy a file's content into the spool: digest, size, and its name there.

        StoppedError where the disk is full, LimitError where the spool is.
        """
        size, name = len(data) if isinstance(data, bytes) else data.stat().st_size, ids.new_id()
        if self.waiting + size > self.limit:
            raise LimitError(f"{self.waiting} bytes wait in the spool, and it keeps {self.limit}", where=str(self.folder), hint="see to the server")
        total = hashlib.sha256()
        durable.write(content(self.folder, name), _hashed(data, total), mode=0o600)
        size = content(self.folder, name).stat().st_size  # it may have grown meanwhile
        with self._lock:
            self.waiting += size
        return total.hexdigest(), size, name

    def lose(self, run: str) -> bool:
        """Something said of a run is lost: False."""
        with self._lock:
            return self._lose(run)

    def delivered(self, size: int) -> None:
        """So many bytes no longer wait."""
        with self._lock:
            self.waiting = max(0, self.waiting - size)

    def taken(self, run: str, count: int) -> None:
        """The target knows of so many lost entries of a run."""
        with self._lock:
            left = self.lost.get(run, 0) - count
            self.lost.pop(run, None)
            if left > 0:
                self.lost[run] = left
            self._note_lost()

    def flush(self) -> None:
        """Bring it to disk."""
        self._journal.flush()

    @property
    def stopped(self) -> str | None:
        """Why the disk takes no entries any more."""
        return self._journal.stopped

    def close(self) -> None:
        """Nothing more is added. What was not delivered stays."""
        with suppress(StoppedError, OSError):  # the disk is full or gone: what it took is there, unsealed, and is recovered
            self._journal.close()
        if self._owner >= 0:
            os.close(self._owner)
        self._owner = -1

    def abandon(self) -> None:
        """In a child made by fork: it is the parent's."""
        self._journal.abandon()
        if self._owner >= 0:
            os.close(self._owner)
        self._owner = -1

    def _add(self, run: str, entry: bytes, needed: bool) -> bool:
        if self.waiting + len(entry) > self.limit and not needed:
            return self._lose(run)
        try:
            self._put(entry)
        except StoppedError:
            if not needed or not self._free_reserve():
                return self._lose(run)
            try:
                self._put(entry)
            except StoppedError:
                return self._lose(run)
        return True

    def _put(self, entry: bytes) -> None:
        self.waiting += self._journal.append(NUMBER.pack(self.last + 1) + entry)
        self.last += 1

    def _lose(self, run: str) -> bool:
        self.lost[run] = self.lost.get(run, 0) + 1
        self._note_lost()
        return False

    def _note_lost(self) -> None:
        """Over what is there: a full disk has no room for another file."""
        said = msgspec.json.encode(dict(list(self.lost.items())[:_RUNS])).ljust(_LOSSES)
        with suppress(OSError):  # where there was no room from the start, the living process alone knows
            fd = os.open(self.folder / LOST, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(fd, said, 0)
            finally:
                os.close(fd)

    def _free_reserve(self) -> bool:
        try:
            os.unlink(self.folder / RESERVED)
        except OSError:
            return False
        return True


def _hashed(data: bytes | Path, total: "hashlib._Hash") -> Iterator[bytes]:
    if isinstance(data, bytes):
        total.update(data)
        yield data
        return
    with open(data, "rb") as stream:
        while chunk := stream.read(1 << 20):
            total.update(chunk)
            yield chunk
