"""Runs side by side: what differs first, then their curves."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ninefold.errors import NotFoundError, UsageError
from ninefold.runs.many import Detail, details
from ninefold.runs.points import sampled
from ninefold.ui.reading import Reading
from ninefold.ui.views.tracked import finite
from ninefold.ui.views.tracked_list import Tracked, tracked

RUNS, CHARTS, POINTS, AXES = 8, 6, 120, 8
_SYSTEM = "system/"


class CompareQuery(msgspec.Struct):
    """``ids`` of 2 to 8 runs, each in a parameter of its own or with commas between; ``scale`` "log" for logarithmic axes."""

    ids: list[str] = []
    scale: str = ""


class Difference(msgspec.Struct):
    """A name with its value for each run, None where it has none; in JSON also what is no number is null. Which is better, people know."""

    name: str
    values: list[str | float | None]


class Curves(msgspec.Struct):
    """A metric of several runs: for each its points (step, value)."""

    metric: str
    runs: list[list[tuple[int, float | None]]]


class ComparePage(msgspec.Struct):
    """Runs side by side. ``same`` counts the parameters that are alike."""

    runs: list[Tracked]
    params: list[Difference]
    metrics: list[Difference]
    same: int
    curves: list[Curves]
    axes: list[Difference]
    scale: str
    path: str


def compare(reading: Reading, query: CompareQuery) -> ComparePage:
    """The page of the runs that were chosen. UsageError for too many, NotFoundError for one that is not there."""
    ids = list(dict.fromkeys(id for given in query.ids for id in given.split(",") if id))
    if len(ids) > RUNS:
        raise UsageError(f"{len(ids)} runs were chosen", hint=f"choose 2 to {RUNS} in the list of runs")
    ledger = reading.home.ledger
    whole = details(ledger, ids)
    for id in ids:
        if id not in whole or whole[id].run.project != reading.project:
            raise NotFoundError(f"there is no run {id[:60]}", hint="choose runs in the list of runs")
    found, names = [whole[id] for id in ids], dict[int, str]()
    params = _table([one.params for one in found])
    metrics = _table([{p.key: p.value for p in one.metrics if not p.key.startswith(_SYSTEM)} for one in found])
    differing = [d for d in params if _differs(d.values)]
    curves = []
    for metric in [d.name for d in metrics if _moves(found, d.name)][:CHARTS]:
        points = [[(p.step, finite(p.value)) for p in sampled(ledger, id, metric, limit=POINTS)] for id in ids]
        if any(value is not None for one in points for _, value in one):
            curves.append(Curves(metric, points))
    return ComparePage(
        [tracked(one.run, names, ledger) for one in found],
        differing,
        metrics[:100],
        len(params) - len(differing),
        curves,
        _axes(differing, metrics) if len(ids) > 2 else [],
        "log" if query.scale == "log" else "",
        f"/runs/compare?ids={','.join(ids)}",
    )


def _table(tables: Sequence[Mapping[str, Any]]) -> list[Difference]:
    names = dict.fromkeys(sorted({name for table in tables for name in table}))
    return [Difference(name, [table.get(name) for table in tables]) for name in names]


def _differs(values: Sequence[Any]) -> bool:
    return len({repr(value) for value in values}) > 1


def _moves(found: Sequence[Detail], metric: str) -> bool:
    """Whether there is more than a number to show: a metric with steps."""
    return any(p.step > 0 for one in found for p in one.metrics if p.key == metric)


def _axes(params: Sequence[Difference], metrics: Sequence[Difference]) -> list[Difference]:
    """What lines across axes show: the parameters that differ, as numbers where all of them are, then metrics."""
    chosen = [Difference(d.name, [_number(v) for v in d.values] if all(_number(v) is not None for v in d.values) else d.values) for d in params]
    return [*chosen[: AXES - 2], *[d for d in metrics if _differs(d.values) and any(_number(v) is not None for v in d.values)][:2]]


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
