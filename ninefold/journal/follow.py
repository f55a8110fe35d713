"""Reading a journal forward while it grows, piece by piece, and removing what has been dealt with."""

import os
from pathlib import Path
from typing import NamedTuple

from ninefold.journal.segment import HEADER, MAGIC, OPEN, folder_lock, frames, sealed
from ninefold.storage import durable

_CHUNK = 1 << 20


class Piece(NamedTuple):
    """A payload, and the id of the segment that it was in."""

    segment: str
    payload: bytes


class Follower:
    """One reader of one journal, of which nobody else removes segments. It costs what is new, not what is there.

    >>> import tempfile; from ninefold.journal.direct import DirectJournal
    >>> folder = Path(tempfile.mkdtemp()); journal, follower = DirectJournal(folder), Follower(folder)
    >>> journal.append(b"one") > 0, [piece.payload for piece in follower.take(1000)], follower.take(1000)
    (True, [b'one'], [])
    >>> journal.append(b"two") > 0, [piece.payload for piece in follower.take(1000)]
    (True, [b'two'])
    >>> journal.close(); follower.close()
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._fd, self._path, self._segment, self._at = -1, self.folder, "", 0
        self._read: set[str] = set()

    def take(self, most: int) -> list[Piece]:
        """The next payloads, about ``most`` bytes of them at most; none where there is nothing new. CorruptError for a damaged frame."""
        found: list[Piece] = []
        size, chunk = 0, _CHUNK
        while size < most:
            if self._fd < 0 and not self._next():
                break
            data = os.pread(self._fd, chunk, self._at)
            read = 0
            for read, payload in frames(data, self._path, start=0, torn=True):  # noqa: B007  how far it came
                found.append(Piece(self._segment, payload))
                size += len(payload)
                if size >= most:
                    break
            self._at += read
            if read:
                continue
            if len(data) == chunk:
                chunk *= 2  # one frame is longer
            elif not self._finished(len(data)):
                break
        return found

    def done(self) -> None:
        """All that was taken has been dealt with: remove the segments that are whole and were read to their end."""
        if not self._read:
            return
        with folder_lock(self.folder):
            for path in sealed(self.folder):
                if _identity(path) in self._read:
                    durable.remove(path)
        self._read.clear()

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _finished(self, left: int) -> bool:
        """Whether the segment is read to its end, which is known once there is a later one, or it is sealed; then go on after it."""
        with folder_lock(self.folder, shared=True):
            whole = any(_identity(path) == self._segment for path in sealed(self.folder))
        if not whole or os.fstat(self._fd).st_size > self._at + left:
            return whole  # the writer was quicker than this look: read what came
        self.close()
        self._read.add(self._segment)
        return True

    def _next(self) -> bool:
        if not self.folder.is_dir():
            return False
        with folder_lock(self.folder, shared=True):
            for path in [*sealed(self.folder), *sorted(self.folder.glob(f"*{OPEN}"))]:
                identity = _identity(path)
                if identity and identity not in self._read:
                    self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                    self._path, self._segment, self._at = path, identity, HEADER
                    return True
        return False


def _identity(path: Path) -> str:
    """The id in a segment's header; empty while it is not whole."""
    with open(path, "rb") as stream:
        head = stream.read(HEADER)
    return head[len(MAGIC) :].decode("ascii", "replace") if len(head) == HEADER else ""
