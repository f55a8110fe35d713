"""``nf.differs``: does a metric differ between the groups of a column?"""

from typing import Any

import numpy as np

from ninefold.hypotheses.verdict import Tested, tested, undecided
from ninefold.metrics.measure import measure_groups
from ninefold.metrics.metric import Metric
from ninefold.stats.bootstrap import FEWEST, Floats


def differs(metric: Metric, truth: Any, score: Any, *, by: Any, day: Any, **given: Any) -> Tested:
    """Test that the groups with enough rows do not all have the same value.

    Hotelling's T² of the differences to the first group, their covariance from resampled days (the same days for all groups, so
    that what the groups share cancels). The effect is the gap between the largest and the smallest group.
    """
    slices, values, days = measure_groups(metric, truth, score, by=by, day=day, **given)
    n, unit = sum(s.n for s in slices), f"gap of {metric.name}"
    if days < FEWEST:
        return undecided(f"{days} of at least {FEWEST} days seen", n=n, days=days, unit=unit, claim="any")
    if len(slices) < 2:
        return undecided(f"fewer than two groups have {metric.at_least} rows to judge", n=n, days=days, unit=unit, claim="any")
    drawn = np.array(values)
    drawn = drawn[:, np.isfinite(drawn).all(0)]
    estimates = np.array([s.value for s in slices], dtype=np.float64)
    gaps = drawn.max(0) - drawn.min(0)
    effect = float(estimates.max() - estimates.min())
    shift = float(gaps.mean()) - effect
    low, high = (max(0.0, float(q) - shift) for q in np.quantile(gaps, [0.025, 0.975]))
    return tested(effect, low, high, equal_p(estimates, drawn, days), n=n, days=days, unit=unit, claim="any")


def equal_p(estimates: Floats, drawn: Floats, days: int) -> float:
    """The p-value of "all groups are equal": Hotelling's T² with days − 1 degrees of freedom; 1 where there are too few days for so
    many groups.
    """
    from scipy.special import fdtrc

    difference, resampled = estimates[1:] - estimates[0], drawn[1:] - drawn[0]
    covariance = np.atleast_2d(np.cov(resampled))
    size, freedom = len(difference), days - 1
    if freedom <= size:
        return 1.0
    squared = float(difference @ np.linalg.pinv(covariance, rcond=1e-10) @ difference)
    return float(fdtrc(size, freedom - size + 1, squared * (freedom - size + 1) / (freedom * size)))
