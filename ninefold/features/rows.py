"""The rows of a group as numbers: event times, known times, ends, from a view with hidden columns."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ninefold.errors import DataError, closest
from ninefold.features.features import Features
from ninefold.tables.table import Table
from ninefold.units import Moment

K, SEQ, GONE = "__k", "__seq", "__gone"  # hidden columns of a view: known, order of arrival, replaced by a newer version
NEVER = np.iinfo(np.int64).max

Int = NDArray[np.int64]


def micros(series: pl.Series) -> pl.Series:
    """Times as microseconds UTC (int64); whole numbers pass as they are."""
    if series.dtype == pl.Datetime:
        return series.dt.cast_time_unit("us").to_physical()
    if series.dtype == pl.Date:
        return series.cast(pl.Datetime("us")).to_physical()
    if series.dtype.is_integer() or series.dtype == pl.Null:
        return series.cast(pl.Int64)
    raise DataError(f'"{series.name}" is {series.dtype}, not a time', hint="give a date or a timestamp")


def at(frame: pl.DataFrame, moment: Moment) -> pl.Series:
    """The instants of a moment, null where its column is."""
    if moment.column not in frame.columns:
        raise DataError(f'there is no column "{moment.column}" for the moment "{moment}"', hint=closest(moment.column, frame.columns))
    return micros(frame[moment.column]) + moment.offset


def known_moments(table: Table | None) -> dict[str, Moment]:
    """When each column that did not come with its row came: those of ``later=``, and the columns that these moments name.

    A column named as a moment is known at its own value, unless the row itself is: its time and known time come with it.
    """
    if table is None:
        return {}
    with_row = {m.column for m in (table.time, table.known) if m is not None} | set(table.key)
    found = dict(table.later)
    for moment in dict(table.later).values():
        if moment.column not in found and moment.column not in with_row:
            found[moment.column] = Moment(moment.column)
    return found


def known(view: pl.DataFrame, table: Table | None, columns: Iterable[str]) -> Int:
    """When the row and all of ``columns`` were known; NEVER where one of them is not."""
    moments = known_moments(table)
    if K in view.columns:
        instants = [view[K]]
    elif table is not None and table.known is not None:
        instants = [at(view, table.known)]
    else:
        instants = []
    for column in dict.fromkeys(columns):
        if f"{K}.{column}" in view.columns:
            instants.append(view[f"{K}.{column}"])
        elif column in moments:
            instants.append(at(view, moments[column]))
    latest = np.full(view.height, np.iinfo(np.int64).min)
    for instant in instants:
        latest = np.maximum(latest, instant.fill_null(NEVER).to_numpy())
    return latest


def event(view: pl.DataFrame, group: Features, table: Table | None) -> pl.Series:
    """The event time of each row: the group's ``at``, or the table's time."""
    moment = group.at or (table.time if table is not None else None)
    if moment is None:
        raise DataError("the rows have no event time", hint='say at="column", or give the table a time=')
    return at(view, moment)


def gone(view: pl.DataFrame) -> Int | None:
    """The end of each row's validity as the newest version of its key; None where no row was replaced."""
    if GONE not in view.columns or view[GONE].null_count() == view.height:
        return None
    return view[GONE].fill_null(NEVER).to_numpy()


def sequence(view: pl.DataFrame) -> Int:
    """The order of arrival, which decides between rows of one instant."""
    if SEQ in view.columns:
        return view[SEQ].cast(pl.Int64).to_numpy()
    return np.arange(view.height, dtype=np.int64)


def clean(series: pl.Series) -> pl.Series:
    """NaN is read as null."""
    return series.fill_nan(None) if series.dtype.is_float() else series


def entity_columns(group: Features, aggregate: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The entity's columns in the rows and in the question; the aggregate's own ``by`` replaces the group's."""
    if aggregate.by is None:
        return group.rows_by, group.by
    renamed = dict(zip(group.by, group.rows_by, strict=True))
    return tuple(renamed.get(column, column) for column in aggregate.by), aggregate.by


def reads(group: Features, aggregate: Any, table: Table | None) -> tuple[str, ...]:
    """Every column that an aggregate reads: its own, those of ``where``, the entity's, and the event time's."""
    moment = group.at or (table.time if table is not None else None)
    own = entity_columns(group, aggregate)[0]
    return tuple(dict.fromkeys([*aggregate.columns, *own, *([moment.column] if moment else [])]))
