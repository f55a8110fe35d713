"""What is logged to a run, written: parameters, tags and points in the transaction of whoever asks."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ninefold.errors import ConflictError, UsageError
from ninefold.ledger import Row, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs.points import IN, Point, chunks
from ninefold.runs.points import SQL as POINTS
from ninefold.runs.run import missing, removed

_SQL = Statements(Path(__file__).with_name("writing.sql"))
_SET_NEWEST = POINTS["set_newest"].replace("returning id", "")
_IDS, _PARAMS = POINTS["ids"].replace("$in", IN), _SQL["params"].replace("$in", IN)
_FEW = 32  # series that are moved one by one; more of them, in one statement and another one for their ids
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
Pair = tuple[str, str]
Number = tuple[int, int, float, int]  # step, at, value, nan: a point as it is stored, and in the order that says which is newest


def write(
    tx: Tx,
    id: str,
    *,
    params: Sequence[Pair] = (),
    points: dict[str, list[Number]] | None = None,
    tags: Sequence[Pair] = (),
    project: str | None = None,
) -> None:
    """All of it, or nothing. NotFoundError for no run, ConflictError for a deleted run or a parameter that has another value."""
    run = active(tx, id, project)
    if params:
        _set_params(tx, id, params)
    if tags:
        tx.many(_SQL["set_tag"], [(id, *pair) for pair in dict(tags).items()])
    if points:
        series = _series(tx, id, [(id, key, run["project"], run["experiment"], *numbers[-1]) for key, numbers in points.items()])
        tx.many(POINTS["add_point"], [(series[key], *number) for key, numbers in points.items() for number in numbers])


def active(tx: Tx, id: str, project: str | None = None) -> Row:
    """The row of a run (of that project) that takes writes: id, project, experiment."""
    run = tx.one(_SQL["run"], id)
    if run is None or not run["project"] or (project is not None and run["project"] != project):
        raise missing(id)
    if run["state"] != "active":
        raise removed(id)
    return run


def _series(tx: Tx, run: str, newest: Sequence[tuple[Any, ...]]) -> dict[str, int]:
    """Makes or moves a run's series, each to its newest point; the ids by key."""
    if len(newest) <= _FEW:
        rows = [tx.one(POINTS["set_newest"], *values) for values in newest]
        return {values[1]: row["id"] for values, row in zip(newest, rows, strict=True) if row is not None}
    tx.many(_SET_NEWEST, newest)
    return {row["key"]: row["id"] for part in chunks([values[1] for values in newest]) for row in tx.all(_IDS, run, *part)}


def tag_of(tx: Tx, id: str, key: str) -> str | None:
    """The value of a tag as this transaction sees it, to change it by what it is."""
    row = tx.one(_SQL["tag"], id, key)
    return None if row is None else str(row["value"])


def drop_tag(tx: Tx, id: str, key: str) -> bool:
    """Takes a tag away; whether there was one."""
    return tx.execute(_SQL["drop_tag"], id, key) > 0


def grouped(points: Sequence[Point]) -> dict[str, list[Number]]:
    """Points by metric as they are stored, the newest last, without repetitions. UsageError for what is no number, or does not fit in 64 bits."""
    groups: dict[str, set[Number]] = {}
    for point in points:
        key, value, step, at = point.key, point.value, point.step, point.at
        if not (_LEAST <= step <= _MOST and _LEAST <= at <= _MOST):
            raise UsageError(f'the metric "{key}" has the step {step} and the time {at}', hint="both are whole numbers of 64 bits")
        group = groups.get(key)
        if group is None:
            group = groups[text(key)] = set()
        if type(value) is not float:
            value = _real(value, key)
        # only what is no number is not itself; adding 0.0 makes 0.0 of -0.0, which compares equal but is another row
        group.add((step, at, value + 0.0, 0) if value == value else (step, at, 0.0, 1))
    return {key: sorted(group) for key, group in groups.items()}


def checked(pairs: Iterable[tuple[str, str]]) -> list[Pair]:
    """Keys and values that every database can keep."""
    return [(text(key), text(value)) for key, value in pairs]


def _real(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f'the metric "{key}" is {value!r}', hint="give a number")
    try:
        return float(value)
    except OverflowError:
        raise UsageError(f'the metric "{key}" is a whole number that no float can hold', hint="give a smaller one") from None


def text(text: str) -> str:
    """Text that every database can keep."""
    if "\0" in text:
        raise UsageError(f"{text[:80]!r} contains a zero character", hint="give text without it")
    return text


def _set_params(tx: Tx, run: str, params: Sequence[Pair]) -> None:
    wanted = dict(params)
    twice = len(wanted) < len(params) and next((pair for pair in params if wanted[pair[0]] != pair[1]), None)
    if twice:
        raise _other(twice[0], twice[1], wanted[twice[0]])
    if tx.many(_SQL["set_param"], [(run, *pair) for pair in wanted.items()]) < len(wanted):
        for part in chunks(list(wanted)):
            for row in tx.all(_PARAMS, run, *part):
                if row["value"] != wanted[row["key"]]:
                    raise _other(row["key"], row["value"], wanted[row["key"]])


def _other(key: str, known: str, given: str) -> ConflictError:
    return ConflictError(f'the parameter "{key[:80]}" is {known[:200]!r} already, not {given[:200]!r}', hint="start another run")
