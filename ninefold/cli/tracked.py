"""Runs of scripts and clients, as commands read them: by the first characters of an id, with their experiment's name."""

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.errors import NotFoundError, UsageError
from ninefold.project.home import Home

if TYPE_CHECKING:
    from ninefold.runs.many import Detail

_BEGINS = "select id from runs where project = ? and substr(id, 1, ?) = ? order by started desc limit 3"
_NAMES = "select id, name from experiments where project = ?"


def begins_with(home: Home, given: str) -> str | None:
    """The id that begins with what was given, None where there is none. UsageError for several."""
    found = [row["id"] for row in home.ledger.all(_BEGINS, home.project, len(given), given)] if given else []
    if given in found:
        return given
    if len(found) > 1:
        raise UsageError(f'several runs begin with "{given}"', hint=f"give more of its characters: {found[0]} is one")
    return found[0] if found else None


def id_of(home: Home, given: str) -> str:
    """The same; NotFoundError where there is none."""
    found = begins_with(home, given)
    if found is None:
        raise NotFoundError(f'there is no run "{given[:80]}" of {home.project}', hint="ninefold runs list")
    return found


def experiments(home: Home) -> dict[int, str]:
    """Names of experiments by number."""
    return {row["id"]: row["name"] for row in home.ledger.all(_NAMES, home.project)}


def shaped(one: "Detail", names: dict[int, str]) -> dict[str, Any]:
    """A run with what was logged to it, as JSON has it: numbers that JSON does not know are texts."""
    said = {**msgspec.to_builtins(one.run), "experiment": names.get(one.run.experiment, str(one.run.experiment))}
    return {**said, "params": one.params, "tags": one.tags, "metrics": {p.key: number(p.value) for p in one.metrics}}


def number(value: float) -> float | str:
    """A number, or what JSON has no number for.

    >>> number(0.5), number(float("-inf"))
    (0.5, '-Infinity')
    """
    return value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def cell(one: dict[str, Any], key: str) -> Any:
    """The value of a column such as ``metrics.auc`` of a run in its shape. UsageError for a column that there cannot be.

    >>> cell({"metrics": {"auc": 0.7}, "name": "trees"}, "metrics.auc"), cell({"name": "trees"}, "name")
    (0.7, 'trees')
    """
    kind, dot, name = key.partition(".")
    if dot and kind in {"metrics", "params", "tags"}:
        return one[kind].get(name)
    if key not in one or isinstance(one[key], (dict, list)):
        raise UsageError(f'a run has no column "{key}"', hint="metrics.NAME, params.NAME, tags.NAME, or name, status, experiment, actor, source")
    return one[key]


def exported(home: Home, ids: list[str]) -> Iterator[str]:
    """Runs as lines of JSON, each with all points of its metrics and the digests of its files."""
    from ninefold.runs.many import details
    from ninefold.runs.points import history
    from ninefold.runs.records import Runs

    runs, names = Runs(home.ledger, home.blobs, home.project), experiments(home)
    for start in range(0, len(ids), 100):
        for id, one in details(home.ledger, ids[start : start + 100]).items():
            points: dict[str, list[Any]] = {}
            for newest in one.metrics:
                rows, token = points.setdefault(newest.key, []), None
                while True:
                    page, token = history(home.ledger, id, newest.key, after=token, limit=10_000)
                    rows += [[p.step, p.at, number(p.value)] for p in page]
                    if token is None:
                        break
            files = [msgspec.to_builtins(file) for file in runs.artifacts(id)]
            inputs = msgspec.to_builtins(one.inputs)
            yield json.dumps({**shaped(one, names), "points": points, "files": files, "inputs": inputs}, allow_nan=False)
