"""Reading a journal while it is written."""

import os
from collections.abc import Iterator, Mapping
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
    known = after or {}
    for segment in open_segments(folder, include_open=include_open):
        yield from records(segment, known)


def open_segments(folder: Path, *, above: int = 0, include_open: bool = True) -> list[OpenedSegment]:
    """Open all segments of one moment: those sealed with a number greater than ``above``, then the unsealed ones."""
    folder = Path(folder)
    if not folder.is_dir():
        return []
    # the lock: between listing and opening nothing is renamed or removed
    with folder_lock(folder, shared=True):
        return open_locked(folder, above=above, include_open=include_open)


def open_locked(folder: Path, *, above: int = 0, include_open: bool = True) -> list[OpenedSegment]:
    """What ``open_segments`` does, for a caller that holds the folder's lock."""
    paths: list[tuple[Path, int | None]] = [(path, number(path)) for path in sealed(folder) if number(path) > above]
    if include_open:
        paths += [(path, None) for path in sorted(folder.glob(f"*{OPEN}"))]
    return [OpenedSegment(path, os.open(path, os.O_RDONLY | os.O_CLOEXEC), seq) for path, seq in paths]


def records(segment: OpenedSegment, after: Mapping[str, int] | None = None) -> Iterator[Record]:
    """The payloads of an opened segment, which is closed by this."""
    identity, data = load(segment.path, segment.fd)
    start = max(HEADER, (after or {}).get(identity, HEADER))
    for end, payload in frames(data, segment.path, start=start, torn=segment.number is None):
        yield Record(identity, end, payload)
