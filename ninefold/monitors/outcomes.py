"""The quality check: do outcomes come as the scores said, and are the criteria still met?

Two triggers, and either raises the alarm:

- **Calibration.** The daily mean of outcome − score against the days of the evidence (the test span), by the detector of
  ``stats.detector``: one series, so its limit is small, and two or three bad days within a week are enough. The limit follows from
  the budget of false alarms and nothing else; the gate was fixed on quiet months (no alarm in 92 days), before any month that it judged.
- **Criteria.** A criterion that production judges *not met* over its window.

Loss is reported beside them. It triggers nothing by itself: a month in which what is predicted is simply more frequent has a higher
loss without the model being worse.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from ninefold.metrics.judge import Judged
from ninefold.metrics.measurement import number
from ninefold.monitors.finding import Finding, day_text, detector_limit, weekday
from ninefold.stats.bootstrap import Floats
from ninefold.stats.detector import FEWEST_WINDOWS, watch

SPAN = 7
"""The size is that of the last week's mean."""
GATE = 0.5
"""The last week's mean must be off by at least half of a day's ordinary spread …"""
LEAST = 0.02
"""… and, for probabilities, by two percentage points."""


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """Mature questions by the day of their decision, in order: how many, the sum of outcome − score, and the sum of the loss.

    The first ``reference`` days are those of the evidence (test rows scored by the fit that the evidence was measured with); the others
    production. ``scale`` is None for probabilities, for numbers their standard deviation in training.
    """

    days: tuple[int, ...]
    n: tuple[int, ...]
    residual: tuple[float, ...]
    loss: tuple[float, ...]
    reference: int
    scale: float | None = None


def quality(outcomes: Outcomes, judged: Sequence[Judged] = (), *, budget: str = "1 per quarter", today: int | None = None) -> list[Finding]:
    """Look at the outcomes known so far and at the criteria as production judges them. Without outcomes: nothing to say."""
    last = today if today is not None else (outcomes.days[-1] if outcomes.days else 0)
    return [*_calibration(outcomes, budget), *_criteria(judged, last)]


def _calibration(outcomes: Outcomes, budget: str) -> list[Finding]:
    kept = [i for i, n in enumerate(outcomes.n) if n > 0]
    reference = sum(i < outcomes.reference for i in kept)
    if reference < FEWEST_WINDOWS or len(kept) <= reference:
        return []
    n = np.array([outcomes.n[i] for i in kept], dtype=np.float64)
    unit = outcomes.scale or 1.0
    residual = np.array([outcomes.residual[i] for i in kept]) / unit
    days = [outcomes.days[i] for i in kept]
    daily, usual, gate, sizes = residual_sizes(residual, n, reference, variance=0.25 if outcomes.scale is None else 1.0)
    limit = detector_limit(1, budget)
    last = watch(daily[:, None], [weekday(d) for d in days], sizes, reference=reference, limit=limit, gate=gate)[-1]
    if not (last.open or last.watch):
        return []
    since = days[min(last.since, len(days) - 1)]
    span = slice(max(reference, last.since), None)
    off = float(residual[span].sum() / n[span].sum()) - usual
    more = "more" if off > 0 else "less"
    by = f"{100 * abs(off):.1f} percentage points" if outcomes.scale is None else f"{number(abs(off) * unit)} a question"
    text = f"since {day_text(since)} what was predicted came out {more} than the scores said, by {by}"
    return [
        Finding(
            check="quality",
            subject="calibration",
            score=last.m,
            limit=limit,
            since=since,
            severity="alarm" if last.open else "watch",
            text=text,
            details={"off": off * unit, "size": last.size, "gate": gate, **_loss(outcomes, kept, reference, since)},
        )
    ]


def residual_sizes(residual: Floats, n: Floats, reference: int, *, variance: float = 0.25) -> tuple[Floats, float, float, list[float]]:
    """The daily means, the mean of the reference, the gate, and each day's size: how far the last week's mean lies from the reference's,
    its sampling error (of rows with at most this ``variance``) taken off.
    """
    daily = residual / n
    usual = float(residual[:reference].sum() / n[:reference].sum())
    spread = float(np.std(daily[:reference], ddof=1))
    sizes = []
    for t in range(len(daily)):
        week = slice(max(0, t - SPAN + 1), t + 1)
        mean, rows = float(residual[week].sum() / n[week].sum()), float(n[week].sum())
        sizes.append(max(0.0, abs(mean - usual) - math.sqrt(variance / rows)))
    return daily, usual, max(GATE * spread, LEAST), sizes


def _loss(outcomes: Outcomes, kept: list[int], reference: int, since: int) -> dict[str, float]:
    before, after = kept[:reference], [i for i in kept[reference:] if outcomes.days[i] >= since]
    spans = {"loss_before": before, "loss_since": after}
    return {name: sum(outcomes.loss[i] for i in part) / sum(outcomes.n[i] for i in part) for name, part in spans.items() if part}


def _criteria(judged: Sequence[Judged], day: int) -> list[Finding]:
    """A criterion that production does not meet; one whose estimate lies on the wrong side is watched."""
    found = []
    for one in judged:
        if one.value is None:
            continue
        wrong = one.value < one.limit if ">=" in one.criterion else one.value > one.limit
        if one.verdict == "not met" or (one.verdict == "not yet known" and wrong):
            found.append(
                Finding(
                    check="quality",
                    subject=one.criterion,
                    score=one.value,
                    limit=one.limit,
                    since=day,
                    severity="alarm" if one.verdict == "not met" else "watch",
                    text=f"in production {one.text}",
                    details={"low": one.low, "high": one.high, "n": one.n, "days": one.days},
                )
            )
    return found
