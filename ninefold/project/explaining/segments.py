"""Segments in which a model fails: where what happened and what it expected differ, surely and by day."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

LEAST = 200
"""Rows under which a segment is not looked at."""
MOST = 0.9
"""The share of all rows above which it is no segment."""
BINS = 5
LEVEL = 0.05
MOST_VALUES = 200


@dataclass(frozen=True, slots=True)
class Segment:
    """A value of a column, or a fifth of a number, in which the mean label (``observed``) and the mean score (``expected``) differ.

    ``gap`` is observed less expected, ``[low, high]`` its interval, corrected for all segments that were looked at. ``loss`` is about
    what correcting it there would save, a row: for two classes in log loss, gap² / (2 p (1 − p)); for amounts in squared error, gap².
    """

    column: str
    value: str
    rows: int
    gap: float
    low: float
    high: float
    observed: float
    expected: float
    loss: float

    def __str__(self) -> str:
        where = f'"{self.column}" is {self.value}'
        return (
            f"where {where}: {self.observed:.4g} came true, {self.expected:.4g} was expected; {self.gap:+.3g} [{self.low:+.3g}, {self.high:+.3g}], "
            f"{self.rows:,} rows, about {self.loss:.2g} of loss a row"
        )


def worst(columns: "pl.DataFrame", label: Any, score: Any, day: Any, *, binary: bool, at_most: int = 8) -> list[Segment]:
    """The segments of single columns in which a model's scores are surely off, those that cost the most in total first.

    Days are the sample: the interval of a segment's mean is Student's t over its days, corrected for the number of segments
    (Bonferroni). A constant error of the whole model counts in each segment. A segment of under 20 days is not looked at.
    """
    import numpy as np

    from ninefold.stats.bootstrap import FEWEST

    residual, day = np.asarray(label - score, dtype=np.float64), np.asarray(day)
    most = MOST * len(day)
    parts = [(c, value, inside) for c in columns.columns for value, inside in _segments(columns[c]) if LEAST <= int(inside.sum()) <= most]
    parts = [(c, value, inside) for c, value, inside in parts if len(np.unique(day[inside])) >= FEWEST]
    found = []
    for column, value, inside in parts:
        low, high = _span(residual[inside], day[inside], LEVEL / len(parts))
        if low <= 0 <= high:
            continue
        observed, expected = float(label[inside].mean()), float(score[inside].mean())
        gap = observed - expected
        loss = gap**2 / (2 * max(1e-6, expected * (1 - expected))) if binary else gap**2
        found.append(Segment(column, value, int(inside.sum()), gap, low, high, observed, expected, loss))
    return sorted(found, key=lambda s: -s.loss * s.rows)[:at_most]


def _span(residual: Any, day: Any, level: float) -> tuple[float, float]:
    """The interval of a mean at 1 − ``level``, from Student's t over days: far in the tails, resampling a few dozen days is too narrow."""
    import numpy as np
    from scipy.special import stdtrit

    from ninefold.stats.bootstrap import clusters, day_sums
    from ninefold.stats.paired import ratio_error

    codes, groups, _ = clusters(day)
    sums = day_sums(np.column_stack([residual, np.ones(len(residual))]), codes, groups)
    mean = float(sums[:, 0].sum() / sums[:, 1].sum())
    half = float(stdtrit(groups - 1, 1 - level / 2)) * ratio_error(sums, mean)
    return mean - half, mean + half


def _segments(column: "pl.Series") -> list[tuple[str, Any]]:
    """The segments of a column with their rows: its values, fifths of a number with many, and where it is missing."""
    import numpy as np

    missing = column.is_null().to_numpy()
    found = [("missing", missing)] if missing.any() else []
    if not column.dtype.is_numeric() or column.n_unique() <= 2 * BINS:
        if column.n_unique() > MOST_VALUES:
            return found
        values = column.drop_nulls().unique().sort().to_list()
        return [*found, *((str(v), (column == v).fill_null(False).to_numpy()) for v in values)]
    numbers = column.cast(float).to_numpy()
    edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, BINS + 1)))
    for low, high in pairwise(edges):
        inside = (numbers >= low) & ((numbers <= high) if high == edges[-1] else (numbers < high))
        found.append((f"{low:.4g} to {high:.4g}", inside & ~missing))
    return found
