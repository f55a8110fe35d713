"""What a model learns from: its problem, groups of features, bare columns, and the columns that costs and slices read."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ninefold.features.features import Features
from ninefold.metrics.metric import Metric
from ninefold.models.model import Model
from ninefold.problems.problem import Problem
from ninefold.problems.target import Ahead
from ninefold.project.reading.graph import Graph
from ninefold.tables.table import Table

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, slots=True)
class Learning:
    """A model resolved: ``groups`` are (name, features, name of their table); ``inputs`` the columns that candidates see.

    ``extra`` are columns that costs, slices, splits and today's practice read beside them; ``counted`` the table that an
    ``nf.ahead`` label counts in.
    """

    name: str
    model: Model
    problem_name: str
    problem: Problem
    asked: str
    table: Table
    groups: tuple[tuple[str, Features, str | None], ...]
    bare: tuple[str, ...]
    extra: tuple[str, ...]
    tz: str | None
    counted: tuple[str, Table] | None = None

    @classmethod
    def of(cls, graph: Graph, name: str) -> "Learning":
        """Resolve the model ``name``."""
        model: Model = graph.things[name]  # type: ignore[assignment]
        problem_name, problem = graph.resolve(model.problem, ("problem",))
        asked, table = graph.resolve(problem.predict.of, ("table",))
        groups = []
        for item in model.features:
            if not isinstance(item, str):
                group_name, group = graph.resolve(item, ("features",))
                of = graph.resolve(group.table, ("table",))[0] if group.table is not None else None
                groups.append((group_name, group, of))
        label = problem.predict.label
        counted = graph.resolve(label.table, ("table",)) if isinstance(label, Ahead) else None
        bare = tuple(item for item in model.features if isinstance(item, str))
        extra = tuple(c for c in _read_by_judges(graph, problem_name, problem, model) if c not in bare)
        return cls(name, model, problem_name, problem, asked, table, tuple(groups), bare, extra, table.tz or problem.predict.tz, counted)

    @property
    def kind(self) -> Literal["binary", "multiclass", "regression"]:
        """What is predicted."""
        return self.problem.predict.kind

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that candidates see: ``group.feature`` and bare columns."""
        return tuple(f"{n}.{f}" for n, g, _ in self.groups for f in g.names) + self.bare

    def columns_of(self, group: str) -> tuple[str, ...]:
        """The input columns of one group."""
        return tuple(f"{n}.{f}" for n, g, _ in self.groups if n == group for f in g.names)

    def frame(self, questions: "pl.DataFrame", views: dict[str, "pl.DataFrame"], graph: Graph) -> "pl.DataFrame":
        """Questions with every input and extra column; the hidden columns of the questions stay."""
        import polars as pl

        from ninefold.features.training import feature_frame

        groups = [(n, g, graph.things[t] if t else None, views[t] if t else None) for n, g, t in self.groups]
        shown = {c: self.tz for c, t in questions.schema.items() if self.tz and isinstance(t, pl.Datetime)}
        inputs = feature_frame(questions, groups, self.bare, shown)  # type: ignore[arg-type]
        hidden = [c for c in questions.columns if c.startswith("__")]
        kept = [c for c in dict.fromkeys([*self.table.key, *self.extra]) if c not in inputs.columns]
        return pl.concat([questions.select(*hidden, *kept), inputs], how="horizontal")


def _read_by_judges(graph: Graph, problem_name: str, problem: Problem, model: Model) -> list[str]:
    """Columns that criteria, costs, splits and monitors read beside the inputs."""
    metrics = [problem.costs, *(c.metric for c in problem.solved_when)]
    found: list[str] = []
    for metric in metrics:
        if isinstance(metric, Metric):
            found += [*metric.by, *(v for _, v in metric.params if isinstance(v, str) and metric.name == "cost")]
    if model.split.by:
        found.append(model.split.by)
    if isinstance(problem.baseline, str) and "." not in problem.baseline:
        found.append(problem.baseline)
    for monitor in graph.of("monitor").values():
        endpoint = graph.resolve(monitor.endpoint, ("endpoint",))[1]
        if endpoint.registered is not None:
            continue
        of = graph.resolve(endpoint.model, ("model",))[1]
        if graph.resolve(of.problem, ("problem",))[0] == problem_name:
            found += [c for check in monitor.checks for c in check.by]
    return list(dict.fromkeys(found))


def metric_thing(graph: Graph, metric: Any) -> tuple[str, Any]:
    """A criterion's metric: its name and the built-in value or custom thing behind it."""
    from ninefold.metrics.metric import Custom, MetricRef

    if isinstance(metric, MetricRef):
        return graph.resolve(metric.name, ("metric",))
    if isinstance(metric, Custom):
        return graph.name_of(metric), metric
    return str(metric), metric
