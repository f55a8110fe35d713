"""Reading a journal while it is written."""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ninefold.journal.segment import HEADER, OPEN, folder_lock, frames, load, number, sealed


class Record(NamedTuple):
    """A payload, the id of its segment, and the offset just after it there.

    ``after={record.segment: record.offset}`` continues behind it, also when the segment was sealed meanwhile.
    """

    segment: str
    offset: int
    payload: bytes


class OpenedSegment(NamedTuple):
    """A segment opened for reading: it stays readable when it is renamed or removed."""

    path: Path
    fd: int
    number: int | None  # None: still being written


def read(folder: Path, *, after: Mapping[str, int] | None = None, include_open: bool = True) -> Iterator[Record]:
    """Every payload in order: sealed segments by number, then (``include_open``) those still being written, by age.

    ``after``: for each segment id, the offset up to which records are known already. CorruptError for a damaged frame.
    """
    folder = Path(folder)
    if not folder.is_dir():
        return
    with folder_lock(folder, shared=True):  # between listing and opening nothing is renamed or removed
        segments = open_locked(folder, include_open=include_open)
    yield from records(segments, after)


def open_locked(folder: Path, *, above: int = 0, upto: int | None = None, include_open: bool = True) -> list[OpenedSegment]:
    """Open the segments of one moment, for a caller that holds the folder's lock: those sealed with a number greater than ``above``
    and at most ``upto``, then the unsealed ones. Whoever takes them closes them, by :func:`contents` or :func:`records`.
    """
    paths: list[tuple[Path, int | None]] = [(path, number(path)) for path in sealed(folder)]
    paths = [(path, seq) for path, seq in paths if seq is not None and seq > above and (upto is None or seq <= upto)]
    if include_open:
        paths += [(path, None) for path in sorted(folder.glob(f"*{OPEN}"))]
    opened: list[OpenedSegment] = []
    try:
        for path, seq in paths:
            opened.append(OpenedSegment(path, os.open(path, os.O_RDONLY | os.O_CLOEXEC), seq))
    except OSError:
        _close(opened)
        raise
    return opened


def contents(segments: Iterable[OpenedSegment]) -> Iterator[tuple[OpenedSegment, str, bytes]]:
    """Each opened segment with its id and its bytes. However the reading ends, all of them are closed."""
    left = deque(segments)
    try:
        while left:
            segment = left.popleft()
            yield segment, *load(segment.path, segment.fd)
    finally:
        _close(left)


def records(segments: Iterable[OpenedSegment], after: Mapping[str, int] | None = None) -> Iterator[Record]:
    """The payloads of opened segments in turn, behind the offsets in ``after``."""
    known = after or {}
    for segment, identity, data in contents(segments):
        start = max(HEADER, known.get(identity, HEADER))
        for end, payload in frames(data, segment.path, start=start, torn=segment.number is None):
            yield Record(identity, end, payload)


def _close(segments: Iterable[OpenedSegment]) -> None:
    for segment in segments:
        os.close(segment.fd)
