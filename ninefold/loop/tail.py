"""Following a stream: its rows in the lake and those still in the journal, each read once, however often one looks."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from ninefold.journal.read import contents
from ninefold.journal.segment import HEADER, frames
from ninefold.lake.roll import Decode, one_moment, readable
from ninefold.lake.table import LakeTable


class Fresh(NamedTuple):
    """Rows that came since the last look. ``anew``: they are all rows there are, and what was read before is void."""

    rows: pl.DataFrame
    anew: bool


class Tail:
    """The rows of a stream as they come, without moving them: the journal is read from where the last look ended.

    Rows that were read in the journal and are then moved into the lake are not read again: they arrive there in the same order.
    Where several processes write one journal at the same time the order may differ, so that a row is read twice and another one not
    before the next start; a server is one process. Compaction rewrites files: then everything is read again, and the reader told so.
    """

    def __init__(self, table: LakeTable, folder: Path, decode: Decode, *, name: str, columns: Sequence[str] | None = None) -> None:
        self.table, self.folder, self.decode, self.name, self.columns = table, Path(folder), decode, name, columns
        self._version: int | None = None
        self._seen: frozenset[str] = frozenset()
        self._read: dict[str, int] = {}
        self._ahead = 0
        self._begun = False

    def fresh(self) -> Fresh:
        """What came since this was last called; everything at the first call."""
        version, segments = one_moment(self.table, self.folder, self.name)
        found = list(contents(segments))
        stored, anew, files = self._stored(version)
        read = {} if anew else self._read
        known = 0 if anew else min(self._ahead, stored.height)
        payloads: list[bytes] = []
        reached: dict[str, int] = {}
        for segment, identity, data in found:
            start = read.get(identity, HEADER)
            new = list(frames(data, segment.path, start=start, torn=segment.number is None))
            payloads += [payload for _, payload in new]
            reached[identity] = new[-1].end if new else start
        fresh, _ = readable(self.decode, payloads)  # a row that cannot be read will not come to the lake either
        fresh = fresh.select(self.columns) if self.columns else fresh
        rows = pl.concat([stored.slice(known), fresh], how="diagonal_relaxed") if stored.width else fresh
        # only now: what failed until here comes again at the next look
        self._version, self._seen, self._read = version, files, reached
        self._ahead = (0 if anew else self._ahead - known) + fresh.height
        anew, self._begun = anew or not self._begun, True
        return Fresh(rows, anew)

    def _stored(self, version: int | None) -> tuple[pl.DataFrame, bool, frozenset[str]]:
        """The rows of files that are new in the lake, whether the known ones are gone, and all files of that version."""
        if version is None or version == self._version:
            return pl.DataFrame(), False, self._seen
        files = self.table.files(version)
        anew = not self._seen <= set(files)
        rows = self.table.scan(version, only=files if anew else [f for f in files if f not in self._seen])
        return (rows.select(self.columns) if self.columns else rows).collect(), anew, frozenset(files)
