"""From the journal into the lake, exactly once; and both read as one.

A sealed segment's number is the version of a Delta application transaction: a segment is in the table if and only if its
number is not greater than the last one committed. It is removed only after that commit is on disk, so a crash at any point
leaves it to be skipped or moved by the next roll.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import polars as pl

from ninefold.errors import HeldError
from ninefold.journal import recover
from ninefold.journal.read import OpenedSegment, open_locked, records
from ninefold.journal.segment import folder_lock, number, sealed
from ninefold.lake.table import LakeTable
from ninefold.storage import FileLock, durable

_log = logging.getLogger("ninefold.lake")
Decode = Callable[[list[bytes]], pl.DataFrame]

_AT_ONCE = 256 << 20  # bytes of segments in one commit


class Roller:
    """Moves the sealed segments of a journal's directory into a table. One per directory: a second one gets HeldError.

    ``decode`` turns payloads into rows; ``name`` is the application under which the table remembers what was moved.
    """

    def __init__(self, table: LakeTable, folder: Path, decode: Decode, *, name: str) -> None:
        self.table, self.folder, self.decode, self.name = table, Path(folder), decode, name

    def roll(self) -> int:
        """Move what is sealed, and what dead writers left; how many rows that was."""
        if not self.folder.is_dir():
            return 0
        role = FileLock(self.folder / ".roller")
        if not role.acquire(0, who=f"roller {self.name}"):
            raise HeldError(f"another roller works on this journal: {role.holder()}", where=str(self.folder), hint="only one may; wait for it")
        try:
            recover(self.folder)
            return sum(self._move(group) for group in _groups(sealed(self.folder)))
        finally:
            role.release()

    def _move(self, group: list[Path]) -> int:
        done = self.table.position(self.name)[1] or 0
        fresh = [path for path in group if number(path) > done]
        rows = self._commit(fresh) if fresh else 0
        with folder_lock(self.folder):  # readers list and open under this lock; what they have open stays readable
            for path in group:
                durable.remove(path)
        return rows

    def _commit(self, paths: list[Path]) -> int:
        with folder_lock(self.folder, shared=True):
            newest = number(paths[-1])
            segments = open_locked(self.folder, above=number(paths[0]) - 1, upto=newest, include_open=False)
        payloads = [record.payload for record in records(segments)]
        frame, refused = readable(self.decode, payloads)
        if refused:
            kept = self.folder / "refused" / f"{newest:020d}.jsonl"
            durable.make_folder(kept.parent)
            # before the segments go; under their number, so that a second try after a crash writes the same file
            durable.write(kept, b"\n".join(refused) + b"\n")
            _log.error("%s: %d of %d rows cannot be read and are kept in %s", self.name, len(refused), len(payloads), kept)
        version = self.table.write(frame, mode="append", txn=(self.name, newest), meta={"rolled": self.name})
        return 0 if version is None else frame.height


def readable(decode: Decode, payloads: list[bytes]) -> tuple[pl.DataFrame, list[bytes]]:
    """The rows of payloads, and the payloads that cannot be read: one of them must not keep all others back.

    Raises what ``decode`` raises where none can be read: then it is not the rows that are wrong.
    """
    try:
        return decode(payloads), []
    except Exception:  # whatever a decoder raises, the question is which rows it stumbles over
        if len(payloads) < 2:
            raise
        wrong = _unreadable(decode, payloads, 0)
        if len(wrong) == len(payloads):
            raise
        return decode([p for i, p in enumerate(payloads) if i not in wrong]), [payloads[i] for i in sorted(wrong)]


def _unreadable(decode: Decode, payloads: list[bytes], first: int) -> set[int]:
    """The places of the payloads that cannot be read, found by halving."""
    try:
        decode(payloads)
    except Exception:  # see above
        if len(payloads) == 1:
            return {first}
        half = len(payloads) // 2
        return _unreadable(decode, payloads[:half], first) | _unreadable(decode, payloads[half:], first + half)
    return set()


def scan_both(table: LakeTable, folder: Path, decode: Decode, *, name: str) -> pl.LazyFrame:
    """The rows of the table and those still in the journal, of one moment: none missing, none twice.

    ``name`` is the roller's. Rows of a journal that are just being written are seen once they are acknowledged or shortly before.
    What an older release wrote lacks the columns that came later: they are null there.
    """
    version, segments = one_moment(table, Path(folder), name)
    payloads = [record.payload for record in records(segments)]
    if version is None:
        return readable(decode, payloads)[0].lazy()
    stored = _completed(table.scan(version), decode)
    if not payloads:
        return stored
    return pl.concat([stored, readable(decode, payloads)[0].lazy()], how="diagonal_relaxed")


def one_moment(table: LakeTable, folder: Path, name: str) -> tuple[int | None, list[OpenedSegment]]:
    """The newest version of the table, and the segments with the rows that it lacks, opened. ``name`` is the roller's."""
    if not folder.is_dir():
        return table.version, []
    with folder_lock(folder, shared=True):
        # no segment is removed while this is held, so what the table of this instant lacks is still here
        version, moved = table.position(name)
        return version, open_locked(folder, above=moved or 0)


def _completed(stored: pl.LazyFrame, decode: Decode) -> pl.LazyFrame:
    """Stored rows with the columns that they would have if they were written now."""
    there = stored.collect_schema()
    later = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in decode([]).schema.items() if name not in there]
    return stored.with_columns(later) if later else stored


def _groups(paths: list[Path]) -> list[list[Path]]:
    """Segments in order, as many together as fit into one commit."""
    groups: list[list[Path]] = []
    size = _AT_ONCE
    for path in paths:
        length = path.stat().st_size
        if size + length > _AT_ONCE:
            groups.append([])
            size = 0
        groups[-1].append(path)
        size += length
    return groups
