"""Updates over a table's rows: instalments fill, corrections begin a new version, each cell keeps the known time that production had.

An update is a row of ``updates``: the key columns, the columns that it may give, and
``GIVEN`` (the names of the columns that it does give: absent means nothing new, null means known to be empty),
``RECEIVED`` (int64 microseconds UTC, null for a backfill: then the declared known time stands), ``ORDER`` (its sequence).
"""

from typing import Any

import polars as pl

from ninefold.tables.incoming import GIVEN, ORDER, RECEIVED
from ninefold.tables.known import ALWAYS, GONE, SEQ, K, declared, hidden, identity, k_of, later_columns
from ninefold.tables.table import Table

# the place of an update in the order of receipt: a row or version that it begins comes after all of the base, in that order
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
    start = int(frame[SEQ].max() or 0) + 1  # type: ignore[arg-type]
    told = _told_by_key(rows, [c for c in columns if c not in key], key)
    hard = _followed(same, told, columns, key)
    clean = [part.join(hard, on=key, how="anti", nulls_equal=True, maintain_order="left") for part in (same, told)]
    laid = [_simple(table, clean[0], clean[1], columns, key, start)]
    if hard.height:
        followed = [part.join(hard, on=key, how="semi", nulls_equal=True, maintain_order="left") for part in (same, rows)]
        laid.append(_versions(table, followed[0], followed[1], columns, key, start))
    return pl.concat([rest, *laid], how="diagonal").lazy()


def _fitted(rows: pl.DataFrame, frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The updates in the types of the table, in order of receipt; a backfill was received before everything."""
    casts = [pl.col(c).cast(frame.schema[c]) if c in rows.columns else pl.lit(None, frame.schema[c]).alias(c) for c in columns]
    order = pl.col(ORDER) if ORDER in rows.columns else pl.int_range(pl.len())
    given = pl.col(GIVEN) if GIVEN in rows.columns else pl.lit([c for c in columns if c in rows.columns])
    fitted = rows.select(*casts, given.alias(GIVEN), pl.col(RECEIVED).fill_null(ALWAYS), order.cast(pl.Int64).alias(ORDER))
    return fitted.sort(RECEIVED, ORDER).with_row_index(_ROW).with_columns(pl.col(_ROW).cast(pl.Int64))


def _told_by_key(rows: pl.DataFrame, values: list[str], key: list[str]) -> pl.DataFrame:
    """What the updates of each key say: ``u.column`` the first value given, ``r.column`` when, ``n.column`` whether others followed."""
    parts: list[pl.Expr] = [pl.col(RECEIVED).min().alias("__first"), pl.col(_ROW).min()]
    for c in values:
        gives = pl.col(GIVEN).list.contains(c)
        mine = pl.col(c).filter(gives)
        parts += [mine.first().alias(f"u.{c}"), pl.col(RECEIVED).filter(gives).first().alias(f"r.{c}"), (mine.n_unique() > 1).alias(f"n.{c}")]
    return rows.group_by(key, maintain_order=True).agg(*parts)


def _followed(base: pl.DataFrame, told: pl.DataFrame, columns: list[str], key: list[str]) -> pl.DataFrame:
    """The keys that have to be followed in time: several versions in the base, several values for a cell, or another than the base's."""
    values = [c for c in columns if c not in key]
    many = base.filter(base.select(key).is_duplicated()).select(key)
    several = told.filter(pl.any_horizontal(pl.lit(False), *(pl.col(f"n.{c}") for c in values))).select(key)
    both = base.join(told, on=key, how="inner", nulls_equal=True)
    other = [pl.col(f"r.{c}").is_not_null() & pl.col(c).is_not_null() & pl.col(c).ne_missing(pl.col(f"u.{c}")) for c in values]
    corrected = both.filter(pl.any_horizontal(pl.lit(False), *other)).select(key)
    return pl.concat([many, several, corrected]).unique()


def _simple(table: Table, base: pl.DataFrame, told: pl.DataFrame, columns: list[str], key: list[str], start: int) -> pl.DataFrame:
    """All keys at once whose cells get one value at most: the usual case."""
    values = [c for c in columns if c not in key]
    both = base.join(told, on=key, how="full", coalesce=True, nulls_equal=True, maintain_order="left_right")
    merged = both.with_columns(pl.when(pl.col(f"r.{c}").is_not_null()).then(pl.col(f"u.{c}")).otherwise(pl.col(c)).alias(c) for c in values)
    kept = merged.select(*columns, SEQ, _ROW, "__first", *(f"r.{c}" for c in values))
    fresh = declared(table, kept.lazy()).collect()
    timed = _timed(table, fresh, values).with_columns(pl.col(SEQ).fill_null(start + pl.col(_ROW)))
    return timed.select(*columns, SEQ, pl.col("^__k.*$"))


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
    )


def _versions(table: Table, base: pl.DataFrame, rows: pl.DataFrame, columns: list[str], key: list[str], start: int) -> pl.DataFrame:
    """Key by key, update by update: only keys with corrections come here."""
    later = [c for c in later_columns(table) if c in columns]
    held: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in base.sort(K, SEQ, nulls_last=True).iter_rows(named=True):
        held.setdefault(tuple(row[c] for c in key), []).append(dict(row))
    declared_rows = _declared_rows(table, base, rows, columns, key)
    for update, stated in zip(rows.iter_rows(named=True), declared_rows, strict=True):
        versions = held.setdefault(tuple(update[c] for c in key), [])
        given = _given(update, columns, key)
        received = update[RECEIVED]
        current = dict(versions[-1]) if versions else {**dict.fromkeys(columns), **{c: update[c] for c in key}, SEQ: None}
        new = not versions
        changed = [c for c in given if not new and _told(current, c, later) and current[c] is not None and current[c] != update[c]]
        for column in given:
            current[column] = update[column]
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
            current[SEQ] = start + update[_ROW]
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


def _given(update: dict[str, Any], columns: list[str], key: list[str]) -> list[str]:
    return [c for c in update[GIVEN] if c in columns and c not in key]


def _declared_rows(table: Table, base: pl.DataFrame, rows: pl.DataFrame, columns: list[str], key: list[str]) -> list[dict[str, Any]]:
    """The moments that the table declares for its row after each update, all in one frame: values lie over those of the version
    before, whether an update begins a version or not.
    """
    newest: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in base.sort(K, SEQ, nulls_last=True).select(columns).iter_rows(named=True):
        newest[tuple(row[c] for c in key)] = row
    after = []
    for update in rows.iter_rows(named=True):
        who = tuple(update[c] for c in key)
        before = newest.get(who) or {**dict.fromkeys(columns), **dict(zip(key, who, strict=True))}
        newest[who] = {**before, **{c: update[c] for c in _given(update, columns, key)}}
        after.append(newest[who])
    found = declared(table, pl.DataFrame(after, schema={c: base.schema[c] for c in columns}, infer_schema_length=None).lazy()).collect()
    return found.select([c for c in found.columns if hidden(c)]).to_dicts()
