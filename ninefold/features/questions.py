"""Questions: the rows for which an answer is wanted, each at its decision time ``q``."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ninefold.errors import DataError, closest
from ninefold.features.rows import NEVER, at, gone, known
from ninefold.problems.target import Target
from ninefold.tables.known import ALWAYS, K, hidden, identity, later_columns
from ninefold.tables.table import Table
from ninefold.units import Moment

Q = "__q"  # the decision time, µs UTC
Int = NDArray[np.int64]


def questions(
    target: Target, table: Table, view: pl.DataFrame, as_of: int | None = None, *, start: int | None = None, end: int | None = None
) -> pl.DataFrame:
    """The questions of ``table``'s rows: the columns as known at each ``q``, and ``__q`` (µs UTC).

    A row with ``at=`` asks once, at that moment, in the rows' order; columns without ``later=`` come with the question,
    the others are null until they are known. With ``every=`` each key asks at each instant of the calendar while its row
    is known and valid (``time`` to ``until``), in order of time. Only questions before ``as_of`` are there; a calendar
    without it ends at ``end``, by default at the last known time of the rows; it begins at ``start``, by default when
    the first row is known.
    """
    if target.at is not None:
        place, q = _with_rows(target, table, view)
    else:
        place, q = _on_calendar(target, table, view, start, as_of if as_of is not None else end)
    if as_of is not None:
        asked = q < as_of
        place, q = place[asked], q[asked]
    frame = view[place] if len(place) != view.height or not np.array_equal(place, np.arange(view.height)) else view
    return _as_known(frame, table, q).with_columns(pl.Series(Q, q))


def _with_rows(target: Target, table: Table, view: pl.DataFrame) -> tuple[Int, Int]:
    """A question for each row at its moment; of several versions of a key, the one that counted then."""
    assert target.at is not None
    if target.at.column not in view.columns:
        raise DataError(
            f'the question\'s moment "{target.at}" names a column that the rows do not have', hint=closest(target.at.column, view.columns)
        )
    q = at(view, target.at, table.tz)
    asks = q.is_not_null().to_numpy().copy()
    instants = q.fill_null(0).to_numpy()
    replaced = gone(view)
    if replaced is not None:
        # the row comes with the question, so its first version asks even where it became known only then
        asks &= (replaced >= instants) & ((known(view, table, ()) < instants) | _first_versions(view, table))
    place = np.flatnonzero(asks)
    return place, instants[place]


def _first_versions(view: pl.DataFrame, table: Table) -> NDArray[np.bool_]:
    order = [K] if K in view.columns else []
    ranked = view.select(*identity(table), *order).with_row_index("__row")
    first = ranked.sort([*order, "__row"]).unique(identity(table), keep="first")["__row"]
    return np.isin(np.arange(view.height), first.to_numpy())


def _on_calendar(target: Target, table: Table, view: pl.DataFrame, start: int | None, end: int | None) -> tuple[Int, Int]:
    """A question for each row at each instant at which it is known and valid."""
    assert target.every is not None
    k = known(view, table, ())
    begins = k + 1  # strictly known
    usable = k < NEVER
    if table.time is not None:
        time = at(view, table.time, table.tz)
        usable &= time.is_not_null().to_numpy()
        begins = np.maximum(begins, time.fill_null(0).to_numpy())
    if not usable.any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    last = end if end is not None else int(k[usable].max()) + 1
    if start is None and int(begins[usable].min()) <= ALWAYS + 1:
        raise DataError("the rows are known for ever: nothing says when the questions begin", hint="give the table a time=, or say start=")
    begins = np.where(usable, begins if start is None else np.maximum(begins, start), last)
    first = min(int(begins.min()), last)
    ticks = np.array(target.every.ticks(first, last, target.tz or table.tz or "UTC"), np.int64)
    ends = np.full(view.height, last)
    if table.until is not None:
        ends = np.minimum(ends, at(view, Moment(table.until), table.tz).fill_null(last).to_numpy())
    replaced = gone(view)
    if replaced is not None:
        ends = np.minimum(ends, np.where(replaced < last, replaced + 1, last))  # the old version counts at gone itself
    low, high = np.searchsorted(ticks, begins), np.searchsorted(ticks, ends)
    asked = np.maximum(high - low, 0)
    place = np.repeat(np.arange(view.height), asked)
    tick = np.arange(len(place)) - np.repeat(np.cumsum(asked) - asked, asked) + low[place]
    order = np.argsort(tick, kind="stable")
    return place[order], ticks[tick[order]]


def _as_known(frame: pl.DataFrame, table: Table, q: Int) -> pl.DataFrame:
    """Without hidden columns; a column that came later is null where that was not before the question."""
    moments = later_columns(table)
    masked: list[Any] = []
    for column in frame.columns:
        if column in moments and column not in table.key:
            unknown = pl.Series("unknown", known(frame, table, [column]) >= q)
            masked.append(pl.DataFrame([frame[column], unknown]).select(pl.when(~pl.col("unknown")).then(pl.col(column)).alias(column)).to_series())
    return frame.with_columns(masked).drop([c for c in frame.columns if hidden(c)])
