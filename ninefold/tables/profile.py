"""What the columns of a table hold: nulls, distinct values, quantiles, histograms, top values. Plain JSON."""

from typing import Any

import numpy as np
import polars as pl

from ninefold.clock import iso
from ninefold.tables.known import K, hidden
from ninefold.tables.table import Table

BINS = 20
TOP = 10
_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
# the histogram spans the middle 99 %; one outlier must not squeeze everything else into one bin
_SPAN = (0.005, 0.995)


def profile(frame: pl.DataFrame | pl.LazyFrame, table: Table | None = None) -> dict[str, Any]:
    """The profile of a frame; of a table's view also how many rows have no event time or were never known.

    Per column: ``type``, ``nulls``, ``distinct``; of numbers and times ``min``, ``max``, ``mean``, ``quantiles`` and a
    ``histogram`` of 20 equal bins over the middle 99 % (the outer bins take the tails); of text and truth values ``top``.
    Times are ISO 8601 in UTC, histogram edges of times microseconds.

    >>> profile(pl.DataFrame({"n": [1, 2, 2, None]}))["columns"][0]["distinct"]
    2
    """
    rows = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
    found: dict[str, Any] = {"rows": rows.height, "columns": [_column(rows[c]) for c in rows.columns if not hidden(c)]}
    if table is not None and table.time is not None and table.time.column in rows.columns:
        found["without_time"] = rows[table.time.column].null_count()
    if K in rows.columns:
        later = [c for c in rows.columns if c.startswith(f"{K}.")]
        found["never_known"] = {"": rows[K].null_count(), **{c.removeprefix(f"{K}."): rows[c].null_count() for c in later}}
    return found


def _column(values: pl.Series) -> dict[str, Any]:
    dtype = values.dtype
    shown = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    base = {"name": values.name, "type": f"datetime[{shown}]" if shown else str(dtype).lower(), "nulls": values.null_count()}
    if dtype.is_numeric():
        return base | _numbers(values.cast(pl.Float64).fill_nan(None).drop_nulls().to_numpy(), None)
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        return base | _numbers(values.drop_nulls().cast(pl.Datetime("us")).to_physical().to_numpy(), "time")
    if isinstance(dtype, pl.Duration):
        return base | _numbers(values.drop_nulls().dt.total_microseconds().to_numpy() / 1e6, None)
    if dtype.is_nested() or dtype == pl.Binary:
        return base | {"distinct": None}
    return base | _texts(values)


def _numbers(values: Any, kind: str | None) -> dict[str, Any]:
    if not len(values):
        return {"distinct": 0, "min": None, "max": None, "mean": None, "quantiles": {}, "histogram": None}
    # one sort gives everything
    ordered = np.sort(values)
    last = len(ordered) - 1

    def at(share: float) -> Any:
        return ordered[round(share * last)]

    def show(value: Any) -> Any:
        return iso(int(value)) if kind == "time" else _plain(value)

    low, high = float(at(_SPAN[0])), float(at(_SPAN[1]))
    if low == high:
        low, high = float(ordered[0]), float(ordered[-1])
    edges = np.linspace(low, high, BINS + 1) if high > low else np.array([low, high])
    ends = np.searchsorted(ordered, edges[1:-1], side="left")
    counts = np.diff(np.concatenate([[0], ends, [len(ordered)]]))
    return {
        "distinct": int(np.count_nonzero(np.diff(ordered)) + 1),
        "min": show(ordered[0]),
        "max": show(ordered[-1]),
        "mean": show(ordered.mean()),
        "quantiles": {str(s): show(at(s)) for s in _QUANTILES},
        "histogram": {"edges": [_plain(e) for e in edges], "counts": [int(c) for c in counts]},
    }


def _texts(values: pl.Series) -> dict[str, Any]:
    counts = values.drop_nulls().value_counts(name="__count")
    name = counts.columns[0]
    top = counts.sort("__count", name, descending=[True, False]).head(TOP)
    return {"distinct": counts.height, "top": [{"value": _plain(v), "count": int(n)} for v, n in top.iter_rows()]}


def _plain(value: Any) -> Any:
    """A JSON value; whole floats stay floats, what JSON cannot say is null."""
    if isinstance(value, (np.floating, float)):
        return float(value) if np.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    return value if isinstance(value, (str, bool, int)) else str(value)
