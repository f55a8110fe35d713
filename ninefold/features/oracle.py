"""The law in plain Python: one question, one aggregate, every row looked at. Slow and obviously right; tests compare with it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ninefold.features.aggregate import Aggregate


class Row(NamedTuple):
    """One version of a row as an aggregate sees it: times in µs (None: never), the value that it reads."""

    entity: Any
    e: int | None
    k: int | None
    value: Any = None
    seq: int = 0
    gone: int | None = None


def counts(row: Row, q: int, aggregate: Aggregate, *, same_instant: bool = False) -> bool:
    """Whether the row counts for a question at ``q``: known before, not yet replaced, and inside the window."""
    if row.e is None or row.k is None:
        return False
    known = row.k <= q if same_instant else row.k < q
    replaced = row.gone is not None and (row.gone <= q if same_instant else row.gone < q)
    if not known or replaced:
        return False
    if aggregate.ahead:
        assert aggregate.window is not None
        return q <= row.e < q + aggregate.window
    e = row.e + aggregate.before
    past = e <= q if same_instant else e < q
    return past and (aggregate.window is None or q - aggregate.window <= e)


def answer(rows: Sequence[Row], entity: Any, q: int | None, aggregate: Aggregate, *, same_instant: bool = False) -> Any:
    """The aggregate's value for the entity at ``q``: null for nobody, ``empty`` where there is nothing to aggregate."""
    if q is None or entity is None or (isinstance(entity, tuple) and None in entity):
        return None
    mine = [r for r in rows if r.entity == entity and counts(r, q, aggregate, same_instant=same_instant)]
    mine.sort(key=lambda r: (r.e, r.k, r.seq))
    if aggregate.rows is not None:
        mine = mine[-aggregate.rows :]
    if aggregate.op in ("first", "last"):
        return _clean(mine[0 if aggregate.op == "first" else -1].value) if mine else aggregate.empty
    if aggregate.column is None:
        if aggregate.op == "any":
            return True if mine else (False if aggregate.empty is None else aggregate.empty)
        return len(mine) or (0 if aggregate.empty is None else aggregate.empty)
    values = [v for v in (_clean(r.value) for r in mine) if v is not None]
    if not values:
        return 0 if aggregate.op == "count" and aggregate.empty is None else aggregate.empty
    return reduced(aggregate, values)


def reduced(aggregate: Aggregate, values: Sequence[Any]) -> Any:
    """The aggregate over values that are there (at least one)."""
    match aggregate.op:
        case "count":
            return len(values)
        case "any":
            return any(values)
        case "sum":
            return total(values)
        case "mean":
            return total(values) / len(values)
        case "std":
            return _deviation(values)
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "distinct":
            return len(set(values))
        case "quantile":
            assert aggregate.q is not None
            return _quantile(sorted(values), aggregate.q)
    raise ValueError(aggregate.op)


def total(values: Sequence[Any]) -> Any:
    """Whole numbers add up exactly, doubles to the nearest double of the exact sum."""
    if all(isinstance(v, int) for v in values):
        return sum(values)
    return math.fsum(values) if all(map(math.isfinite, values)) else sum(values)


def _deviation(values: Sequence[Any]) -> float | None:
    n = len(values)
    if n < 2:
        return None
    mean = total(values) / n
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1))


def _quantile(values: Sequence[Any], share: float) -> float:
    place = (len(values) - 1) * share
    below = int(place)
    above = min(below + 1, len(values) - 1)
    a, b = float(values[below]), float(values[above])
    return a if a == b else a + (b - a) * (place - below)


def _clean(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def answers(rows: Sequence[Row], questions: Sequence[tuple[Any, int | None]], aggregates: Mapping[str, Aggregate]) -> dict[str, list[Any]]:
    """Each aggregate's answers to all questions (entity, q)."""
    return {name: [answer(rows, who, q, aggregate) for who, q in questions] for name, aggregate in aggregates.items()}
