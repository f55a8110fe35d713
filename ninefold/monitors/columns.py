"""From frames to histograms: a grid from the reference's column, counts of a window on it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from ninefold.errors import DataError, closest
from ninefold.sources.frames import from_any
from ninefold.stats.histogram import Grid, Histogram, category_grid, category_histogram, number_grid, number_histogram


def eager(frame: Any) -> pl.DataFrame:
    """A polars frame of polars, pandas, Arrow, DuckDB, or a mapping of lists."""
    if isinstance(frame, Mapping):
        return pl.DataFrame(dict(frame), strict=False)
    return from_any(frame, said="the frame is").collect()


def is_number(series: pl.Series) -> bool:
    """Numbers, times and durations are compared on an axis; all else by value."""
    return series.dtype.is_numeric() or series.dtype.is_temporal()


def _floats(series: pl.Series) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    known = series.drop_nulls()
    if known.dtype.is_temporal():
        known = known.to_physical()
    return known.cast(pl.Float64).to_numpy()


def _texts(series: pl.Series) -> dict[str, int]:
    known = series.drop_nulls()
    flat = known.cast(pl.String) if not known.dtype.is_nested() else pl.Series([str(value) for value in known.to_list()], dtype=pl.String)
    counted = flat.value_counts(name="n")
    return dict(zip(counted[counted.columns[0]].to_list(), counted["n"].to_list(), strict=True))


def grid_of(series: pl.Series) -> Grid:
    """The grid of a reference column.

    >>> grid_of(pl.Series(["a", "b", "a"])).values
    ('a', 'b')
    """
    return number_grid(_floats(series)) if is_number(series) else category_grid(_texts(series))


def histogram_of(grid: Grid, series: pl.Series) -> Histogram:
    """Count a window's column on a grid; a column of numbers that has become text counts as all unseen.

    >>> histogram_of(grid_of(pl.Series([1, 2, 3])), pl.Series([3, None])).counts
    (0, 0, 1)
    """
    null = series.null_count()
    if grid.kind == "number":
        if not is_number(series):
            return Histogram(counts=(0,) * grid.bins, null=null, nan=len(series) - null)
        return number_histogram(grid, _floats(series), null=null)
    return category_histogram(grid, _texts(series), null=null)


def daily(frame: pl.DataFrame, day: str, grids: Mapping[str, Grid]) -> dict[int, dict[str, Histogram]]:
    """The histograms of each day's rows by column; ``day`` is a column of day numbers (or dates)."""
    parts = frame.with_columns(pl.col(day).cast(pl.Int32)).partition_by(day, as_dict=True, maintain_order=True)
    return {int(key[0]): {name: histogram_of(grid, part[name]) for name, grid in grids.items()} for key, part in parts.items() if key[0] is not None}


def chosen(a: pl.DataFrame, b: pl.DataFrame, columns: Sequence[str] | None) -> list[str]:
    """The columns to compare: those named, else those that both frames have."""
    if not columns:
        return [name for name in a.columns if name in b.columns]
    for name in columns:
        for frame in (a, b):
            if name not in frame.columns:
                raise DataError(f'there is no column "{name}"', hint=closest(name, frame.columns), where="columns")
    return list(columns)
