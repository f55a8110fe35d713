"""A segment: a file of framed payloads. Frame: length (4 bytes), CRC-32 of length and payload (4 bytes), payload.

A segment begins with a magic word and the id that its writer gave it. It is called ``<id>.open`` while its writer holds
a lock on it, and ``<seq>.seg`` once it is sealed; sealed segments are whole and numbered in the order of their sealing.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from ninefold.errors import CorruptError, LimitError
from ninefold.storage import FileLock, durable

MAGIC = b"9fold-j1"
HEADER = len(MAGIC) + 36
OPEN, SEALED = ".open", ".seg"
MAX_PAYLOAD = 64 << 20
_HEAD = struct.Struct("<II")
_LENGTH = struct.Struct("<I")


class Frame(NamedTuple):
    """A payload and the offset in its file just after it."""

    end: int
    payload: bytes


def frame(payload: bytes) -> bytes:
    """The bytes of one frame. The checksum covers the length too, so that a run of zeros is no frame.

    >>> [f.payload for f in frames(frame(b"one") + frame(b""), Path("x"), start=0)]
    [b'one', b'']
    """
    size = len(payload)
    if size > MAX_PAYLOAD:
        raise LimitError(f"a row of {size} bytes is larger than {MAX_PAYLOAD}", hint="store large values as blobs and journal their digest")
    return _HEAD.pack(size, crc32(payload, crc32(_LENGTH.pack(size)))) + payload


def frames(data: bytes, path: Path, *, start: int = HEADER, torn: bool = False) -> Iterator[Frame]:
    """The frames of a segment's bytes. ``torn``: an unfinished end is expected and ends the reading.

    CorruptError, naming file and offset, if a frame is damaged; with ``torn``, only if a whole frame follows the damage
    (then it is no unfinished write).
    """
    at = start
    while at < len(data):
        end = _end(data, at)
        if not end:
            if torn and not _resumes(data, at):
                return
            raise CorruptError(f"the journal is damaged at byte {at}", where=str(path), hint="restore the file from a backup")
        yield Frame(end, data[at + _HEAD.size : end])
        at = end


def load(path: Path, fd: int | None = None) -> tuple[str, bytes]:
    """Id and bytes of a segment; an empty id if it died before its header was whole."""
    with open(path if fd is None else fd, "rb") as stream:
        data = stream.read()
    if len(data) < HEADER:
        return "", b""
    if data[: len(MAGIC)] != MAGIC:
        raise CorruptError(
            "this is no journal segment", where=str(path), hint="the directory belongs to the journal alone; remove what is not its own"
        )
    return data[len(MAGIC) : HEADER].decode("ascii", "replace"), data


def whole(data: bytes, path: Path) -> int:
    """The length of the sound part of an unsealed segment."""
    return max((end for end, _ in frames(data, path, torn=True)), default=HEADER)


def number(path: Path) -> int:
    """The number of a sealed segment."""
    return int(path.stem)


def sealed(folder: Path) -> list[Path]:
    """The sealed segments, oldest first."""
    return sorted((path for path in folder.glob(f"*{SEALED}")), key=number)


def folder_lock(folder: Path, *, shared: bool = False) -> FileLock:
    """Held while the set of segments changes (exclusive) or is looked at (shared)."""
    return FileLock(folder / ".lock", shared=shared)


def seal(folder: Path, path: Path) -> int:
    """Give a flushed, whole segment its number. The caller holds ``folder_lock``.

    Numbers are never used twice, even after all segments are gone: the lake remembers the last one it took.
    """
    counter = folder / "last"
    last = int(counter.read_bytes()) if counter.exists() else 0
    seq = max([last, *map(number, sealed(folder)[-1:])]) + 1
    durable.write(counter, str(seq).encode())
    durable.move(path, folder / f"{seq:012d}{SEALED}")
    return seq


def _end(data: bytes, at: int) -> int:
    if at + _HEAD.size > len(data):
        return 0
    size, check = _HEAD.unpack_from(data, at)
    end = at + _HEAD.size + size
    if size > MAX_PAYLOAD or end > len(data) or crc32(memoryview(data)[at + _HEAD.size : end], crc32(_LENGTH.pack(size))) != check:
        return 0
    return int(end)


def _resumes(data: bytes, at: int) -> bool:
    """Whether a whole frame stands where the damaged one says that it ends."""
    if at + _HEAD.size > len(data):
        return False
    after = at + _HEAD.size + _HEAD.unpack_from(data, at)[0]
    return after < len(data) and _end(data, after) > 0


def create(folder: Path, identity: str) -> tuple[Path, int]:
    """A new segment, its header and its name on disk; its file descriptor. The directory is there."""
    path = folder / f"{identity}{OPEN}"
    with durable.stopping(path):
        # raw, because a journal writes into the same file for its whole life; made and flushed as durable.write does
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        durable.write_all(fd, MAGIC + identity.encode())
        durable.flush(fd)
    durable.sync([path])
    return path, fd
