"""Is one thing better than another on the same rows? Paired differences, summed by day."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ninefold.stats.bootstrap import FEWEST, Floats, clusters, day_sums, interval, weights


class Paired(NamedTuple):
    """The mean difference a row, its 95 % interval by day, the two-sided p-value, and what it rests on."""

    effect: float
    low: float | None
    high: float | None
    se: float
    p: float
    days: int
    n: int


def student_tail(t: float, freedom: float) -> float:
    """P(|T| ≥ |t|) of Student's t.

    >>> round(student_tail(2.0, 1e9), 4)
    0.0455
    """
    from scipy.special import stdtr

    return float(2 * stdtr(freedom, -abs(t)))


def paired_by_day(difference: NDArray[np.generic], day: NDArray[np.generic], *, seed: int = 0) -> Paired:
    """The mean of ``difference`` (loss of the one less loss of the other, a row), tested with days as the sample.

    The mean is a ratio Σ sums / Σ rows of days, its standard error is that of the days' residuals (Cochran 1977, section 6.4),
    ``p`` from Student's t with days − 1 degrees of freedom, the interval from resampled days (under 20 days from t).
    A difference that is the same on every day has p = 0, one that is 0 on every row p = 1.

    >>> test = paired_by_day(np.array([1.0, 1.2, 0.9, 1.1]), np.array([1, 1, 2, 2]))
    >>> round(test.effect, 2), test.days
    (1.05, 2)
    """
    values = np.asarray(difference, dtype=np.float64)
    keep = np.isfinite(values)
    values = values[keep]
    codes, groups, days = clusters(np.asarray(day)[keep])
    if len(values) == 0 or groups < 2:
        effect = float(values.mean()) if len(values) else math.nan
        return Paired(effect, None, None, math.nan, 1.0, days, len(values))
    sums = day_sums(np.column_stack([values, np.ones(len(values))]), codes, groups)
    effect = float(sums[:, 0].sum() / sums[:, 1].sum())
    se = ratio_error(sums, effect)
    p = student_tail(effect / se, groups - 1) if se > 0 else (1.0 if effect == 0 else 0.0)
    low, high = _interval(sums, effect, se, groups, seed)
    return Paired(effect, low, high, se, p, days, len(values))


def ratio_error(sums: Floats, effect: float) -> float:
    """The standard error of Σ sums / Σ rows over days that are independent of each other."""
    days = len(sums)
    residuals = sums[:, 0] - effect * sums[:, 1]
    return math.sqrt(days / (days - 1) * float((residuals**2).sum())) / float(sums[:, 1].sum())


def _interval(sums: Floats, effect: float, se: float, groups: int, seed: int) -> tuple[float | None, float | None]:
    if groups >= FEWEST:
        drawn = weights(groups, seed=seed) @ sums
        return interval(drawn[:, 0] / drawn[:, 1])
    from scipy.special import stdtrit

    half = float(stdtrit(groups - 1, 0.975)) * se
    return effect - half, effect + half
