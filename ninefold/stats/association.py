"""How far two columns go together, with days as the sample: rank correlation, Cramér's V."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ninefold.stats.bootstrap import Floats, clusters, day_sums, interval, weights
from ninefold.stats.paired import student_tail


class Association(NamedTuple):
    """The coefficient, its 95 % interval and p-value by day, and what it rests on."""

    value: float
    low: float | None
    high: float | None
    p: float
    n: int
    days: int


def ranks(values: Floats) -> Floats:
    """Average ranks from 1.

    >>> ranks(np.array([10.0, 20.0, 10.0])).tolist()
    [1.5, 3.0, 1.5]
    """
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[codes.reshape(-1)]


def _pearson(sums: Floats) -> Floats:
    n, x, y, xy, xx, yy = (sums[..., i] for i in range(6))
    power = (xx - x * x / n) * (yy - y * y / n)
    return np.where(power > 1e-12, (xy - x * y / n) / np.sqrt(np.maximum(power, 1e-12)), np.nan)


def rank_correlation(x: Floats, y: Floats, day: NDArray[np.generic], *, seed: int = 0) -> Association:
    """Spearman's ρ: the correlation of ranks, ties averaged; p by Student's t of Fisher's z over its error between resampled days.

    A constant column has ρ = 0 and p = 1.
    """
    keep = np.isfinite(x) & np.isfinite(y)
    codes, groups, days = clusters(np.asarray(day)[keep])
    n = int(keep.sum())
    if n < 3 or groups < 2:
        return Association(0.0, None, None, 1.0, n, days)
    # centred ranks between −1/2 and 1/2: the sums of squares stay small
    a, b = (ranks(v[keep]) / n - 0.5 for v in (x, y))
    sums = day_sums(np.column_stack([np.ones(n), a, b, a * b, a * a, b * b]), codes, groups)
    value = float(_pearson(sums.sum(0)))
    if not math.isfinite(value):
        return Association(0.0, None, None, 1.0, n, days)
    drawn = _pearson(weights(groups, seed=seed) @ sums)
    low, high = interval(drawn)
    error = float(np.nanstd(np.arctanh(np.clip(drawn, -0.999999, 0.999999))))
    z = math.atanh(max(-0.999999, min(0.999999, value)))
    return Association(value, low, high, student_tail(z / error, groups - 1) if error > 0 else float(value == 0), n, days)


def cramers_v(x: NDArray[np.int64], y: NDArray[np.int64], day: NDArray[np.generic], *, seed: int = 0) -> Association:
    """Cramér's V of two columns of codes, corrected for its bias (Bergsma 2013).

    The p-value is that of chi-squared with the second-order correction of Rao & Scott (1984) for the days: how much the cells vary
    between days takes the place of the multinomial variance, so that unequal sizes or shared days cannot make it small.
    """
    codes, groups, days = clusters(np.asarray(day))
    rows, columns, n = int(x.max(initial=-1)) + 1, int(y.max(initial=-1)) + 1, len(x)
    if min(rows, columns) < 2 or groups < 2:
        return Association(0.0, None, None, 1.0, n, days)
    cells = np.bincount((codes * rows + x) * columns + y, minlength=groups * rows * columns)
    table = cells.reshape(groups, rows, columns).astype(np.float64)
    value = float(_v(table.sum(0)[None])[0])
    drawn = _v(np.einsum("bd,dij->bij", weights(groups, seed=seed), table, optimize=True))
    low, high = interval(drawn, estimate=value)
    if low is not None and high is not None:
        low, high = max(0.0, low), min(1.0, max(0.0, high))
    return Association(value, low, high, rao_scott(table), n, days)


def _v(tables: Floats) -> Floats:
    total = tables.sum((1, 2))
    r, c = tables.sum(2), tables.sum(1)
    expected = r[:, :, None] * c[:, None, :] / total[:, None, None]
    chi = np.divide((tables - expected) ** 2, expected, out=np.zeros_like(tables), where=expected > 0).sum((1, 2))
    i, j = (r > 0).sum(1), (c > 0).sum(1)
    phi = np.maximum(0, chi / total - (i - 1) * (j - 1) / (total - 1))
    i2, j2 = i - (i - 1) ** 2 / (total - 1), j - (j - 1) ** 2 / (total - 1)
    least = np.minimum(i2, j2) - 1
    found: Floats = np.sqrt(np.divide(phi, least, out=np.zeros_like(phi), where=least > 0))
    return found


def rao_scott(table: Floats, *, inflation: float = 1.0) -> float:
    """The p-value of "rows and columns are independent" of a table (days, rows, columns), with the days' own variation of the cells.

    ``inflation`` multiplies that variation, where neighbouring days resemble each other.
    """
    from scipy.special import fdtrc

    days, total = len(table), table.sum()
    whole = table.sum(0)
    r, c = whole.sum(1) / total, whole.sum(0) / total
    expected = total * np.outer(r, c)
    used = expected > 0
    # each day's influence on observed − expected
    influence = table - table.sum(2)[:, :, None] * c - table.sum(1)[:, None, :] * r[:, None] + table.sum((1, 2))[:, None, None] * np.outer(r, c)
    scaled = influence[:, used] / np.sqrt(expected[used])
    gram = scaled @ scaled.T * (inflation * days / (days - 1))
    mean, square = float(np.trace(gram)), float((gram**2).sum())
    statistic = float(((whole - expected)[used] ** 2 / expected[used]).sum())
    if mean <= 0 or square <= 0:
        return 1.0 if statistic <= 1e-9 else 0.0
    freedom = mean * mean / square
    return float(fdtrc(freedom, days - 1, statistic / mean))
