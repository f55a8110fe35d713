"""What a competition is judged by: the problem's cost, else log loss or squared error; and how scores become decisions."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from ninefold.bundles.decision import Decision, cost_column
from ninefold.bundles.encoding import Floats
from ninefold.errors import DeclarationError
from ninefold.metrics.metric import Metric
from ninefold.models.dataset import Dataset, Rows, Target
from ninefold.problems import Problem, Refer, Top

Cost = float | str
_FLOOR = 1e-15


class Objective(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The target's kind, the costs (numbers or column names; none: log loss or squared error), the way to decide, the seed.

    Yes or no: ``false_alarm`` and ``miss`` for each. Numbers: ``under`` and ``over`` per unit.
    """

    kind: Target
    false_alarm: Cost | None = None
    miss: Cost | None = None
    under: Cost | None = None
    over: Cost | None = None
    top: tuple[int, int] | None = None
    refer: tuple[float, float] | None = None
    seed: int = 0

    @property
    def name(self) -> str:
        """What the loss is called."""
        if self.costed:
            return "cost"
        return "squared error" if self.kind == "regression" else "log loss"

    @property
    def costed(self) -> bool:
        """Whether costs are judged by."""
        return self.false_alarm is not None if self.kind == "binary" else self.kind == "regression" and self.under is not None

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the costs read."""
        return tuple(sorted({c for c in (self.false_alarm, self.miss, self.under, self.over) if isinstance(c, str)}))


def objective_of(problem: Problem, *, seed: int = 0) -> Objective:
    """The objective of a declared problem: ``costs=``, else the first cost among its criteria, else none."""
    declared = [problem.costs, *(c.metric for c in problem.solved_when)]
    costs = next((m for m in declared if isinstance(m, Metric) and m.name == "cost"), None)
    given: dict[str, Any] = dict(costs.params) if costs is not None else {}
    pair = ("under", "over") if problem.predict.kind == "regression" else ("false_alarm", "miss")
    if given and problem.predict.kind != "multiclass" and not set(pair) <= set(given):
        raise DeclarationError(f"{costs} does not say both {pair[0]} and {pair[1]}", hint=f"nf.cost({pair[0]}=1, {pair[1]}=5)")
    decide = problem.decide
    return Objective(
        problem.predict.kind,
        **{name: given.get(name) for name in pair},
        top=(decide.n, decide.per) if isinstance(decide, Top) else None,
        refer=(decide.low, decide.high) if isinstance(decide, Refer) else None,
        seed=seed,
    )


def decision_of(objective: Objective, scores: Floats, q: Rows) -> Decision:
    """The decision, for calibrated ``scores`` of the rows that are validated on.

    With costs the threshold is false_alarm / (false_alarm + miss) [Elkan 2001]; without any, one half; for a capacity, the score
    above which lie as many questions as the capacity has in that span.
    """
    if objective.kind == "multiclass":
        return Decision("class")
    if objective.kind == "regression":
        return Decision("number")
    if objective.refer is not None:
        return Decision("refer", threshold=objective.refer[1], low=objective.refer[0])
    if objective.top is not None:
        n, per = objective.top
        share = min(1.0, n * len(np.unique(q // per)) / max(1, len(q)))
        return Decision("top", threshold=float(np.quantile(scores, 1 - share)) if len(scores) else 0.5, n=n, per=per)
    false_alarm, miss = objective.false_alarm, objective.miss
    if isinstance(false_alarm, str) or isinstance(miss, str):
        return Decision("costs", false_alarm=_required(false_alarm), miss=_required(miss))
    if false_alarm is None or miss is None:
        return Decision("threshold", threshold=0.5)
    if false_alarm + miss <= 0:
        raise DeclarationError(f"the costs are {false_alarm} and {miss}", hint="at least one must be larger than 0")
    return Decision("threshold", threshold=false_alarm / (false_alarm + miss))


def _required(cost: Cost | None) -> Cost:
    if cost is None:
        raise DeclarationError("a cost is missing", hint="nf.cost(false_alarm=1, miss=5)")
    return cost


def losses(objective: Objective, truth: Floats, scores: Floats, decisions: Rows, columns: Mapping[str, Any]) -> Floats:
    """The loss of each row. A row that is referred to people costs nothing."""
    if not objective.costed:
        return proper_losses(objective, truth, scores)
    if objective.kind == "binary":
        false_alarm, miss = (cost_column(_required(c), columns, len(truth)) for c in (objective.false_alarm, objective.miss))
        return np.where((decisions == 1) & (truth == 0), false_alarm, np.where((decisions == 0) & (truth == 1), miss, 0.0))
    under, over = (cost_column(_required(c), columns, len(truth)) for c in (objective.under, objective.over))
    return under * np.maximum(truth - scores, 0) + over * np.maximum(scores - truth, 0)


def proper_losses(objective: Objective, truth: Floats, scores: Floats) -> Floats:
    """Log loss (−ln of the probability given to the truth) or squared error of each row."""
    if objective.kind == "regression":
        return np.square(truth - scores)
    if objective.kind == "binary":
        given = np.where(truth == 1, scores, 1 - scores)
    else:
        given = scores[np.arange(len(truth)), truth.astype(np.int64)]
    return np.asarray(-np.log(np.clip(given, _FLOOR, 1.0)))


def cost_columns(objective: Objective, data: Dataset, rows: Rows) -> dict[str, Any]:
    """The columns that the costs read, at these rows."""
    from_inputs = {i.name: i.values for i in data.inputs}
    return {name: np.asarray({**from_inputs, **data.extra}[name])[rows] for name in objective.columns}
