"""A sample of points that lie in heaps: by looking closer where there are points, until enough of them are found.

Evenly spaced marks find few points where one jump in the steps is longer than all the rest. Here each mark's point says which
parts are empty, and the next marks lie in those that are not.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ninefold.ledger import Ledger, Row
from ninefold.ledger.sqlfile import Statements

_AT_ONCE = 100  # marks of one query, always so many: one text, prepared once
_LEAST = -(1 << 63)
_SEEK = (
    "select * from (select step, at, value, nan from points where series = ? and (step, at) >= (?, ?) order by step, at, value, nan limit 1) mark{}"
)
SEEKS = " union all ".join(_SEEK.format(n) for n in range(_AT_ONCE))

Mark = tuple[int, int]  # step, time


class _Part(NamedTuple):
    """The points from ``first`` on that lie before ``end``, which that one surely does."""

    first: Row
    end: Mark

    @property
    def timed(self) -> bool:
        """Whether all of it is of one step, so that only the time divides it."""
        return bool(self.end[0] <= self.first["step"])

    @property
    def width(self) -> int:
        """How many steps or microseconds it has."""
        return int(self.end[1] - self.first["at"] if self.timed else self.end[0] - self.first["step"])


def narrowed(ledger: Ledger, sql: Statements, series: int, first: Row, last: Row, limit: int) -> list[Row]:
    """At most ``limit`` points from ``first`` to ``last``, and no fewer than half of that where there are as many apart from each other.

    Each round makes at most ``limit`` seeks, and parts narrower by what it found: as many rounds as steps and times have digits.
    """
    parts = [_Part(first, (last["step"], last["at"] + 1))]
    while 2 * len(parts) < limit:
        parts = [_of_one_step(ledger, sql, series, part) for part in parts]
        wide = [part for part in parts if part.width > 1]
        if not wide:
            break
        pieces = 1 + (limit - len(parts)) // len(wide)
        divided = [(part, _marks(part, pieces)) for part in parts]
        found = _seek(ledger, series, [mark for _, marks in divided for mark in marks])
        parts = [piece for part, marks in divided for piece in _pieces(part, marks, found)]
    return [part.first for part in parts]


def _of_one_step(ledger: Ledger, sql: Statements, series: int, part: _Part) -> _Part:
    """A part that has only one step left ends with the last point of that step."""
    step = part.first["step"]
    if part.timed or part.end > (step + 1, _LEAST):
        return part
    last = ledger.one(sql["last"], series, step)
    return part if last is None else _Part(part.first, (step, last["at"] + 1))


def _marks(part: _Part, pieces: int) -> list[Mark]:
    """Where all pieces but the first begin."""
    pieces = max(1, min(pieces, part.width))
    offsets = [part.width * n // pieces for n in range(1, pieces)]
    step, at = part.first["step"], part.first["at"]
    return [(step, at + offset) if part.timed else (step + offset, _LEAST) for offset in offsets]


def _pieces(part: _Part, marks: Sequence[Mark], found: dict[Mark, Row]) -> list[_Part]:
    """Those pieces of a part in which there are points."""
    begins = [(part.first["step"], part.first["at"]), *marks]
    firsts = [part.first, *(found.get(mark) for mark in marks)]
    ends = [*marks, part.end]
    return [
        _Part(row, end) for begin, row, end in zip(begins, firsts, ends, strict=True) if row is not None and begin <= (row["step"], row["at"]) < end
    ]


def _seek(ledger: Ledger, series: int, marks: Sequence[Mark]) -> dict[Mark, Row]:
    """The first point at or after each mark, where there is one."""
    found: dict[Mark, Row] = {}
    for begin in range(0, len(marks), _AT_ONCE):
        some = list(marks[begin : begin + _AT_ONCE])
        filled = some + some[-1:] * (_AT_ONCE - len(some))
        rows = sorted(ledger.all(SEEKS, *(value for step, at in filled for value in (series, step, at))), key=_place)
        place = 0
        for mark in some:
            while place < len(rows) and _place(rows[place]) < mark:
                place += 1
            if place < len(rows):
                found[mark] = rows[place]
    return found


def _place(row: Row) -> Mark:
    return row["step"], row["at"]
