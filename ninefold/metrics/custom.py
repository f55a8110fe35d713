"""Metrics that a user defines: evaluated on frames, with an interval by leaving out a day at a time."""

import math
from collections.abc import Mapping
from typing import Any

from ninefold.errors import DataError
from ninefold.metrics.measurement import Measurement
from ninefold.metrics.metric import Custom
from ninefold.stats.bootstrap import FEWEST, MOST

ROWS = "predictions"


def evaluate(metric: Custom, frames: Mapping[str, Any], *, day: str | None = None, rows: str = ROWS, name: str | None = None) -> Measurement:
    """Call the metric with its frames; its interval comes from the jackknife over days.

    Args:
        metric: the custom metric.
        frames: one frame for each of its parameters, by name.
        day: the column of the frame ``rows`` with the day of each decision. That frame loses one day at a time (the others stay
            whole): a polars, or anything that polars reads. Without it, or under 20 days, there is no interval.
        rows: which frame holds the decisions; where the metric has no such parameter there is no interval.
        name: how the measurement is called; by default the function's name.

    With D days, value θ and the values θ_d without day d, the error is √((D − 1)/D · Σ(θ_d − mean)²) (Efron & Stein 1981), and the
    interval θ ± t_{0.975, D−1} times it. None, NaN or no rows: no value, not yet known.

    >>> import ninefold as nf, polars as pl
    >>> @nf.metric(better="higher")
    ... def taken(predictions: pl.LazyFrame) -> float:
    ...     return predictions.select(pl.col("accepted").mean()).collect().item()
    >>> frame = pl.DataFrame({"accepted": [True, False] * 30, "day": [d for d in range(30) for _ in (0, 1)]})
    >>> print(evaluate(taken, {"predictions": frame.lazy()}, day="day"))
    taken 0.5 [0.5, 0.5] · 60 rows, 30 days
    """
    called = name or metric.function.__name__
    value = number(metric(**frames), called)
    if day is None or rows not in frames:
        return Measurement(name=called, value=value)
    whole = _eager(frames[rows])
    count, days = whole.height, whole[day].drop_nulls().unique().sort()
    if value is None or count == 0 or len(days) < FEWEST:
        return Measurement(name=called, value=value if count else None, n=count, days=len(days))
    left_out = _without(metric, frames, rows, whole, day, called)
    low, high = jackknife(value, left_out)
    return Measurement(name=called, value=value, low=low, high=high, n=count, days=len(days))


def number(value: Any, name: str) -> float | None:
    """What a custom metric returned, as a number; None and NaN are "not yet known".

    >>> number(0.5, "m"), number(None, "m"), number(float("nan"), "m")
    (0.5, None, None)
    """
    if value is None:
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise DataError(
            f"the metric {name} returned {type(value).__name__}", hint="return a number, or None where there is none yet", where=name
        ) from None
    return found if math.isfinite(found) else None


def jackknife(value: float, left_out: list[float | None]) -> tuple[float | None, float | None]:
    """The 95 % interval of a value from its values without each group; None where leaving one out leaves nothing."""
    from scipy.special import stdtrit

    known = [v for v in left_out if v is not None]
    groups = len(left_out)
    if len(known) < groups or groups < 2:
        return None, None
    mean = sum(known) / groups
    error = math.sqrt((groups - 1) / groups * sum((v - mean) ** 2 for v in known))
    half = float(stdtrit(groups - 1, 0.975)) * error
    return value - half, value + half


def _eager(frame: Any) -> Any:
    import polars as pl

    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    return frame if isinstance(frame, pl.DataFrame) else pl.DataFrame(frame)


def _without(metric: Custom, frames: Mapping[str, Any], rows: str, whole: Any, day: str, name: str) -> list[float | None]:
    """The value without each day; more than 400 days are left out in as many groups of neighbouring ones."""
    import polars as pl

    days = whole[day].drop_nulls().unique().sort()
    size = -(-len(days) // MOST)
    lazy = isinstance(frames[rows], pl.LazyFrame)
    found = []
    for start in range(0, len(days), size):
        left = whole.filter(~pl.col(day).is_in(days[start : start + size].implode()))
        given = left.lazy() if lazy else left if isinstance(frames[rows], pl.DataFrame) else type(frames[rows])(left)
        found.append(number(metric(**{**frames, rows: given}), name))
    return found
