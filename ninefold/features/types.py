"""Types of columns by name, as bundles and servers write them down."""

import re
from collections.abc import Mapping

import polars as pl

from ninefold.errors import DataError

_SIMPLE: dict[str, pl.DataType] = {
    str(kind): kind
    for kind in (
        pl.Int8(),
        pl.Int16(),
        pl.Int32(),
        pl.Int64(),
        pl.UInt8(),
        pl.UInt16(),
        pl.UInt32(),
        pl.UInt64(),
        pl.Float32(),
        pl.Float64(),
        pl.Boolean(),
        pl.String(),
        pl.Date(),
        pl.Time(),
        pl.Null(),
        pl.Categorical(),
        pl.Binary(),
    )
}
_DATETIME = re.compile(r"Datetime\(time_unit='(?P<unit>us|ms|ns)', time_zone=(?:None|'(?P<zone>[^']+)')\)")
_DURATION = re.compile(r"Duration\(time_unit='(?P<unit>us|ms|ns)'\)")
_DECIMAL = re.compile(r"Decimal\(precision=(?P<precision>\d+), scale=(?P<scale>\d+)\)")


def polars_type(text: str) -> pl.DataType:
    """The type that Polars writes as ``text``. Raises DataError for nested and unknown ones.

    >>> polars_type("Int64"), polars_type("Datetime(time_unit='us', time_zone='Europe/Rome')").time_zone
    (Int64, 'Europe/Rome')
    """
    if text in _SIMPLE:
        return _SIMPLE[text]
    if match := _DATETIME.fullmatch(text):
        return pl.Datetime("us", match["zone"])
    if _DURATION.fullmatch(text):
        return pl.Duration("us")
    if match := _DECIMAL.fullmatch(text):
        return pl.Decimal(int(match["precision"]), int(match["scale"]))
    raise DataError(f"a column of type {text} cannot be asked with", hint="make it a number, text, truth value, date or time")


def polars_types(columns: Mapping[str, str], tz: str | None = None) -> dict[str, pl.DataType]:
    """The types of columns; times in the zone ``tz``, so that expressions see the table's clock."""
    found = {name: polars_type(text) for name, text in columns.items() if not text.startswith(("List", "Array", "Struct"))}
    return {name: pl.Datetime("us", tz or kind.time_zone or "UTC") if isinstance(kind, pl.Datetime) else kind for name, kind in found.items()}
