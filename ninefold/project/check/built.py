"""What can be said once the columns of the tables are known: after they were built, before anything is trained."""

from collections.abc import Iterable, Mapping
from typing import Any

from ninefold.errors import DeclarationError, closest
from ninefold.features import Features
from ninefold.features.aggregate import NUMERIC
from ninefold.features.reading import entity_columns
from ninefold.metrics import Metric
from ninefold.models import Model
from ninefold.problems import Ahead, Problem
from ninefold.project.check.models import asked_columns
from ninefold.project.check.notes import Notes
from ninefold.project.check.problems import cost_columns
from ninefold.project.reading.graph import Graph
from ninefold.things import Thing

Columns = Mapping[str, Any]  # column → its type; or only the names


def check_built(graph: Graph, schemas: Mapping[str, Mapping[str, Any] | Iterable[str]]) -> list[DeclarationError]:
    """Columns that are read and not there, aggregates that do not fit a column's type.

    ``schemas`` gives table name → its columns (names, or names with Polars types). Tables that are not in it are not
    checked.
    """
    notes = Notes(graph)
    known = {name: dict(columns) if isinstance(columns, Mapping) else dict.fromkeys(columns) for name, columns in schemas.items()}
    for name, group in graph.of("features").items():
        _group(notes, name, group, known)
    for name, problem in graph.of("problem").items():
        _problem(notes, name, problem, known)
    for name, model in graph.of("model").items():
        _model(notes, name, model, known)
    for name, monitor in graph.of("monitor").items():
        endpoint = graph.resolve(monitor.endpoint, ("endpoint",))[1]
        asked = _asked_by(notes, endpoint.model) if endpoint.registered is None else None
        _has(notes, name, asked, known, [c for check in monitor.checks for c in check.by], "a check's by=")
    return notes.errors


def _has(notes: Notes, name: str, table: str | None, known: Mapping[str, Columns], columns: Iterable[str], reader: str) -> None:
    if table is None or table not in known:
        return
    for column in dict.fromkeys(columns):
        if column not in known[table]:
            notes.error(name, f'{reader} reads the column "{column}", which {table} does not have', closest(column, known[table]), at=(column, name))


def _table(notes: Notes, to: "Thing | str | None") -> str | None:
    thing = notes.find(to, "table") if to is not None else None
    return notes.graph.name_of(thing) if thing is not None else None


def _asked_by(notes: Notes, model: "Thing | str") -> str | None:
    found = notes.find(model, "model")
    problem = notes.find(found.problem, "problem") if found is not None else None
    return _table(notes, problem.predict.of) if problem is not None else None


def _group(notes: Notes, name: str, group: Features, known: Mapping[str, Columns]) -> None:
    table = _table(notes, group.table)
    _has(notes, name, table, known, group.rows_by, "by=")
    _has(notes, name, table, known, [group.at.column] if group.at else [], "at=")
    for feature, aggregate in group.aggregates:
        _has(notes, name, table, known, [*aggregate.columns, *entity_columns(group, aggregate)[0]], f'"{feature}"')
        kind = known.get(table or "", {}).get(aggregate.column or "")
        if not _fits(aggregate.op, kind):
            notes.error(
                name,
                f'"{feature}" takes nf.{aggregate.op} of "{aggregate.column}", which is {kind}',
                "choose count, distinct, first or last, or a column of numbers",
                at=(feature,),
            )


def _fits(op: str, kind: Any) -> bool:
    """Sums and moments are taken of numbers, and of truth values (as 0 and 1)."""
    return bool(op not in NUMERIC or kind is None or kind.is_numeric() or str(kind) == "Boolean")


def _problem(notes: Notes, name: str, problem: Problem, known: Mapping[str, Columns]) -> None:
    target = problem.predict
    asked = _table(notes, target.of)
    _has(notes, name, asked, known, [target.at.column] if target.at else [], "at=")
    _has(notes, name, asked, known, cost_columns(problem).values(), "nf.cost")
    for criterion in problem.solved_when:
        if isinstance(criterion.metric, Metric):
            _has(notes, name, asked, known, criterion.metric.by, f"nf.{criterion.metric.name}(by=)")
    if isinstance(target.label, str):
        _has(notes, name, asked, known, [target.label], "the target")
    elif isinstance(target.label, Ahead):
        other = _table(notes, target.label.table)
        joined = target.label.by or (notes.graph.things[asked].key if asked is not None else ())  # type: ignore[attr-defined]
        _has(notes, name, other, known, [*joined, *getattr(target.label.aggregate, "columns", ())], "nf.ahead")
    if isinstance(problem.baseline, str) and "." not in problem.baseline:
        _has(notes, name, asked, known, [problem.baseline], "baseline=")


def _model(notes: Notes, name: str, model: Model, known: Mapping[str, Columns]) -> None:
    asked = _asked_by(notes, notes.graph.things[name])
    _has(notes, name, asked, known, [item for item in model.features if isinstance(item, str)], "features=")
    _has(notes, name, asked, known, [model.split.by] if model.split.by else [], "the split")
    for item in model.features:
        if isinstance(item, Features):
            _has(notes, name, asked, known, sorted(asked_columns(item)), f'the group "{notes.graph.name_of(item)}"')
