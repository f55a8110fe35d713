"""A moment of a table as an expression: microseconds UTC."""

import polars as pl

from ninefold.errors import DataError, closest
from ninefold.units import Moment


def micros_of(moment: Moment, schema: pl.Schema, tz: str | None, where: str = "") -> pl.Expr:
    """Int64 microseconds UTC of ``moment`` in each row; null where its column is null.

    A date means its first instant in ``tz`` (default UTC). A time without zone is refused: the table resolves it first.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"day": [date(2013, 7, 1)]})
    >>> frame.select(micros_of(Moment("day"), frame.schema, "America/New_York")).item()
    1372651200000000
    """
    dtype = schema.get(moment.column)
    if dtype is None:
        raise DataError(f'the moment "{moment}" names the column "{moment.column}"', where=where, hint=closest(moment.column, schema))
    column = pl.col(moment.column)
    if dtype == pl.Date:
        column = _first_instant(column, tz or "UTC")
    elif not isinstance(dtype, pl.Datetime):
        raise DataError(
            f'the moment "{moment}" needs a time, and the column "{moment.column}" is {dtype}',
            where=where,
            hint=f'make it one in the function: pl.col("{moment.column}").str.to_datetime(time_zone="UTC")',
        )
    elif dtype.time_zone is None:
        raise DataError(
            f'the times of the column "{moment.column}" have no zone',
            where=where,
            hint='say which zone they are in: @nf.table(..., tz="Europe/Rome")',
        )
    return column.dt.timestamp("us") + moment.offset


def _first_instant(day: pl.Expr, tz: str) -> pl.Expr:
    midnight = day.cast(pl.Datetime("us"))
    first = midnight.dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null")
    # where daylight saving begins at midnight, the day begins at one o'clock
    return pl.coalesce(first, midnight.dt.offset_by("1h").dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null"))
