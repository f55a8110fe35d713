"""Metrics that a user defines: evaluated on frames, with an interval by leaving out a day at a time."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ninefold.errors import DataError
from ninefold.metrics.measurement import Measurement
from ninefold.metrics.metric import Custom
from ninefold.stats.bootstrap import FEWEST, MOST

if TYPE_CHECKING:
    import polars as pl

ROWS = "predictions"


def evaluate(
    metric: Custom,
    frames: Mapping[str, Any],
    *,
    day: str | None = None,
    rows: str = ROWS,
    name: str | None = None,
    annotations: Mapping[str, Any] | None = None,
) -> Measurement:
    """Call the metric with its frames; its interval comes from the jackknife over days.

    Args:
        metric: the custom metric.
        frames: one frame for each of its parameters, by name.
        day: the column of the frame ``rows`` with the day of each decision. That frame loses one day at a time (the others stay
            whole). Without it, or under 20 days, there is no interval.
        rows: which frame holds the decisions; where the metric has no such parameter there is no interval.
        name: how the measurement is called; by default the function's name.
        annotations: the type in which each parameter takes its frame; by default the type of the frame given.

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
    from ninefold.sources.frames import from_any

    called = name or metric.function.__name__
    kinds = annotations if annotations is not None else {n: type(frame) for n, frame in frames.items()}
    polars = {n: from_any(frame, n) for n, frame in frames.items()}
    if day is None or rows not in frames:
        return Measurement(name=called, value=_value(metric, polars, kinds, called))
    whole = polars[rows].collect()
    polars[rows] = whole.lazy()
    value = _value(metric, polars, kinds, called)
    count, days = whole.height, whole[day].drop_nulls().unique().sort()
    if value is None or count == 0 or len(days) < FEWEST:
        return Measurement(name=called, value=value if count else None, n=count, days=len(days))
    left_out = [_value(metric, {**polars, rows: left.lazy()}, kinds, called) for left in _without(whole, day)]
    low, high = jackknife(value, left_out)
    return Measurement(name=called, value=value, low=low, high=high, n=count, days=len(days))


def _value(metric: Custom, frames: "Mapping[str, pl.LazyFrame]", kinds: Mapping[str, Any], name: str) -> float | None:
    """What the metric says of frames in the types that it takes, made anew for each call: a stream of batches is read only once."""
    from ninefold.tables.frames import handed

    with handed(frames, kinds) as given:
        return number(metric(**given), name)


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


def _without(whole: "pl.DataFrame", day: str) -> "Iterator[pl.DataFrame]":
    """The rows without each day; more than 400 days are left out in as many groups of neighbouring ones."""
    import polars as pl

    days = whole[day].drop_nulls().unique().sort()
    size = -(-len(days) // MOST)
    for start in range(0, len(days), size):
        yield whole.filter(~pl.col(day).is_in(days[start : start + size].implode()))
