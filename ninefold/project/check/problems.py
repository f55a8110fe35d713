"""Problems: the target, the criteria, the costs, the baseline."""

from typing import Any

from ninefold.clock import zone
from ninefold.errors import closest
from ninefold.features import Features
from ninefold.metrics import Metric
from ninefold.metrics.builtin import BUILTIN
from ninefold.problems import Ahead, Baseline, Criterion, Problem, Refer, Target, Top
from ninefold.project.check.notes import Notes
from ninefold.tables import Table
from ninefold.units import duration, share

_COMPARED = frozenset({"cost", "log_loss", "brier", "mae", "rmse", "mape", "pinball"})
_COSTS = {"binary": ("false_alarm", "miss"), "multiclass": ("false_alarm", "miss"), "regression": ("under", "over")}
_LABELS = {
    "binary": ("any",),
    "regression": ("count", "sum", "mean", "std", "min", "max", "first", "last", "distinct", "quantile"),
    "multiclass": ("first", "last", "min", "max"),
}


def check(notes: Notes) -> None:
    """Each problem's target fits its table, and its criteria fit the target."""
    for name, problem in notes.graph.of("problem").items():
        _target(notes, name, problem.predict)
        for criterion in problem.solved_when:
            _criterion(notes, name, problem, criterion)
        _costs(notes, name, problem)
        if isinstance(problem.decide, Top | Refer) and problem.predict.kind != "binary":
            kind = type(problem.decide).__name__.lower()
            notes.error(name, f"nf.{kind} decides yes or no, and the target is {problem.predict.kind}", "use it with nf.binary", at=("decide",))
        if isinstance(problem.baseline, str):
            _baseline(notes, name, problem.baseline)


def _target(notes: Notes, name: str, target: Target) -> None:
    asked = notes.find(target.of, "table")
    if target.tz:
        notes.attempt(name, lambda: zone(target.tz or "UTC"), at=(target.tz,))
    if target.every is not None and isinstance(asked, Table) and asked.time is None:
        notes.error(name, "questions on a calendar need to know from when a key is valid", "give the asked table time= (and until=)", at=("every",))
    if isinstance(target.label, Ahead):
        _ahead(notes, name, target, target.label)
    elif isinstance(asked, Table):
        known = dict(asked.later)
        if target.label not in known:
            hint = closest(target.label, known) if known else ""
            notes.error(
                name,
                f'the label "{target.label}" is no column that comes to be known later',
                f'{hint + "; " if hint else ""}say when it is known: later={{"{target.label}": "..."}} on the table',
                at=(target.label,),
            )
        elif target.at is not None and known[target.label].column == target.at.column and known[target.label].offset < target.at.offset:
            notes.error(
                name,
                f'the label "{target.label}" is known at {known[target.label]}, before the question at {target.at}',
                "ask earlier",
                at=(target.label,),
            )


def _ahead(notes: Notes, name: str, target: Target, label: Ahead) -> None:
    op = getattr(label.aggregate, "op", None)
    if op is None:
        notes.error(name, f"nf.ahead aggregates with {label.aggregate!r}", 'write an aggregate: nf.ahead("table", nf.any(), "30d")', at=("predict",))
    elif op not in _LABELS[target.kind]:
        fitting = ", ".join(f"nf.{o}" for o in _LABELS[target.kind])
        notes.error(name, f"nf.{op} ahead gives no {target.kind} label", f"choose {fitting}, or another kind of target", at=(op,))
    elif label.aggregate.window is not None:
        notes.error(name, f"nf.{op} inside nf.ahead has a window of its own", f"nf.ahead says the window: nf.{op}() without one", at=(op,))
    table = notes.find(label.table, "table")
    if isinstance(table, Table) and table.time is None:
        notes.error(name, "nf.ahead looks into a table whose rows have no time", "give that table time=", at=(_name(label.table),))


def _criterion(notes: Notes, name: str, problem: Problem, criterion: Criterion) -> None:
    metric, limit, kind = criterion.metric, criterion.limit, problem.predict.kind
    at = (metric.name if isinstance(metric, Metric) else str(metric), "solved_when")
    if not isinstance(metric, Metric):
        if str(metric) in BUILTIN and str(metric) not in notes.graph.things:
            notes.error(name, f"nf.ref({str(metric)!r}) is a built-in metric", f"write nf.{metric}", at=at)
        return
    if kind not in metric.kinds:
        fitting = ", ".join(f"nf.{m.name}" for m in BUILTIN.values() if kind in m.kinds and m.name != "latency")
        notes.error(
            name,
            f"nf.{metric.name} measures {' or '.join(metric.kinds)} answers, and the target is {kind}",
            f"choose one of {fitting}",
            at=(metric.name,),
        )
    if metric.name == "latency" and metric.statistic is None:
        notes.error(name, "nf.latency has no statistic", "write nf.latency.p50, .p95 or .p99", at=at)
    if isinstance(limit, Baseline) and (metric.name not in _COMPARED or metric.statistic):
        notes.error(name, f"{metric} cannot be compared with a baseline", "only costs and losses can: nf.cost(...) <= 0.9 * nf.baseline", at=at)
    if isinstance(limit, str):
        notes.attempt(name, lambda: duration(limit) if metric.name == "latency" else share(limit), at=(limit,))
    wanted = ">=" if metric.statistic == "ratio" or (metric.better == "higher" and metric.statistic != "gap") else "<="
    if criterion.op != wanted and metric.name != "selection_rate":
        notes.warn(
            name,
            f'"{criterion}" is met by answers that are bad enough',
            f"a better {metric} is {'higher' if wanted == '>=' else 'lower'}: write {wanted}",
            at=at,
        )
    if metric.name == "cost":
        _cost(notes, name, metric, kind)
    if metric.name == "pinball" and kind == "regression":
        quantile = dict(metric.params).get("quantile")
        if quantile != 0.5 and quantile not in problem.predict.quantiles:
            notes.error(name, f"the quantile {quantile} is not predicted", f"add quantiles=[{quantile}] to nf.regression(...)", at=at)


def _costs(notes: Notes, name: str, problem: Problem) -> None:
    if problem.costs is None:
        return
    if not isinstance(problem.costs, Metric) or problem.costs.name != "cost":
        notes.error(name, f"costs={problem.costs!r} are no costs", "write costs=nf.cost(false_alarm=1, miss=5)", at=("costs",))
    else:
        _cost(notes, name, problem.costs, problem.predict.kind)


def _cost(notes: Notes, name: str, metric: Metric, kind: str) -> None:
    given, wanted = dict(metric.params), _COSTS[kind]
    for key in given:
        if key not in wanted:
            notes.error(
                name, f"nf.cost has {key}=, which a {kind} target does not know", f"write nf.cost({wanted[0]}=..., {wanted[1]}=...)", at=(key,)
            )
    for key in wanted:
        value = given.get(key)
        if value is None:
            notes.error(name, f"nf.cost does not say what {key}= costs", f"write nf.cost({wanted[0]}=..., {wanted[1]}=...)", at=("cost", "costs"))
        elif not isinstance(value, str) and (not isinstance(value, int | float) or isinstance(value, bool) or value < 0):
            notes.error(name, f"{key}={value!r} is no cost", "give a number of at least 0, or the name of a column", at=(key,))


def cost_columns(problem: Problem) -> dict[str, str]:
    """Cost → the column of the asked table that gives it, for costs that are no numbers."""
    metrics = [problem.costs, *(c.metric for c in problem.solved_when)]
    pairs = [pair for m in metrics if isinstance(m, Metric) and m.name == "cost" for pair in m.params]
    return {key: value for key, value in pairs if isinstance(value, str)}


def _baseline(notes: Notes, name: str, baseline: str) -> None:
    group_name, dot, feature = baseline.rpartition(".")
    group = notes.find(group_name, "features") if dot else None
    if isinstance(group, Features) and feature not in group.names:
        notes.error(name, f'the baseline "{baseline}" names no feature of {group_name}', closest(feature, group.names), at=(baseline,))


def _name(to: Any) -> str:
    return to if isinstance(to, str) else type(to).__name__
