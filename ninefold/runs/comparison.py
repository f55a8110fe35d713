"""Runs side by side: what differs between them."""

from collections.abc import Mapping, Sequence
from typing import Any

from ninefold.runs.records import Runs


def compare(runs: Runs, ids: Sequence[str]) -> dict[str, dict[str, list[Any]]]:
    """What differs between runs: ``params`` and ``metrics`` by name, one value for each run (None where it has none)."""
    params, metrics = [runs.params(runs.get(id).id) for id in ids], [runs.metrics(id) for id in ids]
    return {"params": _differing(params), "metrics": _differing(metrics)}


def _differing(tables: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = sorted({name for table in tables for name in table})
    rows = {name: [table.get(name) for table in tables] for name in names}
    return {name: values for name, values in rows.items() if len({repr(value) for value in values}) > 1}
