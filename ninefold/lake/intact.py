"""Data files that are what was written: each carries its checksum in its name, and is compared with it before it is read."""

import os
import re
import zlib
from collections.abc import Iterable

from ninefold.errors import CorruptError

_NAMED = re.compile(r"-([0-9a-f]{8})\.parquet$")
_CHUNK = 2**20
_seen: dict[str, tuple[int, int, int]] = {}  # file → inode, size and time of change when it was last compared


def checksum(data: bytes | memoryview, so_far: int = 0) -> int:
    """CRC-32: it finds what disks and copies do to a file, at the speed of reading it. Against people there is the ledger.

    >>> f"{checksum(b'ninefold'):08x}"
    '031057e9'
    """
    return zlib.crc32(data, so_far)


def intact(files: Iterable[str]) -> None:
    """Raise CorruptError for a local file that is gone, cut off or changed. A file that has not changed is compared once."""
    for file in files:
        if "://" in file or not (named := _NAMED.search(file)):
            continue  # object stores compare by themselves; other writers of Delta name files as they like
        try:
            found = os.stat(file)
            mark = (found.st_ino, found.st_size, found.st_mtime_ns)
            if _seen.get(file) == mark:
                continue
            if _of(file) != int(named[1], 16):
                raise _damaged("the file is not what was written", file)
        except FileNotFoundError:
            raise _damaged("a file of the table is gone", file) from None
        _seen[file] = mark


def _of(file: str) -> int:
    total = 0
    with open(file, "rb", buffering=0) as data:
        while chunk := data.read(_CHUNK):
            total = checksum(chunk, total)
    return total


def _damaged(message: str, file: str) -> CorruptError:
    return CorruptError(message, where=file, hint="bring it back from a backup (ninefold restore), or make it again: ninefold run --force STEP")
