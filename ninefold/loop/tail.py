"""Following a lake table to which rows are only ever appended: each row is read once, however often one looks."""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from ninefold.lake.table import LakeTable


class Fresh(NamedTuple):
    """Rows that came since the last look. ``anew``: they are all rows of the table, and what was read before is void."""

    rows: pl.DataFrame
    anew: bool


class Tail:
    """The rows of a table as they come. Compaction rewrites files: then everything is read again, and the reader told so.

    >>> import tempfile
    >>> table = LakeTable(tempfile.mkdtemp() + "/t")
    >>> tail = Tail(table)
    >>> _ = table.write(pl.DataFrame({"a": [1]}), mode="append")
    >>> tail.fresh().rows["a"].to_list()
    [1]
    >>> _ = table.write(pl.DataFrame({"a": [2]}), mode="append")
    >>> tail.fresh().rows["a"].to_list(), tail.fresh().rows.height
    ([2], 0)
    """

    def __init__(self, table: LakeTable, columns: Sequence[str] | None = None) -> None:
        self.table, self.columns = table, columns
        self._version: int | None = None
        self._seen: frozenset[str] = frozenset()

    def fresh(self) -> Fresh:
        """What came since this was last called; everything at the first call. Without columns where nothing was ever written."""
        version = self.table.version
        if version is None:
            return Fresh(pl.DataFrame(), anew=False)
        if version == self._version:
            return Fresh(self._read([], version), anew=False)
        files = self.table.files(version)
        anew = self._version is None or not self._seen <= set(files)
        new = files if anew else [f for f in files if f not in self._seen]
        rows = self._read(new, version)
        self._version, self._seen = version, frozenset(files)
        return Fresh(rows, anew)

    def _read(self, files: list[str], version: int) -> pl.DataFrame:
        rows = self.table.scan(version, only=files)
        return (rows.select(self.columns) if self.columns else rows).collect()
