"""The bias check of a monitor: which metric, which limit, on the mature questions of the problem's window."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import polars as pl

from ninefold.loop.days import day_of
from ninefold.metrics.builtin import accuracy, mae, recall
from ninefold.metrics.judge import limit_of
from ninefold.metrics.metric import Metric
from ninefold.models.records import Version
from ninefold.monitors.fairness import bias
from ninefold.monitors.finding import Finding
from ninefold.monitors.monitor import Check
from ninefold.project.home import Home
from ninefold.project.judging import levels
from ninefold.project.learning import Learning
from ninefold.project.live.production import columns_of, of_classes

LEAST, MORE = 0.1, 1.25
"""Without a criterion, a gap may be a quarter larger than on the evidence, and 0.1 (of the label's spread, for numbers) always."""
_DEFAULT: dict[str, Metric] = {"binary": recall, "multiclass": accuracy, "regression": mae}


class Fairness:
    """One bias check. A criterion on the gap of a metric by these columns gives metric and limit; else the evidence does."""

    def __init__(self, home: Home, learning: Learning, check: Check, made: Version) -> None:
        self.home, self.learning, self.check = home, learning, check
        declared = [
            c
            for c in learning.problem.solved_when
            if isinstance(c.metric, Metric) and c.metric.statistic == "gap" and set(c.metric.by) & set(check.by) and c.op == "<="
        ]
        if declared:
            criterion: Any = declared[0]
            self.metric, self.limit = replace(criterion.metric, statistic=None), limit_of(criterion.limit)
        else:
            rows = dict(check.params).get("at_least", 50)
            self.metric = _DEFAULT[learning.kind].configured(list(check.by), rows)
            self.limit = self._usual(made)

    def look(self, rows: pl.DataFrame, now: int) -> list[Finding]:
        """The gaps in the settled ones of ``rows`` (see :meth:`Production.labelled`)."""
        settled = rows.filter(pl.col("__state") == "settled")
        if not settled.height:
            return []
        frame = columns_of(self.home, self.learning, settled)
        by = {c: frame[c] for c in self.check.by if c in frame.columns}
        several = self.learning.kind == "multiclass"
        score, classes = of_classes(self.home, self.learning, frame) if several else (frame["score"], [])
        today = day_of(now, self.learning.tz)
        return self._gaps(frame["__label"], score, by, frame["__day"], frame["decision"], self.limit, today, classes)

    def _gaps(
        self, truth: Any, score: Any, by: dict[str, Any], day: Any, decision: Any, limit: float, today: int, classes: Sequence[Any]
    ) -> list[Finding]:
        if not by:
            return []
        kind: Any = self.learning.kind
        if kind == "multiclass":
            score = np.array(score.to_list(), np.float64).reshape(len(score), len(classes))
        said = decision if kind == "binary" else None
        return bias(self.metric, truth, score, by=by, day=day, limit=limit, today=today, decision=said, kind=kind, classes=classes or None)

    def _usual(self, made: Version) -> float:
        """The limit that follows from the gap on the evidence."""
        proof = self.home.stored("evidence", made.model).scan(made.body["evidence"]).collect()
        training = self.home.stored("training", made.model).scan(made.body["training_version"])
        columns = [c for c in self.check.by if c in training.collect_schema()]
        frame = training.select(columns).collect()[proof["row"]] if columns else pl.DataFrame()
        unit = float(cast(float, proof["label"].cast(pl.Float64).std() or 1.0)) if self.learning.kind == "regression" else 1.0
        classes = levels(self.home, made.bundle)
        seen = self._gaps(proof["label"], proof["score"], {c: frame[c] for c in columns}, proof["day"], proof["decision"], -1.0, 0, classes)
        return max([LEAST * unit, *(MORE * float(f.details["gap"]) for f in seen)])
