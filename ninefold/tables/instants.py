"""Files of instants: when something of a table came to be known, sorted, searched without an engine."""

import mmap
import sys
from array import array
from pathlib import Path

from ninefold.storage.durable import write


def write_instants(path: Path, values: "array[int]") -> None:
    """Write a file of instants durably."""
    write(path, instants_bytes(values))


def instants_bytes(values: "array[int]") -> bytes:
    """The bytes of a file of instants: little-endian int64, sorted."""
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def latest_instant(path: Path, before: int) -> int | None:
    """The latest instant of the file that lies strictly before ``before``; None where there is none. No engine is loaded.

    Strictly, because what is known *at* T is not known before T: two moments with the same latest instant see the same view.
    """
    if path.stat().st_size == 0:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        low, high = 0, len(data) // 8
        while low < high:
            middle = (low + high) // 2
            if int.from_bytes(data[middle * 8 : middle * 8 + 8], "little", signed=True) < before:
                low = middle + 1
            else:
                high = middle
        return int.from_bytes(data[low * 8 - 8 : low * 8], "little", signed=True) if low else None
