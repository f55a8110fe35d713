"""What is logged to a run, written: parameters, tags and points in the transaction of whoever asks."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from ninefold.errors import ConflictError, UsageError
from ninefold.ledger import Row, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs.points import SQL as POINTS
from ninefold.runs.points import Point
from ninefold.runs.run import missing, removed

_SQL = Statements(Path(__file__).with_name("writing.sql"))
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
Pair = tuple[str, str]
Number = tuple[int, int, float, int]  # step, at, value, nan: a point as it is stored, and in the order that says which is newest


def write(
    tx: Tx,
    id: str,
    *,
    params: Iterable[Pair] = (),
    points: dict[str, set[Number]] | None = None,
    tags: Iterable[Pair] = (),
    project: str | None = None,
) -> None:
    """All of it, or nothing. NotFoundError for no run, ConflictError for a deleted run or a parameter that has another value."""
    run = active(tx, id, project)
    for key, value in params:
        _set_param(tx, id, key, value)
    for key, value in tags:
        tx.execute(_SQL["set_tag"], id, key, value)
    for key, numbers in (points or {}).items():
        row = tx.one(POINTS["set_newest"], id, key, run["project"], run["experiment"], *max(numbers))
        assert row is not None
        series = row["id"]
        tx.many(POINTS["add_point"], [(series, *number) for number in numbers])


def active(tx: Tx, id: str, project: str | None = None) -> Row:
    """The row of a run (of that project) that takes writes: id, project, experiment."""
    run = tx.one(_SQL["run"], id)
    if run is None or (project is not None and run["project"] != project):
        raise missing(id)
    if run["state"] != "active":
        raise removed(id)
    return run


def drop_tag(tx: Tx, id: str, key: str) -> bool:
    """Takes a tag away; whether there was one."""
    return tx.execute(_SQL["drop_tag"], id, key) > 0


def grouped(points: Sequence[Point]) -> dict[str, set[Number]]:
    """Points by metric as they are stored, without repetitions. UsageError for what is no number, or does not fit in 64 bits."""
    groups: dict[str, set[Number]] = {}
    for point in points:
        value, step, at = point.value, point.step, point.at
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f'the metric "{point.key}" is {value!r}', hint="give a number")
        if not (_LEAST <= step <= _MOST and _LEAST <= at <= _MOST):
            raise UsageError(f'the metric "{point.key}" has the step {step} and the time {at}', hint="both are whole numbers of 64 bits")
        group = groups.get(point.key)
        if group is None:
            group = groups[text(point.key)] = set()
        # a plain sum: adding 0.0 makes a float of a whole number, and 0.0 of -0.0, which compares equal but is another row
        group.add((step, at, 0.0, 1) if math.isnan(value) else (step, at, _real(value, point.key) + 0.0, 0))
    return groups


def checked(pairs: Iterable[tuple[str, str]]) -> list[Pair]:
    """Keys and values that every database can keep."""
    return [(text(key), text(value)) for key, value in pairs]


def _real(value: float, key: str) -> float:
    try:
        return float(value)
    except OverflowError:
        raise UsageError(f'the metric "{key}" is a whole number that no float can hold', hint="give a smaller one") from None


def text(text: str) -> str:
    """Text that every database can keep."""
    if "\0" in text:
        raise UsageError(f"{text[:80]!r} contains a zero character", hint="give text without it")
    return text


def _set_param(tx: Tx, run: str, key: str, value: str) -> None:
    if tx.execute(_SQL["set_param"], run, key, value) == 0:
        row = tx.one(_SQL["param"], run, key)
        if row is not None and row["value"] != value:
            raise ConflictError(f'the parameter "{key}" is {row["value"]!r} already, not {value!r}', hint="start another run")
