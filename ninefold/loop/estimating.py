"""A problem's criteria over the questions that are still open: estimated from scores at each look, corrected by the days that are mature."""

from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ninefold.endpoints.endpoint import Endpoint
from ninefold.loop.days import day_of
from ninefold.loop.production import Production
from ninefold.loop.reference import SCORE, Reference
from ninefold.metrics.builtin import cost, log_loss
from ninefold.metrics.metric import Metric
from ninefold.models.objective import Objective
from ninefold.monitors.estimate import ASSUMES, Correction, Estimate, Questions, correction, estimate, unknowable
from ninefold.problems.criterion import Baseline, Criterion
from ninefold.project.learning import Learning
from ninefold.project.live.production import left_alone

_KINDS = {"multiclass": "several classes", "regression": "numbers"}


class Estimating:
    """The criteria of one version. ``learn`` adds days that have become mature, each once; ``look`` estimates what is open."""

    def __init__(self, learning: Learning, endpoint: Endpoint, objective: Objective, reference: Reference) -> None:
        self.learning, self.endpoint, self.version = learning, endpoint, reference.version
        self.range = _range(reference)
        self.loss: Metric = cost(false_alarm=objective.false_alarm, miss=objective.miss) if objective.costed else log_loss
        self._known: dict[str, Correction] = {}

    def learn(self, near: pl.DataFrame) -> None:
        """Count how otherwise the settled questions of newly mature days came out: those that acting has not changed."""
        if self.learning.kind != "binary":
            return
        settled = left_alone(self.endpoint, "binary", near.filter(pl.col("__state") == "settled"))
        rows = self._scored(settled)
        for metric in self._metrics():
            asked, here = self._questions(rows, metric)
            found = correction(metric, asked, rows["__label"].cast(pl.Float64).to_numpy()[here])
            if found is not None:
                before = self._known.get(str(metric))
                self._known[str(metric)] = found if before is None else before + found

    def look(self, production: Production, now: int, after: int) -> dict[str, Any]:
        """As a fact keeps it: how many questions are open, and what each criterion is expected to be over them."""
        rows = production.rows.filter((pl.col("q").dt.timestamp("us") < now) & (pl.col("q").dt.timestamp("us") >= now - after))
        if self.learning.kind != "binary":
            criteria = [self._criterion(c, rows, None, 0) for c in self.learning.problem.solved_when]
            return {"n": rows.height, "why": f"there is no estimate for {_KINDS[self.learning.kind]}", "criteria": criteria}
        rows = self._scored(production.near(rows))
        plain, _ = self._questions(rows)
        told = {"n": rows.height, "first": rows["__day"].min(), "last": rows["__day"].max()}
        outside = float(((plain.score < self.range[0]) | (plain.score > self.range[1])).mean()) if rows.height else None
        first = day_of(now - after - self.learning.problem.window, self.learning.tz)
        grouped = plain.grouped()
        criteria = [self._criterion(c, rows, grouped, first) for c in self.learning.problem.solved_when]
        loss = _short(self._estimate(self.loss, rows, grouped, first, relative=False))
        return {**told, "assumes": ASSUMES, "outside": None if outside is None else round(outside, 4), "criteria": criteria, "loss": loss}

    def _criterion(self, criterion: Criterion, rows: pl.DataFrame, grouped: Questions | None, first: int) -> dict[str, Any]:
        named = {"criterion": str(criterion), "metric": str(criterion.metric)}
        if (why := unknowable(criterion.metric, self.learning.kind)) or grouped is None:
            return {**named, "value": None, "why": why}
        relative = isinstance(criterion.limit, Baseline)
        share = {"relative": True} if relative else {}
        return {**named, **share, **_short(self._estimate(criterion.metric, rows, grouped, first, relative=relative))}

    def _estimate(self, metric: Metric, rows: pl.DataFrame, grouped: Questions, first: int, *, relative: bool) -> Estimate:
        asked, known = self._questions(rows, metric)[0], self._known.get(str(metric))
        plain = not asked.columns and asked.practice is None
        return estimate(metric, grouped if plain else asked, known.since(first) if known is not None else None, relative=relative)

    def _metrics(self) -> list[Metric]:
        named = [c.metric for c in self.learning.problem.solved_when if not unknowable(c.metric)]
        return list({str(m): m for m in [*named, self.loss]}.values())

    def _scored(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that the version scored, with its score and decision; only what another version answered has to be looked up."""
        mine = pl.col("version") == self.version
        own, others = rows.filter(mine), rows.filter(~mine)
        if others.height:
            # flat JSON of numbers: a pattern reads it in half the time
            told = {c: pl.col(f"{c}s").str.extract(f'"{self.version}":([-+.0-9eE]+)') for c in ("score", "decision")}
            read = [told["score"].cast(pl.Float64).alias("score"), told["decision"].cast(pl.Int64).alias("decision")]
            own = pl.concat([own, others.with_columns(read)])
        return own.filter(pl.col("score").is_finite() & pl.col("decision").is_not_null())

    def _questions(self, rows: pl.DataFrame, metric: Metric | None = None) -> tuple[Questions, NDArray[np.bool_]]:
        """The rows as a metric reads them, and which they are: as criteria are judged, those of which today's practice says something."""
        names = [v for _, v in metric.params if isinstance(v, str)] if metric is not None and metric.name == "cost" else []
        columns = {c: rows["row"].str.json_path_match(f"$.{c}").cast(pl.Float64, strict=False).to_numpy() for c in names}
        practice: Any = self.learning.problem.baseline if metric is not None else None
        practice = None if isinstance(practice, str) and practice not in rows.columns else practice
        here = np.ones(rows.height, dtype=bool)
        if isinstance(practice, str):
            practice = rows[practice].cast(pl.Float64).to_numpy()
            here = np.isfinite(practice)
            practice = practice[here]
        weight = rows["__weight"].to_numpy()[here] if "__weight" in rows.columns else None
        score, decision, day = (rows[c].to_numpy()[here] for c in ("score", "decision", "__day"))
        return Questions(score, decision.astype(np.float64), day, {c: v[here] for c, v in columns.items()}, practice, weight), here


def _range(reference: Reference) -> tuple[float, float]:
    """The smallest and the largest score of the evidence."""
    windows = reference.windows[SCORE]
    return min((w.low for w in windows if w.low is not None), default=0.0), max((w.high for w in windows if w.high is not None), default=1.0)


def _short(found: Estimate) -> dict[str, Any]:
    body = {k: round(v, 6) if isinstance(v, float) else v for k, v in msgspec.to_builtins(found).items()}
    return {k: v for k, v in body.items() if v or k == "value"}
