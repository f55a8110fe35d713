"""Points of metrics, read: the newest of each, a history in pages, a sample for a chart."""

import binascii
import math
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from ninefold.errors import UsageError
from ninefold.ledger import Ledger, Row
from ninefold.ledger.sqlfile import Statements
from ninefold.runs.narrowing import narrowed

SQL = Statements(Path(__file__).with_name("points.sql"))
_LIST = 100  # values in one list of a query, always so many: one text, prepared once
IN = ", ".join("?" * _LIST)
_TOKEN = struct.Struct("<qqqdB")
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


class Point(msgspec.Struct, frozen=True, gc=False):
    """One value of a metric, at a step and a time (microseconds UTC). The value may be infinite or no number."""

    key: str
    value: float
    step: int
    at: int


def latest(ledger: Ledger, run_ids: Sequence[str]) -> dict[str, list[Point]]:
    """The newest point of each metric of each run, by key: that of the greatest step, then time, then value."""
    found: dict[str, list[Point]] = {run: [] for run in run_ids}
    text = "select run, key, step, at, value, nan from series where run in ({}) order by run, key"
    lists = [list(run_ids)] if len(run_ids) == 1 else chunks(run_ids)
    for ids in lists:
        for row in ledger.all(text.format("?" if len(ids) == 1 else IN), *ids):
            found[row["run"]].append(Point(row["key"], value_of(row), row["step"], row["at"]))
    return found


def history(ledger: Ledger, run: str, key: str, *, after: str | None = None, limit: int) -> tuple[list[Point], str | None]:
    """Points of a metric by (step, time, value), at most ``limit`` of them, and the token to go on with, None at the end.

    A page costs the same wherever it lies. UsageError for a token that is not of this metric.
    """
    row = ledger.one(SQL["series"], run, key)
    if row is None:
        return [], None
    series = int(row["id"])
    start = (_LEAST, _LEAST, -math.inf, 0) if after is None else _read(after, series)
    rows = ledger.all(SQL["page"], series, *start, limit + 1)
    points = [_point(key, r) for r in rows[:limit]]
    return points, _token(series, rows[limit - 1]) if len(rows) > limit else None


def sampled(ledger: Ledger, run: str, key: str, *, limit: int, start: int | None = None, end: int | None = None) -> list[Point]:
    """At most ``limit`` points of a metric with ``start <= step <= end``, spread evenly over the steps, the first and the last among them.

    All of them where there are no more. Where few lie so (the steps made a huge jump), spread over those steps that there are. The
    cost grows with ``limit``, not with the points.
    """
    if limit < 2:
        raise UsageError(f"the limit is {limit}", hint="a sample has at least 2 points: the first and the last")
    found = ledger.one(SQL["series"], run, key)
    if found is None:
        return []
    series, low, high = int(found["id"]), _LEAST if start is None else start, _MOST if end is None else end
    rows = ledger.all(SQL["first"], series, low, high, limit + 1)
    if len(rows) > limit:
        last = ledger.one(SQL["last"], series, high)
        assert last is not None
        spread = _spread(ledger, series, rows[0], last, limit - 1)
        if 2 * len(spread) < limit:
            spread = narrowed(ledger, SQL, series, rows[0], last, limit - 1)
        rows = spread if tuple(spread[-1]) == tuple(last) else [*spread, last]
    return [_point(key, row) for row in rows]


def _spread(ledger: Ledger, series: int, first: Row, last: Row, limit: int) -> list[Row]:
    """The first points at or after evenly spaced steps; where all points have one step, evenly spaced times."""
    if first["step"] != last["step"]:
        low, high = first["step"], last["step"]
        return ledger.all(SQL["by_step"], series, low, low, (high - low) / limit, limit, high)
    low, high = first["at"], last["at"]
    return ledger.all(SQL["by_time"], series, first["step"], low, low, (high - low) / limit, limit)


def value_of(row: Row) -> float:
    """A stored value: NaN has a column of its own, since databases order and compare it each in their way."""
    return math.nan if row["nan"] else float(row["value"])


def chunks(values: Sequence[str]) -> Iterable[list[str]]:
    """Values in lists of one length, the last one filled up by repeating its last value."""
    for begin in range(0, len(values), _LIST):
        part = list(values[begin : begin + _LIST])
        yield part + part[-1:] * (_LIST - len(part))


def _point(key: str, row: Row) -> Point:
    return Point(key, value_of(row), row["step"], row["at"])


def _token(series: int, row: Row) -> str:
    return urlsafe_b64encode(_TOKEN.pack(series, row["step"], row["at"], row["value"], row["nan"])).decode()


def _read(token: str, series: int) -> tuple[int, int, float, int]:
    try:
        of, step, at, value, nan = _TOKEN.unpack(urlsafe_b64decode(token.encode()))
    except (binascii.Error, struct.error, ValueError):
        of, step, at, value, nan = -1, 0, 0, 0.0, 0
    if of != series:
        raise UsageError(f'"{token[:40]}" is no page token of this metric', hint="give the token of the page before, as it came")
    return step, at, value, nan
