"""Updates over a table's rows: instalments fill, corrections begin a new version, each cell keeps the known time that production had.

An update is a row of ``updates``: the key columns, the columns that it may give, and
``GIVEN`` (the names of the columns that it does give: absent means nothing new, null means known to be empty),
``RECEIVED`` (int64 microseconds UTC, null for a backfill: then the declared known time stands), ``ORDER`` (its sequence).
"""

from typing import Any

import polars as pl

from ninefold.tables.known import ALWAYS, GONE, SEQ, K, declared, hidden, identity, k_of, later_columns
from ninefold.tables.table import Table

GIVEN, RECEIVED, ORDER = "__given", "__received", "__order"
_ROW = "__row"


def overlay(table: Table, base: pl.LazyFrame, updates: pl.LazyFrame) -> pl.LazyFrame:
    """The declared frame with its updates laid over: rows are versions, each cell with the time at which it was known.

    A cell that an update gives is known at ``max(declared, received)``. The first value of an empty cell fills it; the
    same value again changes nothing; another value than the one known begins a new version of the row.
    """
    rows = updates.collect()
    if not rows.height:
        return base
    frame = base.collect()
    columns = [c for c in frame.columns if not hidden(c)]
    rows = _fitted(rows, frame, columns)
    key = identity(table)
    touched = rows.select(key).unique()
    same = frame.join(touched, on=key, how="semi", nulls_equal=True)
    rest = frame.join(touched, on=key, how="anti", nulls_equal=True)
    laid = _simple(table, same, rows, columns, key)
    if laid is None:
        laid = _versions(table, same, rows, columns, key)
    return pl.concat([rest, laid], how="diagonal").lazy()


def _fitted(rows: pl.DataFrame, frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The updates in the types of the table, in order of receipt; a backfill was received before everything."""
    casts = [pl.col(c).cast(frame.schema[c]) if c in rows.columns else pl.lit(None, frame.schema[c]).alias(c) for c in columns]
    order = pl.col(ORDER) if ORDER in rows.columns else pl.int_range(pl.len())
    given = pl.col(GIVEN) if GIVEN in rows.columns else pl.lit([c for c in columns if c in rows.columns])
    return rows.select(*casts, given.alias(GIVEN), pl.col(RECEIVED).fill_null(ALWAYS), order.cast(pl.Int64).alias(ORDER)).sort(RECEIVED, ORDER)


def _simple(table: Table, base: pl.DataFrame, rows: pl.DataFrame, columns: list[str], key: list[str]) -> pl.DataFrame | None:
    """All keys at once where every cell gets one value at most (the usual case); None where one has to be followed in time."""
    if base.select(key).is_duplicated().any():
        return None
    values = [c for c in columns if c not in key]
    gives = {c: pl.col(GIVEN).list.contains(c) for c in values}
    parts: list[pl.Expr] = [pl.col(RECEIVED).min().alias("__first")]
    for c in values:
        mine = pl.col(c).filter(gives[c])
        received = pl.col(RECEIVED).filter(gives[c]).first()
        parts += [mine.first().alias(f"u.{c}"), received.alias(f"r.{c}"), (mine.n_unique() > 1).alias(f"n.{c}")]
    told = rows.group_by(key, maintain_order=True).agg(*parts)
    if told.select(pl.any_horizontal(pl.col(f"n.{c}").any() for c in values)).item():
        return None
    both = base.join(told, on=key, how="full", coalesce=True, nulls_equal=True, maintain_order="left_right")
    present = pl.col(SEQ).is_not_null()
    # a cell of the base that is known with another value is corrected, not filled
    other = [present & pl.col(f"r.{c}").is_not_null() & pl.col(c).is_not_null() & pl.col(c).ne_missing(pl.col(f"u.{c}")) for c in values]
    if both.select(pl.any_horizontal(other).any()).item():
        return None
    merged = both.with_columns(pl.when(pl.col(f"r.{c}").is_not_null()).then(pl.col(f"u.{c}")).otherwise(pl.col(c)).alias(c) for c in values)
    kept = merged.select(*columns, SEQ, "__first", *(f"r.{c}" for c in values))
    fresh = declared(table, kept.lazy()).collect()
    return _timed(table, fresh, values).select(*columns, SEQ, pl.col("^__k.*$"))


def _timed(table: Table, frame: pl.DataFrame, values: list[str]) -> pl.DataFrame:
    """Known times of filled rows: no value was known before it was received."""
    later = [c for c in later_columns(table) if c in values]
    with_row = [c for c in values if c not in later]
    # the row itself was known when its first update came; a row of the base when its own columns were given, if they were
    own = pl.min_horizontal(*(pl.col(f"r.{c}") for c in with_row)) if with_row else pl.lit(None, pl.Int64)
    came = pl.when(pl.col(SEQ).is_null()).then(pl.col("__first")).otherwise(own)
    row = pl.max_horizontal(pl.col(K), came)
    # a column of the row itself that came in a later instalment than the row
    late = [c for c in with_row if (frame[f"r.{c}"] > frame.select(row.alias("x"))["x"]).any()]
    given_null = {c: pl.col(c).is_null() & pl.col(f"r.{c}").is_not_null() for c in later}
    return frame.with_columns(
        row.alias(K),
        *(
            # known to be empty: there is no moment to declare, receipt is when it was known
            pl.when(given_null[c] | pl.col(k_of(c)).is_not_null()).then(pl.max_horizontal(pl.col(k_of(c)), pl.col(f"r.{c}"))).alias(k_of(c))
            for c in later
        ),
        *(pl.max_horizontal(row, pl.col(f"r.{c}")).alias(k_of(c)) for c in late),
        _sequence(frame).alias(SEQ),
    )


def _sequence(frame: pl.DataFrame) -> pl.Series:
    """The base's sequence; rows that only updates brought come after it, in their order."""
    seq = frame[SEQ]
    start = int(seq.max() or 0)  # type: ignore[arg-type]
    new = pl.select(pl.when(seq.is_null()).then(start + seq.is_null().cum_sum().cast(pl.Int64)).otherwise(seq))
    return new.to_series()


def _versions(table: Table, base: pl.DataFrame, rows: pl.DataFrame, columns: list[str], key: list[str]) -> pl.DataFrame:
    """Key by key, update by update: only keys with corrections come here."""
    later = [c for c in later_columns(table) if c in columns]
    held: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in base.sort(K, SEQ, nulls_last=True).iter_rows(named=True):
        held.setdefault(tuple(row[c] for c in key), []).append(dict(row))
    moments = _declared_rows(table, base, rows, columns)
    seq = int(base[SEQ].max() or 0) + 1  # type: ignore[arg-type]
    for update in rows.iter_rows(named=True):
        versions = held.setdefault(tuple(update[c] for c in key), [])
        given = [c for c in update[GIVEN] if c in columns and c not in key]
        received = update[RECEIVED]
        current = dict(versions[-1]) if versions else {**dict.fromkeys(columns), **{c: update[c] for c in key}, SEQ: None}
        new = not versions
        changed = [c for c in given if not new and _told(current, c, later) and current[c] is not None and current[c] != update[c]]
        for column in given:
            current[column] = update[column]
        stated = moments(current)
        if new:
            current.update(stated)
            current[K] = _latest(stated[K], received)
            for column in later:
                current[k_of(column)] = _cell(stated, current, column, received) if column in given else stated[k_of(column)]
        for column in given if not new else ():
            if column in later:
                current[k_of(column)] = _cell(stated, current, column, received)
        if new or changed:
            if changed:
                current[K] = max([received if received > ALWAYS else (current[K] or ALWAYS), *(current.get(k_of(c)) or ALWAYS for c in changed)])
            current[SEQ] = seq
            seq += 1
            versions.append(current)
        else:
            versions[-1] = current
    schema = {c: base.schema[c] for c in base.columns if c != GONE}
    return pl.DataFrame([v for versions in held.values() for v in versions], schema=schema, infer_schema_length=None)


def _told(row: dict[str, Any], column: str, later: list[str]) -> bool:
    return column not in later or row.get(k_of(column)) is not None


def _cell(stated: dict[str, Any], row: dict[str, Any], column: str, received: int) -> int | None:
    declared_at = stated[k_of(column)]
    if declared_at is None:
        return received if row[column] is None and received > ALWAYS else None
    return _latest(declared_at, received)


def _latest(declared_at: int | None, received: int) -> int | None:
    return None if declared_at is None else max(declared_at, received)


def _declared_rows(table: Table, base: pl.DataFrame, rows: pl.DataFrame, columns: list[str]) -> Any:
    schema = {c: base.schema[c] for c in columns}

    def moments(row: dict[str, Any]) -> dict[str, Any]:
        one = pl.DataFrame([{c: row[c] for c in columns}], schema=schema)
        found = declared(table, one.lazy()).collect().row(0, named=True)
        return {c: v for c, v in found.items() if hidden(c)}

    return moments
