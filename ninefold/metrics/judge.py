"""Judge a criterion by a measurement: met, not met, or not yet known and how many more outcomes it takes."""

import math
from typing import Any

import msgspec

from ninefold.errors import DeclarationError
from ninefold.metrics.measurement import Measurement, number, span
from ninefold.problems.criterion import Baseline, Criterion, Verdict, verdict
from ninefold.stats.bootstrap import FEWEST
from ninefold.units import duration

FAR = 10
"""Where it would take more than so many times as many outcomes, time alone will not tell, and the text says so."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A criterion's verdict, with the numbers that it was given for. Over a baseline all numbers are shares of it.

    ``needs`` is how many more outcomes it takes, about, at the present estimate; None where none would settle it, or none is needed.
    """

    criterion: str
    verdict: Verdict
    value: float | None
    low: float | None
    high: float | None
    limit: float
    n: int = 0
    days: int = 0
    needs: int | None = None
    text: str = ""

    def __str__(self) -> str:
        return self.text


def limit_of(limit: float | str | Baseline) -> float:
    """The number that a criterion compares with; a duration in seconds, a baseline as a share.

    >>> limit_of("20ms"), limit_of(0.7)
    (0.02, 0.7)
    """
    if isinstance(limit, Baseline):
        return limit.factor
    return duration(limit) / 1e6 if isinstance(limit, str) else float(limit)


def judge(criterion: Criterion, measurement: Measurement | None) -> Judged:
    """Judge one criterion. No measurement, no value, or no interval: not yet known.

    Raises DeclarationError where a criterion compares with the baseline and the metric has no constant policy.

    >>> import ninefold as nf
    >>> from ninefold.metrics.measurement import Measurement
    >>> found = Measurement(name="roc_auc", value=0.74, low=0.72, high=0.76, n=25_000, days=90)
    >>> print(judge(nf.roc_auc >= 0.70, found))
    roc_auc >= 0.7: met, 0.74 [0.72, 0.76]
    >>> print(judge(nf.roc_auc >= 0.73, found))
    roc_auc >= 0.73: not yet known, 0.74 [0.72, 0.76]; about 75,000 more outcomes would tell
    """
    limit = limit_of(criterion.limit)
    if measurement is None or measurement.value is None:
        return _nothing(criterion, measurement, limit, "there is nothing to measure yet")
    value, low, high = measurement.value, measurement.low, measurement.high
    if isinstance(criterion.limit, Baseline):
        if measurement.relative is None and measurement.baseline is None:
            raise DeclarationError(f"{criterion}: {measurement.name} has no constant policy", hint="compare nf.cost or a loss with nf.baseline")
        if measurement.relative is None:
            return _nothing(criterion, measurement, limit, f"the baseline is {number(measurement.baseline)}, and nothing is a share of that")
        value = measurement.relative
        low, high = measurement.relative_low, measurement.relative_high
    found = verdict(criterion.op, low, high, limit)
    needs = more_outcomes(value, low, high, limit, measurement.n, measurement.days) if found == "not yet known" else None
    return Judged(
        criterion=str(criterion),
        verdict=found,
        value=value,
        low=low,
        high=high,
        limit=limit,
        n=measurement.n,
        days=measurement.days,
        needs=needs,
        text=_text(criterion, found, value, low, high, needs, measurement),
    )


def _nothing(criterion: Criterion, measurement: Measurement | None, limit: float, why: str) -> Judged:
    return Judged(
        criterion=str(criterion),
        verdict="not yet known",
        value=None,
        low=None,
        high=None,
        limit=limit,
        n=measurement.n if measurement else 0,
        days=measurement.days if measurement else 0,
        text=f"{criterion}: not yet known, {why}",
    )


def more_outcomes(value: float, low: float | None, high: float | None, limit: float, n: int, days: int) -> int | None:
    """How many more outcomes, about, until the interval leaves the limit: its half-width shrinks as 1/√n, and 20 days are the least.

    >>> more_outcomes(0.75, 0.65, 0.85, 0.70, 1000, 40)
    3000
    """
    if low is None or high is None:
        return math.ceil(n / days * (FEWEST - days)) if 0 < days < FEWEST else None
    distance = abs(value - limit)
    # the side of the interval that holds the limit is the one that has to shrink
    half = high - value if value <= limit else value - low
    if distance <= 0 or half <= 0 or not math.isfinite(distance):
        return None
    more = n * ((half / distance) ** 2 - 1)
    return max(1, math.ceil(round(more, 6))) if more < 1000 * n else None


def _text(criterion: Any, found: str, value: float, low: float | None, high: float | None, needs: int | None, seen: Measurement) -> str:
    share = " of the baseline" if isinstance(criterion.limit, Baseline) else ""
    text = f"{criterion}: {found}, {_shown(criterion, value, low, high)}{share}"
    if found != "not yet known":
        return text
    if low is None:
        text += f"; {seen.days} of at least {FEWEST} days seen" if 0 < seen.days < FEWEST else "; too few for an interval"
    if needs is not None and needs > FAR * seen.n:
        return f"{text}; the estimate lies near the limit: only about {round(needs / seen.n):,} times as many outcomes would tell"
    if needs is not None:
        return f"{text}; about {needs:,} more outcomes would tell"
    return text + ("; the estimate lies at the limit, more outcomes alone may not tell" if low is not None else "")


def _shown(criterion: Any, value: float, low: float | None, high: float | None) -> str:
    """The value and its interval; seconds that are compared with a duration in milliseconds."""
    if not isinstance(criterion.limit, str):
        return f"{number(value)}{span(low, high)}"
    ends = [v if v is None else 1000 * v for v in (low, high)]
    return f"{number(1000 * value)} ms{span(*ends)}"
