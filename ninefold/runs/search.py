"""Finding runs, and setting them side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from ninefold.errors import UsageError, closest
from ninefold.ledger import Ledger
from ninefold.runs.records import Runs
from ninefold.runs.run import Run, run_of

_COLUMNS = {"name", "experiment", "status", "started", "ended", "parent", "source", "actor"}
_EXPERIMENT = "r.experiment = (select e.id from experiments e where e.project = r.project and e.name = ?)"
_SIGNS = {"=", "!=", "<", "<=", ">", ">="}


def search(
    ledger: Ledger,
    project: str,
    *,
    experiment: str | None = None,
    status: str | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    metrics: Mapping[str, tuple[str, float]] | None = None,
    order: str = "-started",
    limit: int = 100,
    offset: int = 0,
) -> list[Run]:
    """Runs of a project that meet every condition.

    ``metrics`` compares newest values: ``{"auc": (">=", 0.7)}``. ``order`` is a column, ``metrics.NAME`` or ``params.NAME``,
    with ``-`` before it for the greatest first; runs without that metric come last.
    """
    where, args = ["r.project = ?", "r.state = 'active'"], [project]  # type: tuple[list[str], list[Any]]
    for condition, value in ((_EXPERIMENT, experiment), ("r.status = ?", status)):
        if value is not None:
            where.append(condition)
            args.append(value)
    for table, wanted in (("params", params), ("tags", tags)):
        for key, value in (wanted or {}).items():
            where.append(f"exists (select 1 from {table} x where x.run = r.id and x.key = ? and x.value = ?)")
            args += [key, str(value)]
    for key, (sign, bound) in (metrics or {}).items():
        if sign not in _SIGNS:
            raise UsageError(f'the comparison of the metric "{key}" is "{sign}"', hint=f"write one of {' '.join(sorted(_SIGNS))}")
        where.append(f"exists (select 1 from series x where x.run = r.id and x.key = ? and x.nan = 0 and x.value {sign} ?)")
        args += [key, bound]
    by, by_args = _order(order)
    rows = ledger.all(f"select r.* from runs r where {' and '.join(where)} order by {by}, r.id desc limit ? offset ?", *args, *by_args, limit, offset)
    return [run_of(row) for row in rows]


def _order(order: str) -> tuple[str, list[str]]:
    column, direction = order.lstrip("-"), "desc" if order.startswith("-") else "asc"
    table, dot, key = column.partition(".")
    if dot and table in {"metrics", "params"}:
        # a metric that is no number has no place in an order
        source, is_number = ("series", " and x.nan = 0") if table == "metrics" else ("params", "")
        value = f"(select value from {source} x where x.run = r.id and x.key = ?{is_number})"
        return f"{value} is null, {value} {direction}", [key, key]
    if column not in _COLUMNS:
        raise UsageError(f'runs cannot be ordered by "{column}"', hint=f"{closest(column, _COLUMNS)}; or metrics.NAME, params.NAME")
    return f"r.{column} {direction}", []


def compare(runs: Runs, ids: Sequence[str]) -> dict[str, dict[str, list[Any]]]:
    """What differs between runs: ``params`` and ``metrics`` by name, one value for each run (None where it has none)."""
    params, metrics = [runs.params(runs.get(id).id) for id in ids], [runs.metrics(id) for id in ids]
    return {"params": _differing(params), "metrics": _differing(metrics)}


def _differing(tables: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = sorted({name for table in tables for name in table})
    rows = {name: [table.get(name) for table in tables] for name in names}
    return {name: values for name, values in rows.items() if len({repr(value) for value in values}) > 1}
