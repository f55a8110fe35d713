"""Production beside the reference, day by day, for the version that answers: what drift and quality look at."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import polars as pl

from ninefold.loop.answers import answered, score_of
from ninefold.loop.days import day_of, ends, finished
from ninefold.loop.production import Production, values_of
from ninefold.loop.reference import SCORE, Reference
from ninefold.models.objective import Objective
from ninefold.monitors.columns import histogram_of
from ninefold.monitors.distributions import History
from ninefold.monitors.outcomes import Outcomes
from ninefold.project.learning import Learning
from ninefold.stats.histogram import Histogram

MOST_DAYS = 120


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """A day whose questions are all mature: how many were asked, settled and void; sums over the settled ones."""

    day: int
    asked: int
    n: int
    void: int
    score: float
    outcome: float
    residual: float
    loss: float

    def body(self) -> dict[str, Any]:
        """As a fact keeps it: means, and the counts that they rest on."""
        means = {k: round(getattr(self, k) / self.n, 6) if self.n else None for k in ("score", "outcome", "residual", "loss")}
        return {"day": self.day, "asked": self.asked, "n": self.n, "void": self.void, **means}


class Series:
    """Days of production of one version. ``since`` is when it began to answer, µs: earlier days are another version's."""

    def __init__(self, reference: Reference, learning: Learning, objective: Objective, classes: Sequence[Any], since: int | None) -> None:
        self.reference, self.learning, self.objective, self.classes, self.since = reference, learning, objective, classes, since
        self._windows: dict[int, dict[str, Histogram]] = {}
        self._numbers: dict[int, Numbers] = {}

    def add(self, fresh: pl.DataFrame) -> None:
        """Count new answers on the reference's grids."""
        if self.since is not None and fresh.height:
            fresh = fresh.filter(pl.col("q").dt.timestamp("us") >= self.since)
        if not fresh.height:
            return
        scores = score_of(fresh, self.reference.version, self.learning.kind).alias(SCORE)
        types = {c: t for c, t in self.reference.types.items() if c != SCORE}
        frame = values_of(fresh, types).with_columns(scores, fresh["__day"])
        for (day,), part in frame.partition_by("__day", as_dict=True).items():
            before = self._windows.get(int(day), {})
            made = {c: histogram_of(self.reference.grids[c], part[c]) for c in self.reference.grids}
            self._windows[int(day)] = {c: before[c] + h if c in before else h for c, h in made.items()}

    def complete(self, production: Production, now: int, after: int, *, learn: Callable[[pl.DataFrame], None] | None = None) -> list[Numbers]:
        """Add up the days whose questions have all become mature since the last look; ``learn`` is given their rows."""
        tz = self.learning.tz
        last = finished(now - after, tz)
        while ends(last, tz) + after > now:
            last -= 1
        first = max(self._numbers) + 1 if self._numbers else min(self._windows, default=last + 1)
        if self.since is not None:
            first = max(first, day_of(self.since, tz))
        if first > last:
            return []
        rows = production.labelled(now, after, first=first, last=last)
        if not rows.height:
            return []
        near = production.near(rows)
        if learn is not None:
            learn(near)
        told = answered(near, self.reference.version, self.learning, self.objective, self.classes)
        sums = told.group_by("__day").agg(
            pl.len().alias("n"), pl.col("score").sum(), pl.col("truth").sum().alias("outcome"), pl.col("residual").sum(), pl.col("loss").sum()
        )
        asked = near.group_by("__day").agg(pl.len().alias("asked"), (pl.col("__state") == "void").sum().alias("void"))
        found = [
            Numbers(day=row.pop("__day"), **{k: v or 0 for k, v in row.items()})
            for row in asked.join(sums, on="__day", how="left").sort("__day").iter_rows(named=True)
        ]
        self._numbers |= {one.day: one for one in found}
        return found

    def histories(self, now: int) -> list[History]:
        """Each column's days: the reference's, then those of production that are over."""
        last = finished(now, self.learning.tz)
        ref = self.reference
        days = self._whole([d for d in sorted(self._windows) if d <= last], lambda d: self._windows[d][SCORE].n)
        return [
            History(
                column=c,
                grid=ref.grids[c],
                days=(*ref.days, *days),
                reference=len(ref.days),
                windows=(*ref.windows[c], *(self._windows[d][c] for d in days)),
            )
            for c in ref.grids
        ]

    def outcomes(self) -> Outcomes:
        """The outcomes of the reference, then of production."""
        ref = self.reference
        days = self._whole(sorted(self._numbers), lambda d: self._numbers[d].n)
        told = [self._numbers[d] for d in days]
        return Outcomes(
            days=(*ref.days, *days),
            n=(*ref.n, *(t.n for t in told)),
            residual=(*ref.residual, *(t.residual for t in told)),
            loss=(*ref.loss, *(t.loss for t in told)),
            reference=len(ref.days),
            scale=ref.scale,
        )

    def volume(self, day: int) -> int:
        """How many questions were asked on a day."""
        return self._windows[day][SCORE].n if day in self._windows else 0

    def _whole(self, days: list[int], size: Any) -> list[int]:
        """Without a first day that began in its middle; the newest ones."""
        if days and size(days[0]) * 2 < self.reference.usual:
            days = days[1:]
        return days[-MOST_DAYS:]
