"""Filling a table's feeds at once: from a view of the lake, or from what an earlier process wrote down."""

from typing import Any

import polars as pl

from ninefold.features.feeds import Record, TableFeeds
from ninefold.features.ring import Ring
from ninefold.features.spec import table_of
from ninefold.tables.known import ALWAYS, GONE, SEQ, K, declared, k_of
from ninefold.tables.moments import micros_of
from ninefold.units import Moment


def warm(feeds: TableFeeds, view: pl.DataFrame, horizon: int) -> int:
    """Load the rows of a view that a question from ``horizon`` on can reach, or that still wait for a column."""
    if K not in view.columns:
        view = declared(table_of(feeds.spec), view.lazy()).collect()
    view = _within(feeds, view, horizon).sort([K, *([SEQ] if SEQ in view.columns else [])], nulls_last=True, maintain_order=True)
    columns = sorted((feeds.columns | set(feeds.key)) & set(view.columns))
    hidden = [c for c in (K, SEQ, GONE, *map(k_of, columns)) if c in view.columns]
    plain = view.select(*(_plain(view, c) for c in columns), *hidden)
    conditions = any(f.where is not None for f in feeds.feeds)
    for row in plain.iter_rows(named=True):
        _load(feeds, row, columns, conditions, horizon)
    return plain.height


def _within(feeds: TableFeeds, view: pl.DataFrame, horizon: int) -> pl.DataFrame:
    reached = pl.lit(False)
    for feed in feeds.feeds:
        e = micros_of(Moment(feed.at, feed.offset), view.schema, feeds.spec.tz)
        reached |= pl.lit(True) if feed.keep is None else (e >= horizon - feed.keep).fill_null(False)
        # without an event time, or with a column still to come, it waits
        open_ = pl.any_horizontal([pl.lit(False), *(pl.col(k_of(c)).is_null() for c in feed.needs if k_of(c) in view.columns), e.is_null()])
        since = micros_of(feeds.time, view.schema, feeds.spec.tz) if feeds.time is not None else pl.col(K)
        reached |= open_ & (since >= horizon - feeds.patience).fill_null(True)
    return view.filter(reached & pl.col(K).is_not_null())


def _plain(view: pl.DataFrame, column: str) -> pl.Expr:
    """Times as whole numbers; NaN as null."""
    kind = view.schema[column]
    if isinstance(kind, pl.Datetime):
        return pl.col(column).dt.timestamp("us")
    return pl.col(column).fill_nan(None) if kind.is_float() else pl.col(column)


def _load(feeds: TableFeeds, row: dict[str, Any], columns: list[str], conditions: bool, horizon: int) -> None:
    """A row of a view as one instalment, each cell received when it was known; an ended version only into the rings."""
    key = row[feeds.key[0]] if len(feeds.key) == 1 else tuple([row[c] for c in feeds.key])
    feeds.seq += 1
    record = Record(row.get(SEQ, feeds.seq), row[K], len(feeds.feeds))
    feeds.seq = max(feeds.seq, record.seq)
    record.k = row[K]
    for column in columns:
        known = row.get(k_of(column), ALWAYS)
        if known is not None:  # else it is still to come
            record.values[column] = row[column]
            record.received[column] = known
    holds = feeds.conditions([record]) if conditions else None
    feeds.place(record, False, holds, 0, horizon)
    if (gone := row.get(GONE)) is None:
        feeds.records[key] = record
        return
    for place, feed in zip(record.places, feeds.feeds, strict=True):
        if place is not None and place[0] in feed.rings:
            feed.rings[place[0]].replace(place[1], place[2], record.seq, gone)


def frozen(feeds: TableFeeds) -> dict[str, Any]:
    """The state of a table's feeds as plain values."""
    return {
        "seq": feeds.seq,
        "records": [[key, r.values, r.received, r.first, r.k, r.version, r.seq, r.places] for key, r in feeds.records.items()],
        "rings": [[[who, r.e, r.k, r.s, r.v, r.g] for who, r in feed.rings.items()] for feed in feeds.feeds],
    }


def thawed(feeds: TableFeeds, state: dict[str, Any]) -> None:
    """Bring the feeds to such a state."""
    feeds.seq, feeds.records = state["seq"], {}
    for key, values, received, first, k, version, seq, places in state["records"]:
        record = Record(seq, first, len(feeds.feeds))
        record.values, record.received, record.k, record.version = values, received, k, version
        record.places = [None if p is None else (_entity(p[0]), *p[1:]) for p in places]
        feeds.records[_entity(key)] = record
    for feed, rings in zip(feeds.feeds, state["rings"], strict=True):
        feed.rings = {_entity(who): _ring(*columns) for who, *columns in rings}


def _ring(e: list[int], k: list[int], s: list[int], v: list[Any], g: list[int | None] | None) -> Ring:
    ring = Ring()
    ring.e, ring.k, ring.s, ring.v, ring.g = e, k, s, v, g
    ring.real = any(x.__class__ is float for x in v)
    ring.wild = any(x.__class__ is float and not -(2.0**700) < x < 2.0**700 for x in v)
    ring.limit = max(64, 2 * len(e))
    return ring


def _entity(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
