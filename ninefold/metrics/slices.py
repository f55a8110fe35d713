"""Groups of rows, and what their values differ by."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ninefold.metrics.formula import ratio
from ninefold.metrics.inputs import is_null
from ninefold.metrics.measurement import Slice
from ninefold.metrics.metric import Better
from ninefold.metrics.rows import Array
from ninefold.stats.bootstrap import Floats, Interval, interval


class Groups(NamedTuple):
    """A code for each row, and the groups' names in the order of codes."""

    codes: NDArray[np.int64]
    names: list[str]


def groups_of(columns: Mapping[str, Array]) -> Groups:
    """The groups of one column, or the intersections of several; null is a group of its own.

    >>> groups_of({"a": np.array(["x", "y", "x"]), "b": np.array([1, 1, 2])}).names
    ['x · 1', 'x · 2', 'y · 1']
    """
    codes, names = np.zeros(1, dtype=np.int64), [""]
    for position, values in enumerate(columns.values()):
        texts = np.array(["null" if is_null(v) else str(v) for v in values.tolist()])
        own, place = np.unique(texts, return_inverse=True)
        both = codes * len(own) + place.reshape(-1)
        kept, codes = np.unique(both, return_inverse=True)
        labels = own.tolist()
        names = [(names[k // len(labels)] + " · " if position else "") + labels[k % len(labels)] for k in kept.tolist()]
    return Groups(codes.astype(np.int64).reshape(-1), names)


def spread(statistic: str, better: Better, slices: Sequence[Slice], values: list[Floats]) -> tuple[float | None, Interval]:
    """``gap`` (largest less smallest), ``ratio`` (smallest over largest) or ``worst`` over the judged groups, with its interval.

    Resampling widens the distance between the extremes, so the interval is moved back onto the estimate. A gap or a ratio needs
    two judged groups.
    """
    judged = [s.value for s in slices if s.judged and s.value is not None]
    if len(judged) < (1 if statistic == "worst" else 2):
        return None, Interval(None, None)
    estimate = float(_over(statistic, better, np.array(judged)[:, None])[0])
    if not np.isfinite(estimate):
        return None, Interval(None, None)
    if len(values) != len(judged):
        return estimate, Interval(None, None)
    low, high = interval(_over(statistic, better, np.array(values)), estimate=estimate)
    if statistic == "worst" or low is None or high is None:
        return estimate, Interval(low, high)
    return estimate, Interval(max(0.0, low), high if statistic == "gap" else min(1.0, high))


def _over(statistic: str, better: Better, values: Floats) -> Floats:
    largest, smallest = values.max(0), values.min(0)
    if statistic == "gap":
        return np.asarray(largest - smallest)
    if statistic == "ratio":
        return ratio(smallest, largest)
    return np.asarray(smallest if better == "higher" else largest)
