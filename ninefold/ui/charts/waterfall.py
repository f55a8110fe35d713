"""The parts of one whole, each when it ran: below each other, indented under the part that called them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ninefold.ui.charts.svg import CHAR, Drawing, Scale

_ROW, _INDENT, _LONGEST = 22, 12, 34  # height of a line, width of a level, characters of a name
_DEEPEST = 12  # levels that are indented; deeper ones stand under the last


class Part(NamedTuple):
    """A part, from ``start`` to ``end``; None: nobody said that it ended. ``strong`` ones failed."""

    name: str
    depth: int
    start: float
    end: float | None
    strong: bool = False


def waterfall(rows: Sequence[Part], *, says: str, show: Callable[[float], str], width: int = 760) -> str:
    """Parts in their order, with what each took.

    >>> waterfall([Part("answer", 0, 0, 9), Part("look up", 1, 2, 5, strong=True)], says="answer", show=str).count("<rect")
    2
    """
    first = min((row.start for row in rows), default=0.0)
    last = max((row.start if row.end is None else row.end for row in rows), default=1.0)
    wide = max((_indent(row) + CHAR * min(len(row.name), _LONGEST) for row in rows), default=0.0)
    left = min(width * 0.5, wide + 16)
    scale = Scale(first, last, left, width - 70)
    drawing = Drawing(width, _ROW * len(rows) + 24, says, kind="waterfall")
    for i, row in enumerate(rows):
        y, end = _ROW * i + 2, last if row.end is None else row.end
        told = "not ended" if row.end is None else show(row.end - row.start)
        drawing.text(
            _indent(row), y + 14, row.name if len(row.name) <= _LONGEST else row.name[: _LONGEST - 1] + "…", "strong" if row.strong else "ink"
        )
        start = scale(row.start)
        drawing.line(left, y + 10, start, y + 10, "line")  # from the name to its bar; behind the bar stands its number
        drawing.box(start, y + 5, max(2.0, scale(end) - start), 10, "strong" if row.strong else "soft", round=1, says=f"{row.name}: {told}")
        drawing.text(scale(end) + 6, y + 14, told, size=11)
    drawing.text(left, _ROW * len(rows) + 18, "0", size=11)
    drawing.text(width - 70, _ROW * len(rows) + 18, show(last - first), anchor="end", size=11)
    return drawing.text_of()


def _indent(row: Part) -> float:
    return float(_INDENT * min(row.depth, _DEEPEST))
