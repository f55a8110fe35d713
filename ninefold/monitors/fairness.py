"""The bias check: a metric by group and by intersections of groups, with its uncertainty."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from ninefold.metrics.measure import Slice, measure_groups
from ninefold.metrics.metric import Kind, Metric
from ninefold.metrics.rows import array
from ninefold.monitors.finding import Finding
from ninefold.stats.bootstrap import FEWEST, Floats


def bias(
    metric: Metric,
    truth: Any,
    score: Any,
    *,
    by: Mapping[str, Any],
    day: Any,
    limit: float,
    today: int,
    decision: Any = None,
    threshold: float | None = None,
    kind: Kind | None = None,
    classes: Sequence[Any] | None = None,
) -> list[Finding]:
    """The gap of a metric between the groups of each column of ``by``, and between the intersections of every two of them.

    An *alarm* is raised only where the lower bound of the gap lies above ``limit``. The largest less the smallest of many groups is large
    by chance alone, so what equal groups would show is taken off first. Groups with under ``metric.at_least`` rows are not judged; under
    20 days nothing is. Where only the estimate is above the limit the group is watched.
    """
    found = []
    for names in [(n,) for n in by] + list(combinations(by, 2)):
        columns = {n: by[n] for n in names}
        plain = metric.configured(list(names), None)
        given = {"kind": kind, "decision": decision, "threshold": threshold, "classes": classes}
        slices, values, days = measure_groups(plain, truth, score, by=columns, day=array(day), **given)
        if days < FEWEST or len(values) < 2:
            continue
        estimate, low = gap(slices, values)
        if estimate > limit:
            found.append(_finding(metric, " and ".join(names), slices, estimate, low, limit, today))
    return found


def gap(slices: Sequence[Slice], values: Sequence[Floats]) -> tuple[float, float]:
    """The gap between groups less what equal groups would show on average, and its lower 95 % bound; neither below 0."""
    drawn = np.array(values)
    drawn = drawn[:, np.isfinite(drawn).all(0)]
    estimates = np.array([s.value for s in slices], dtype=np.float64)
    noise = drawn - drawn.mean(1, keepdims=True)
    equal = float((noise.max(0) - noise.min(0)).mean())
    seen = float(estimates.max() - estimates.min())
    resampled = drawn.max(0) - drawn.min(0)
    low = float(np.quantile(resampled, 0.025)) - (float(resampled.mean()) - seen) - equal
    return max(0.0, seen - equal), max(0.0, low)


def _finding(metric: Metric, name: str, slices: Sequence[Slice], estimate: float, low: float, limit: float, today: int) -> Finding:
    ordered = sorted((s for s in slices if s.value is not None), key=lambda s: s.value or 0.0)
    least, most = ordered[0], ordered[-1]
    text = (
        f"{metric.name} by {name}: {least.by} {least.value:.3g}, {most.by} {most.value:.3g}; "
        f"the gap beyond chance is {estimate:.3g}, at least {low:.3g}, where {limit:g} is allowed"
    )
    return Finding(
        check="bias",
        subject=f"{metric.name} by {name}",
        score=low,
        limit=limit,
        since=today,
        severity="alarm" if low > limit else "watch",
        text=text,
        details={"gap": estimate, "groups": {s.by: s.value for s in ordered}},
    )
