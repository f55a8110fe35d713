"""A version that is tried beside the champion: judged every day on the same questions, promoted or dismissed by the facts."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import numpy as np
import polars as pl

from ninefold.endpoints.records import Release
from ninefold.loop.answers import answered
from ninefold.loop.days import ends, finished
from ninefold.loop.production import Production
from ninefold.metrics.measurement import number, span
from ninefold.models.objective import Objective
from ninefold.models.records import Version
from ninefold.project.learning import Learning
from ninefold.stats.sequential import sequential_paired
from ninefold.units import many

Decision = Literal["promote", "dismiss", "hold"]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A day's verdict on a challenger. ``effect`` is the champion's loss less the challenger's, a question: positive is better."""

    decision: Decision
    effect: float | None
    low: float | None
    high: float | None
    e: float
    days: int
    n: int
    elapsed: bool
    text: str


def differences(
    production: Production,
    learning: Learning,
    objective: Objective,
    classes: Sequence[Any],
    first: Version,
    other: Version,
    since: int,
    now: int,
    after: int,
) -> tuple[list[int], list[float], list[int]]:
    """Days, the sums of champion's less challenger's loss, and the questions: mature ones that both answered, newer than both fits."""
    newer = max([since, *(int(v.body.get("as_of") or 0) for v in (first, other))])
    last = finished(now - after, learning.tz)
    while ends(last, learning.tz) + after > now:
        last -= 1
    rows = production.labelled(now, after, last=last)
    if not rows.height:
        return [], [], []
    rows = production.near(rows).filter(pl.col("q").dt.timestamp("us") >= newer)
    both = rows.filter(pl.all_horizontal(pl.col("scores").str.contains(f'"{v.version}":', literal=True) for v in (first, other)))
    losses = [answered(both, v.version, learning, objective, classes) for v in (first, other)]
    if losses[0].height != losses[1].height or not losses[0].height:
        return [], [], []
    paired = losses[0].select("__day", (pl.col("loss") - losses[1]["loss"]).alias("gain"))
    by_day = paired.group_by("__day").agg(pl.col("gain").sum(), pl.len()).sort("__day")
    return by_day["__day"].to_list(), by_day["gain"].to_list(), by_day["len"].to_list()


def judge(days: Sequence[int], sums: Sequence[float], rows: Sequence[int], release: Release, at_most: int | None, now: int, unit: str) -> Verdict:
    """The always-valid paired test by day: promote where the challenger is better, dismiss where it is worse or time is over.

    A shadow is judged at its end only: nobody gets its answers, and nothing is lost by waiting.
    """
    found = sequential_paired(np.asarray(sums, dtype=np.float64), np.asarray(rows, dtype=np.float64))
    elapsed = at_most is not None and now - release.started >= at_most
    open_ = release.kind == "shadow" and not elapsed
    decision: Decision = "hold"
    if not open_ and found.outcome == "better":
        decision = "promote"
    elif not open_ and (found.outcome == "worse" or elapsed):
        decision = "dismiss"
    said = f"{number(found.effect)}{span(found.low, found.high)} {unit} a question" if days else "nothing to compare yet"
    ending = {"promote": "it is better", "dismiss": "it is worse" if found.outcome == "worse" else "undecided in time", "hold": "goes on"}[decision]
    text = f"{release.model}@{release.version} gains {said} over {many(found.days, 'day')}: {ending}"
    effect = found.effect if days else None
    return Verdict(
        decision=decision, effect=effect, low=found.low, high=found.high, e=found.e, days=found.days, n=int(sum(rows)), elapsed=elapsed, text=text
    )
