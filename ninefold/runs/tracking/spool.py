"""What a script has said of its runs and nobody has taken yet: numbered entries on disk, and the files that they name."""

import fcntl
import hashlib
import os
import shutil
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from ninefold import clock, ids
from ninefold.errors import LimitError, StoppedError
from ninefold.journal.direct import DirectJournal
from ninefold.storage import durable

Mode = Literal["strict", "fast"]
NUMBER = struct.Struct(">Q")
LIMIT = 1 << 30  # bytes that may wait in one spool
RESERVE = 64 << 10  # bytes kept free for what must be said of a run when the disk is full: that it ended
_ABOUT, _OWNER, _ENTRIES, _FILES, _RESERVE, _RUNNING = "about.json", "owner", "entries", "files", "reserve", "running"


class About(msgspec.Struct, frozen=True):
    """Whose entries these are and where they go: the URL of a server, without secrets, or the folder of a home."""

    id: str
    target: str
    host: str
    pid: int
    created: int
    project: str = ""


class Spool:
    """The spool of one process for one target. Thread-safe. In a child made by fork, :meth:`abandon` it.

    ``lost`` counts, by run, entries that the disk did not take.
    """

    def __init__(self, folder: Path, *, target: str, project: str = "", mode: Mode = "fast", limit: int = LIMIT) -> None:
        self.about = About(ids.new_id(), target, socket.gethostname(), os.getpid(), clock.now(), project)
        self.folder, self.limit = folder / self.about.id, limit
        self.lost: dict[str, int] = {}
        self.last = self.waiting = 0  # the number of the last entry; bytes that are not delivered
        self._lock = threading.Lock()
        durable.make_folder(folder, mode=0o700)
        durable.make_folder(self.folder, mode=0o700)
        self._owner = os.open(self.folder / _OWNER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._owner, fcntl.LOCK_EX)
        durable.write(self.folder / _ABOUT, msgspec.json.encode(self.about), mode=0o600)
        with suppress(OSError, StoppedError):  # without it a full disk keeps no end of a run; what follows says that the disk is full
            durable.write(self.folder / _RESERVE, bytes(RESERVE))
        self._journal = DirectJournal(self.folder / _ENTRIES, mode=mode)

    def add(self, run: str, entry: bytes, *, needed: bool = False) -> bool:
        """Keep an entry; False where the disk or the limit does not let it: it is lost and counted. ``needed`` ones may use the reserve."""
        with self._lock:
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

    def begun(self, run: str) -> None:
        """Its process has begun the run, and is to end it: if it cannot, who delivers the spool says that it was cut off."""
        with suppress(OSError, StoppedError):  # on a full disk nobody will know
            durable.make_folder(self.folder / _RUNNING)
            (self.folder / _RUNNING / run).touch()

    def ended(self, run: str) -> None:
        """The run's end is among the entries."""
        with suppress(OSError):  # it was not there, on a full disk
            os.unlink(self.folder / _RUNNING / run)

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

    def _put(self, entry: bytes) -> None:
        self.waiting += self._journal.append(NUMBER.pack(self.last + 1) + entry)
        self.last += 1

    def _lose(self, run: str) -> bool:
        self.lost[run] = self.lost.get(run, 0) + 1
        return False

    def _free_reserve(self) -> bool:
        try:
            os.unlink(self.folder / _RESERVE)
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


# what is left behind, and read


def entries(spool: Path) -> Path:
    """The journal of a spool."""
    return spool / _ENTRIES


def content(spool: Path, name: str) -> Path:
    """A file's content in a spool."""
    return spool / _FILES / PurePosixPath(name).name


def about(spool: Path) -> About | None:
    """Whose spool it is; None where it was never whole: it holds nothing."""
    try:
        return msgspec.json.decode((spool / _ABOUT).read_bytes(), type=About)
    except (OSError, msgspec.MsgspecError):
        return None


def left(folder: Path) -> list[Path]:
    """The spools in a folder, oldest first, also those of living processes."""
    return sorted(path for path in folder.glob("*") if path.is_dir() and ids.is_id(path.name))


@contextmanager
def owned(spool: Path) -> Iterator[bool]:
    """Own a spool whose process is gone; False where it lives, or another one delivers it."""
    try:
        fd = os.open(spool / _OWNER, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield (spool / _OWNER).exists()  # it may have been removed while we came
    finally:
        os.close(fd)


def running(spool: Path) -> list[str]:
    """The runs that its process began and did not end."""
    return [path.name for path in (spool / _RUNNING).glob("*")]


def names(folder: Path, run: str) -> bool:
    """Whether a spool in a folder says anything of a run."""
    return any(run.encode() in path.read_bytes() for spool in left(folder) for path in entries(spool).glob("*.*"))


def touched(spool: Path) -> int:
    """When its process last said something."""
    places = [spool, *entries(spool).glob("*"), *(spool / _RUNNING).glob("*")]
    return max(path.stat().st_mtime_ns for path in places) // 1000


def forget(spool: Path, name: str) -> int:
    """Remove a file's content that was taken; its bytes."""
    path = content(spool, name)
    try:
        size = path.stat().st_size
        os.unlink(path)
    except FileNotFoundError:
        return 0
    return size


def remove(spool: Path) -> None:
    """Remove a spool of which everything was taken. First its name for others, so that a crash in between leaves nothing half."""
    with suppress(FileNotFoundError):
        os.unlink(spool / _ABOUT)
    shutil.rmtree(spool, ignore_errors=True)
