"""A column that only grows: rows above the highest value seen are new."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from ninefold.errors import DataError, closest


def above(rows: pl.DataFrame, column: str, mark: Any) -> pl.DataFrame:
    """The rows whose ``column`` is greater than ``mark`` (as kept by :func:`highest`); all where there is none yet."""
    if column not in rows.columns:
        raise DataError(f'there is no column "{column}" for watermark=', hint=closest(column, rows.columns))
    return rows if mark is None else rows.filter(pl.col(column) > pl.lit(value_of(mark)).cast(rows.schema[column]))


def highest(rows: pl.DataFrame, column: str | None, mark: Any) -> Any:
    """The new mark, as JSON: a number or text as it is, a time as ``{"time": ISO}``."""
    value: Any = rows[column].max() if column and rows.height else None
    if value is None:
        return mark
    if isinstance(value, datetime):
        return {"time": value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()}
    return {"date": value.isoformat()} if isinstance(value, date) else value


def value_of(mark: Any) -> Any:
    """The Python value of a kept mark.

    >>> value_of({"date": "2013-10-01"})
    datetime.date(2013, 10, 1)
    """
    if isinstance(mark, dict):
        return datetime.fromisoformat(mark["time"]) if "time" in mark else date.fromisoformat(mark["date"])
    return mark
