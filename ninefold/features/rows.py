"""The rows of a group as numbers: event times, known times, ends, from a view with hidden columns."""

from collections.abc import Iterable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ninefold.errors import DataError
from ninefold.features.features import Features
from ninefold.tables.known import GONE, SEQ, K, k_of, later_columns
from ninefold.tables.moments import micros_of
from ninefold.tables.table import Table
from ninefold.units import Moment

NEVER = np.iinfo(np.int64).max

Int = NDArray[np.int64]


def micros(series: pl.Series) -> pl.Series:
    """Question times as microseconds UTC (int64); whole numbers pass as they are."""
    if isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone is not None:
        return series.dt.timestamp("us")
    if series.dtype.is_integer() or series.dtype == pl.Null:
        return series.cast(pl.Int64)
    raise DataError(f'the question time "{series.name}" is {series.dtype}', hint='give its zone: pl.col("at").dt.replace_time_zone("UTC")')


def at(frame: pl.DataFrame, moment: Moment, tz: str | None) -> pl.Series:
    """The instants of a moment, null where its column is."""
    return frame.select(micros_of(moment, frame.schema, tz).alias(moment.column)).to_series()


def known(view: pl.DataFrame, table: Table | None, columns: Iterable[str]) -> Int:
    """When the row and all of ``columns`` were known; NEVER where one of them is not."""
    moments = {} if table is None else later_columns(table)
    tz = None if table is None else table.tz
    if K in view.columns:
        instants = [view[K]]
    elif table is not None and table.known is not None:
        instants = [at(view, table.known, tz)]
    else:
        instants = []
    for column in dict.fromkeys(columns):
        if k_of(column) in view.columns:
            instants.append(view[k_of(column)])
        elif column in moments:
            instants.append(at(view, moments[column], tz))
    latest = np.full(view.height, np.iinfo(np.int64).min)
    for instant in instants:
        latest = np.maximum(latest, instant.fill_null(NEVER).to_numpy())
    return latest


def event(view: pl.DataFrame, group: Features, table: Table | None) -> pl.Series:
    """The event time of each row: the group's ``at``, or the table's time."""
    moment = group.at or (table.time if table is not None else None)
    if moment is None:
        raise DataError("the rows have no event time", hint='say at="column", or give the table a time=')
    return at(view, moment, None if table is None else table.tz)


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
