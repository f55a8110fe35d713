"""Histograms that add up: a window's counts on the reference's grid, so that hours make days and partitions make tables, exactly."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ninefold.errors import DataError
from ninefold.stats.bootstrap import Floats

BINS, TOP, REST = 256, 1_000, 50_000


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """Where a reference's values lie.

    Numbers: ``edges`` between at most 256 bins of equal counts (a value on an edge belongs to the lower bin), and each bin's mean.
    Categories: the 1,000 commonest ``values``; then two bins for *other* (``rest``: what else the reference had) and *unseen*.
    """

    kind: Literal["number", "category"]
    edges: tuple[float, ...] = ()
    means: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()

    @property
    def bins(self) -> int:
        return len(self.edges) + 1 if self.kind == "number" else len(self.values) + 2


class Histogram(msgspec.Struct, frozen=True, kw_only=True):
    """Counts by bin, beside nulls, NaNs, and the smallest and largest number. ``+`` adds two of the same grid."""

    counts: tuple[int, ...]
    null: int = 0
    nan: int = 0
    low: float | None = None
    high: float | None = None

    @property
    def n(self) -> int:
        return sum(self.counts) + self.null + self.nan

    def __add__(self, other: "Histogram") -> "Histogram":
        if len(self.counts) != len(other.counts):
            raise DataError(f"histograms of {len(self.counts)} and {len(other.counts)} bins do not add up", hint="count both on one grid")
        return Histogram(
            counts=tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)),
            null=self.null + other.null,
            nan=self.nan + other.nan,
            low=min((v for v in (self.low, other.low) if v is not None), default=None),
            high=max((v for v in (self.high, other.high) if v is not None), default=None),
        )

    def array(self) -> Floats:
        return np.asarray(self.counts, dtype=np.float64)


def number_grid(values: NDArray[np.generic], *, bins: int = BINS) -> Grid:
    """The grid of a reference column of numbers; NaN is left out. Few distinct values get a bin each.

    >>> number_grid(np.array([1.0, 1.0, 2.0, 5.0])).edges
    (1.0, 2.0)
    """
    finite = np.asarray(values, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    if len(finite) == 0:
        return Grid(kind="number", means=(0.0,))
    distinct = np.unique(finite)
    edges = distinct[:-1] if len(distinct) <= bins else np.unique(np.quantile(finite, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    place = np.searchsorted(edges, finite, side="left")
    sums, counts = np.bincount(place, weights=finite, minlength=len(edges) + 1), np.bincount(place, minlength=len(edges) + 1)
    means = np.divide(sums, counts, out=np.full(len(sums), float(edges[-1]) if len(edges) else float(finite[0])), where=counts > 0)
    return Grid(kind="number", edges=tuple(edges.tolist()), means=tuple(means.tolist()))


def number_histogram(grid: Grid, values: NDArray[np.generic], *, null: int = 0) -> Histogram:
    """Count numbers on a grid. Infinite values fall into the outer bins.

    >>> number_histogram(number_grid(np.array([1.0, 2.0, 5.0])), np.array([0.0, 2.0, 9.0, np.nan])).counts
    (1, 1, 1)
    """
    floats = np.asarray(values, dtype=np.float64)
    known = floats[~np.isnan(floats)]
    place = np.searchsorted(np.asarray(grid.edges), known, side="left")
    counts = np.bincount(place, minlength=grid.bins)
    low, high = (float(known.min()), float(known.max())) if len(known) else (None, None)
    return Histogram(counts=tuple(counts.tolist()), null=null, nan=len(floats) - len(known), low=low, high=high)


def category_grid(counts: Mapping[str, int], *, top: int = TOP) -> Grid:
    """The grid of a reference column of texts, from the count of each value.

    >>> category_grid({"a": 3, "b": 5}, top=1)
    Grid(kind='category', edges=(), means=(), values=('b',), rest=('a',))
    """
    order = sorted(counts, key=lambda v: (-counts[v], v))
    return Grid(kind="category", values=tuple(order[:top]), rest=tuple(order[top : top + REST]))


def category_histogram(grid: Grid, counts: Mapping[str, int], *, null: int = 0) -> Histogram:
    """Put the counts of a window's values on a grid. Past 50,000 further values of the reference, *other* and *unseen* are not told apart.

    >>> category_histogram(category_grid({"a": 3, "b": 5}, top=1), {"a": 1, "b": 2, "z": 4}).counts
    (2, 1, 4)
    """
    found = [int(counts.get(v, 0)) for v in grid.values]
    top, rest = set(grid.values), set(grid.rest)
    other = sum(c for v, c in counts.items() if v not in top and v in rest)
    unseen = sum(c for v, c in counts.items() if v not in top and v not in rest)
    if len(rest) >= REST:
        other, unseen = other + unseen, 0
    return Histogram(counts=(*found, other, unseen), null=null)


def total(histograms: Sequence[Histogram]) -> Histogram | None:
    """The sum of histograms of one grid; None of none."""
    if not histograms:
        return None
    counts = np.sum([h.counts for h in histograms], axis=0)
    lows, highs = [h.low for h in histograms if h.low is not None], [h.high for h in histograms if h.high is not None]
    return Histogram(
        counts=tuple(int(c) for c in counts),
        null=sum(h.null for h in histograms),
        nan=sum(h.nan for h in histograms),
        low=min(lows, default=None),
        high=max(highs, default=None),
    )
