"""Frames on their way into files and out of them."""

from collections.abc import Mapping, Sequence

import polars as pl
from polars.exceptions import PolarsError

from ninefold.errors import DataError
from ninefold.lake.intact import intact
from ninefold.lake.types import normal, stored


def readable_schema(frame: pl.DataFrame, zones: Mapping[str, str]) -> pl.Schema:
    """The schema that readers of these rows get: times in microseconds, in the zones that were asked for."""
    schema = {name: normal(dtype) for name, dtype in frame.schema.items()}
    for name, zone in zones.items():
        dtype = schema.get(name)
        if not isinstance(dtype, pl.Datetime) or dtype.time_zone is None:
            raise DataError(
                f"a zone was given for a column of {dtype}", where=name, hint="zones are for columns of instants; resolve naive times first"
            )
        schema[name] = pl.Datetime("us", zone)
    return pl.Schema(schema)


def conform(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """The rows with exactly these columns and types, missing columns null; DataError names a column whose values do not fit."""
    columns = []
    for name, dtype in schema.items():
        if name not in frame.columns:
            columns.append(pl.Series(name, [None], dtype=dtype).new_from_index(0, frame.height))
            continue
        try:
            columns.append(frame[name] if frame.schema[name] == dtype else frame[name].cast(dtype))
        except PolarsError as error:
            raise DataError(f"values do not fit {dtype}: {str(error)[:200]}", where=name, hint="cast the column to a type that holds them") from error
    return pl.DataFrame(columns)


def lower(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows in the types that files have."""
    return conform(frame, pl.Schema({name: stored(dtype, name) for name, dtype in frame.schema.items()}))


def scan_files(files: Sequence[str], low: pl.Schema, high: pl.Schema, *, raw: bool, options: dict[str, str]) -> pl.LazyFrame:
    """The rows of files, lazily; ``raw`` leaves the stored types.

    Zones are restored by the scan itself, not by a projection on top of it: a filter on a time then still skips row groups.
    """
    if not files:
        return pl.LazyFrame(schema=low if raw else high)
    intact(files)
    schema = {name: high[name] if not raw and isinstance(dtype, pl.Datetime) else dtype for name, dtype in low.items()}
    frame = pl.scan_parquet(
        list(files),
        schema=schema,
        missing_columns="insert",
        cast_options=pl.ScanCastOptions(integer_cast="upcast", float_cast="upcast", datetime_cast=["convert-timezone", "nanosecond-downcast"]),
        hive_partitioning=False,
        glob=False,
        storage_options=options or None,
    )
    return frame if raw else frame.with_columns(_restored(name, high[name]) for name, dtype in schema.items() if dtype != high[name])


def _restored(name: str, dtype: pl.DataType) -> pl.Expr:
    return pl.lit(None).alias(name) if isinstance(dtype, pl.Null) else pl.col(name).cast(dtype)
