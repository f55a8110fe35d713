"""When each value came to be known: the hidden columns of a view, a view as of a moment, the instants at which it changes.

A view carries, beside the table's columns, ``K`` (when the row came to be known), ``k_of(column)`` (when that column
did, where later than the row), ``SEQ`` (order of rows that came at the same instant) and ``GONE`` (when a newer version
of the same key replaced the row): int64 microseconds UTC, null for never.
"""

from array import array

import polars as pl

from ninefold.errors import DataError, closest
from ninefold.tables.later import later_columns as later_columns  # noqa: PLC0414 - given on: it is about known times, and needs no engine
from ninefold.tables.moments import micros_of
from ninefold.tables.table import Table

K, SEQ, GONE = "__k", "__seq", "__gone"
ALWAYS = -(1 << 62)
"""The known time of rows of a table without time: they have been known for ever."""


def k_of(column: str) -> str:
    """The hidden column that says when ``column`` came to be known.

    >>> k_of("late")
    '__k.late'
    """
    return f"{K}.{column}"


def hidden(name: str) -> bool:
    """Whether a column of a view is one of ours.

    >>> hidden("__k.late"), hidden("late")
    (True, False)
    """
    return name in {K, SEQ, GONE} or name.startswith(f"{K}.")


def identity(table: Table) -> list[str]:
    """The columns that two versions of one row share: the key, and where rows are valid ``until`` a time, its beginning."""
    return [*table.key, *([table.time.column] if table.until and table.time and table.time.column not in table.key else [])]


def declared(table: Table, frame: pl.LazyFrame, where: str = "") -> pl.LazyFrame:
    """The frame with ``K`` and every ``k_of`` as the table declares them, and NaN as null."""
    schema = frame.collect_schema()
    for column in table.key:
        if column not in schema:
            raise DataError(f'there is no column "{column}", which key= names', where=where, hint=closest(column, schema))
    row = micros_of(table.known, schema, table.tz, where) if table.known else pl.lit(ALWAYS, pl.Int64)
    later = [micros_of(m, schema, table.tz, where).alias(k_of(c)) for c, m in later_columns(table).items() if c in schema]
    return frame.with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None)).with_columns(row.alias(K), *later)


def view(table: Table, base: pl.LazyFrame, updates: pl.LazyFrame | None = None, as_of: int | None = None) -> pl.LazyFrame:
    """The rows of a table with their hidden columns; ``updates`` laid over them, and only what was known before ``as_of``.

    As of a moment, rows not known before it are absent, and columns not known before it are null; a value whose known
    time is null is never known.

    >>> import ninefold as nf
    >>> from datetime import datetime, UTC
    >>> trips = nf.Table("db:x", key="id", time="at", later={"late": "landed"})
    >>> rows = pl.LazyFrame({"id": [1], "at": [datetime(2013, 1, 1, tzinfo=UTC)], "landed": [datetime(2013, 1, 2, tzinfo=UTC)], "late": [True]})
    >>> noon = int(datetime(2013, 1, 1, 12, tzinfo=UTC).timestamp() * 1_000_000)
    >>> view(trips, rows, as_of=noon).select("id", "late", "landed").collect().rows()
    [(1, None, None)]
    """
    frame = declared(table, base).with_row_index(SEQ).with_columns(pl.col(SEQ).cast(pl.Int64))
    if updates is not None:
        from ninefold.tables.updates import overlay

        frame = overlay(table, frame, updates)
    # the next version of the same row, by (k, seq), ends this one; a row that is never known ends nothing
    following = pl.col(K).shift(-1).over(identity(table), order_by=[K, SEQ], nulls_last=True)
    frame = frame.with_columns(following.alias(GONE))
    return frame if as_of is None else _known_before(frame, as_of)


def _known_before(frame: pl.LazyFrame, as_of: int) -> pl.LazyFrame:
    schema = frame.collect_schema()
    frame = frame.filter(pl.col(K) < as_of)
    later = [c for c in schema if not hidden(c) and k_of(c) in schema]
    known = {c: pl.col(k_of(c)) < as_of for c in later}
    return frame.with_columns(
        *(pl.when(known[c]).then(pl.col(c)).alias(c) for c in later),
        *(pl.when(known[c]).then(pl.col(k_of(c))).alias(k_of(c)) for c in later),
        pl.when(pl.col(GONE) < as_of).then(pl.col(GONE)).alias(GONE),
    )


def instants(table: Table, frame: pl.LazyFrame) -> "array[int]":
    """The distinct instants at which something of the view came to be known, sorted, for :func:`instants_bytes`."""
    names = [c for c in frame.collect_schema() if c == K or c.startswith(f"{K}.")]
    return distinct(pl.concat([frame.select(pl.col(n).alias(K)) for n in names]).filter(pl.col(K) > ALWAYS).collect()[K])


def distinct(moments: pl.Series) -> "array[int]":
    """The distinct moments (µs) of a column, sorted, without null."""
    found = array("q")
    found.frombytes(moments.drop_nulls().unique().sort().cast(pl.Int64).to_numpy().tobytes())
    return found
