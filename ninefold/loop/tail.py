"""Following a stream: its rows in the lake and those still in the journal, each read once, however often one looks."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from ninefold.journal.read import open_locked
from ninefold.journal.segment import HEADER, folder_lock, frames, load
from ninefold.lake.roll import Decode
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
        version, moved = self.table.position(self.name)
        payloads: list[bytes] = []
        segments = []
        if self.folder.is_dir():
            with folder_lock(self.folder, shared=True):
                # no segment is removed while this is held, so what the table of this instant lacks is still here
                version, moved = self.table.position(self.name)
                segments = open_locked(self.folder, above=moved or 0)
        stored, anew = self._stored(version)
        if anew:
            self._read, self._ahead = {}, 0
        else:
            known = min(self._ahead, stored.height)
            stored, self._ahead = stored.slice(known), self._ahead - known
        reached: dict[str, int] = {}
        for segment in segments:
            identity, data = load(segment.path, segment.fd)
            new = list(frames(data, segment.path, start=self._read.get(identity, HEADER), torn=segment.number is None))
            payloads += [payload for _, payload in new]
            reached[identity] = new[-1].end if new else self._read.get(identity, HEADER)
        self._read = reached
        self._ahead += len(payloads)
        anew = anew or not self._begun
        self._begun = True
        return Fresh(self._joined(stored, payloads), anew)

    def _joined(self, stored: pl.DataFrame, payloads: list[bytes]) -> pl.DataFrame:
        fresh = self.decode(payloads)
        fresh = fresh.select(self.columns) if self.columns else fresh
        return pl.concat([stored, fresh], how="diagonal_relaxed") if stored.width else fresh

    def _stored(self, version: int | None) -> tuple[pl.DataFrame, bool]:
        """The rows of files that are new in the lake, and whether the known ones are gone."""
        if version is None or version == self._version:
            return pl.DataFrame(), False
        files = self.table.files(version)
        anew = not self._seen <= set(files)
        new = files if anew else [f for f in files if f not in self._seen]
        self._version, self._seen = version, frozenset(files)
        rows = self.table.scan(version, only=new)
        return (rows.select(self.columns) if self.columns else rows).collect(), anew
