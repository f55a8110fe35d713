"""Intervals by resampling whole days, from per-day sums.

Rows of one day share their weather, their campaign, their outage: resampling rows is confidently wrong. So days (or the
entities whose rows repeat) are drawn with replacement, and every statistic that is a function of sums can be computed from
``weights @ per-day sums`` for all resamples at once (Efron & Tibshirani 1993, chapter 8; Cameron, Gelbach & Miller 2008).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
FEWEST = 20
"""Under so many days no interval is given: too few to know how much days differ."""
MOST = 400
"""More clusters than this are put together at random, so that memory stays bounded; whole clusters stay whole."""

Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """The central ``level`` of a statistic's resamples; both None where nothing can be said yet."""

    low: float | None
    high: float | None


def clusters(day: NDArray[np.generic], *, most: int = MOST, seed: int = 0) -> tuple[NDArray[np.int64], int, int]:
    """Codes 0…groups−1 of the rows' days, the number of groups, and the number of distinct days.

    >>> codes, groups, days = clusters(np.array([7, 7, 9]))
    >>> codes.tolist(), groups, days
    ([0, 0, 1], 2, 2)
    """
    distinct, codes = np.unique(day, return_inverse=True)
    codes = codes.astype(np.int64).reshape(-1)
    days = len(distinct)
    if days <= most:
        return codes, days, days
    place = np.random.default_rng(seed).permutation(days) % most
    return place[codes], most, days


def weights(days: int, *, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """How often each resample draws each day: (resamples, days), every row sums to ``days``; the same seed, the same draws."""
    return np.random.default_rng(seed).multinomial(days, np.full(days, 1.0 / days), size=resamples).astype(np.float64)


def day_sums(values: Floats, codes: NDArray[np.int64], days: int) -> Floats:
    """Sums of each column of ``values`` (rows, columns) by day: (days, columns).

    >>> day_sums(np.array([[1.0], [2.0], [4.0]]), np.array([0, 0, 1]), 2).tolist()
    [[3.0], [4.0]]
    """
    found = np.empty((days, values.shape[1]))
    for column in range(values.shape[1]):
        found[:, column] = np.bincount(codes, weights=values[:, column], minlength=days)
    return found


def interval(resampled: Floats, *, level: float = 0.95, estimate: float | None = None) -> Interval:
    """The percentile interval of resampled values; those that are NaN (no positives drawn, say) are left out, at most half.

    With ``estimate`` the interval is moved so that the resamples' mean lies on it: for a maximum less a minimum, which resampling
    itself makes larger.

    >>> interval(np.arange(1001.0), level=0.5)
    Interval(low=250.0, high=750.0)
    """
    kept = resampled[np.isfinite(resampled)]
    if len(kept) < max(1, len(resampled) // 2):
        return Interval(None, None)
    tail = (1 - level) / 2
    low, high = (float(v) for v in np.quantile(kept, [tail, 1 - tail]))
    if estimate is not None:
        shift = float(kept.mean()) - estimate
        low, high = low - shift, high - shift
    return Interval(low, high)
