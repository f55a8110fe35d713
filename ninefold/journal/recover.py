"""Sealing what dead processes left: their segments are cut after the last whole frame and numbered."""

import fcntl
import os
from pathlib import Path

from ninefold.journal.segment import HEADER, OPEN, folder_lock, load, seal, whole
from ninefold.storage import durable


def recover(folder: Path) -> list[int]:
    """Seal the segments of writers that are gone; the numbers they got. Living writers are left alone.

    An unfinished last frame was never acknowledged and is cut off. CorruptError if a frame inside is damaged.
    """
    folder = Path(folder)
    if not folder.is_dir() or not any(folder.glob(f"*{OPEN}")):
        return []
    with folder_lock(folder):
        # ids sort by time of creation: rows of a process that was restarted keep their order
        return [seq for path in sorted(folder.glob(f"*{OPEN}")) if (seq := _recover(folder, path))]


def _recover(folder: Path, path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0  # its writer lives
        _, data = load(path)
        end = whole(data, path) if data else 0
        if end <= HEADER:
            durable.remove(path)  # nothing was acknowledged in it
            return 0
        with durable.stopping(path):
            if end < len(data):
                os.ftruncate(fd, end)
            durable.flush(fd)
        return seal(folder, path)
    finally:
        os.close(fd)
