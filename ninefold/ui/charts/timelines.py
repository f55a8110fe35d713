"""What happened over time: spans on a common line, and numbers day by day."""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ninefold.ui.charts.svg import CHAR, Drawing, Scale, Tone
from ninefold.ui.wording import number
from ninefold.units import many

Dated = Callable[[float], str]


class Span(NamedTuple):
    """Something that lasted from ``start`` to ``end`` (µs); None: it still does."""

    label: str
    start: float
    end: float | None
    tone: Tone = "soft"
    says: str = ""


def spans(rows: Sequence[Span], *, says: str, now: float, dated: Dated, width: int = 640) -> str:
    """One line for each span, its label at its end, dates below.

    >>> spans([Span("v1", 0, None)], says="releases", now=10, dated=str).count("<rect")
    1
    """
    first = min((r.start for r in rows), default=now)
    last = max([now, *(r.end or r.start for r in rows)])
    widest = CHAR * max([len(r.label) for r in rows] or [1]) + 14
    scale = Scale(first, last, 4, max(140.0, width - widest))
    height = 24 * len(rows) + 24
    drawing = Drawing(width, height, says, kind="spans")
    for i, row in enumerate(rows):
        y = 4 + 24 * i
        start, end = scale(row.start), scale(row.end if row.end is not None else last)
        drawing.line(scale(first), y + 9, scale(last), y + 9, "line")
        drawing.box(start, y + 3, max(3, end - start), 12, row.tone, round=2, says=row.says)
        drawing.text(max(end, start + 3) + 8, y + 13, row.label, "ink")
    drawing.text(4, height - 6, dated(first))
    drawing.text(scale(last), height - 6, dated(last), anchor="end")
    return drawing.text_of()


def split(parts: Sequence[tuple[str, float, float, int]], *, says: str, dated: Dated, width: int = 640) -> str:
    """The parts of a split (name, start, end, rows) on one line of time.

    >>> split([("train", 0, 5, 50), ("test", 5, 10, 50)], says="split", dated=str).count("<rect")
    2
    """
    drawing = Drawing(width, 74, says, kind="split")
    scale = Scale(min(p[1] for p in parts), max(p[2] for p in parts), 2, width - 2)
    tones: tuple[Tone, ...] = ("line", "soft", "quiet")
    for i, (name, start, end, rows) in enumerate(parts):
        left, right = scale(start), scale(end)
        drawing.box(left, 24, right - left - 2, 18, tones[min(i, 2)], says=f"{name}: {many(rows, 'row')}")
        # a narrow part's label would run into its neighbour's: the count stays in the table beside
        drawing.text(left, 16, f"{name} {rows:,}" if right - left > CHAR * (len(name) + 8) else name, "ink")
        drawing.text(left, 57 if i % 2 == 0 or right - left > 90 else 70, dated(start))
    last = max(p[2] for p in parts)
    if width - scale(parts[-1][1]) > 170:
        drawing.text(width - 2, 57, dated(last), anchor="end")
    return drawing.text_of()


class Line(NamedTuple):
    """Points (x, y) under a name; y None: a gap. ``strong`` lines need attention, ``soft`` ones stay behind the others; ``dashed`` ones
    are estimates.
    """

    name: str
    points: Sequence[tuple[float, float | None]]
    strong: bool = False
    soft: bool = False
    dashed: bool = False


def lines(
    rows: Sequence[Line],
    *,
    says: str,
    dated: Dated,
    limit: float | None = None,
    low: float | None = 0.0,
    width: int = 640,
    height: int = 150,
    show: Callable[[float], str] = number,
    marks: Sequence[tuple[float, str]] = (),
) -> str:
    """Lines over time with their names and last values at their ends; ``limit`` is dashed, ``marks`` are instants with a name.

    >>> lines([Line("answers", [(0, 1.0), (1, 2.0)])], says="volume", dated=str).count("<path")
    1
    """
    values = [y for r in rows for _, y in r.points if y is not None] + ([limit] if limit is not None else [])
    times = [x for r in rows for x, _ in r.points]
    label = max([CHAR * (len(r.name) + 9) for r in rows] or [60.0])
    bottom = min([*values, *([low] if low is not None else [])], default=0.0)
    y_of = Scale(bottom, max(values, default=1.0), height - 24, 12)
    left = 10 + CHAR * max(len(show(v)) for v in (y_of.low, y_of.high))
    x_of = Scale(min(times, default=0), max(times, default=1), left, width - label)
    drawing = Drawing(width, height, says, kind="lines")
    for value in (y_of.low, y_of.high):
        drawing.line(left, y_of(value), width - label, y_of(value), "line")
        drawing.text(left - 6, y_of(value) + 4, show(value), anchor="end")
    if limit is not None:
        drawing.line(left, y_of(limit), width - label, y_of(limit), "quiet", 1, dash="4 3", says=f"limit {show(limit)}")
    for at, name in marks:
        drawing.line(x_of(at), 8, x_of(at), height - 24, "soft", 1, says=name)
        drawing.text(x_of(at) + 3, 9, name, size=11)
    for row, y in zip(rows, _apart([y_of(end[1]) if (end := _last(r)) else 0.0 for r in rows]), strict=True):
        _one(drawing, row, _tone(row, rows), x_of, y_of, show, y)
    drawing.text(left, height - 7, dated(min(times, default=0)))
    drawing.text(width - label, height - 7, dated(max(times, default=0)), anchor="end")
    return drawing.text_of()


def _last(row: Line) -> tuple[float, float] | None:
    return next(((x, y) for x, y in reversed(row.points) if y is not None), None)


def _apart(places: Sequence[float], least: float = 14) -> list[float]:
    """Places of labels, moved apart where they would overlap, in their order.

    >>> _apart([10, 12, 60])
    [4.0, 18.0, 60]
    """
    found = list(places)
    order = sorted(range(len(found)), key=lambda i: found[i])
    for a, b in itertools.pairwise(order):
        gap = least - (found[b] - found[a])
        if gap > 0:
            found[a], found[b] = found[a] - gap / 2, found[b] + gap / 2
    return found


def _tone(row: Line, rows: Sequence[Line]) -> Tone:
    """A line that stands before a soft one is darker than one alone."""
    if row.strong:
        return "strong"
    return "soft" if row.soft else "ink" if any(other.soft for other in rows) else "quiet"


def _one(drawing: Drawing, row: Line, tone: Tone, x_of: Scale, y_of: Scale, show: Callable[[float], str], label: float) -> None:
    pieces, pen = [], False
    for i, (x, y) in enumerate(row.points):
        if y is not None:
            pieces.append(f"{'L' if pen else 'M'}{x_of(x):.1f} {y_of(y):.1f}")
            following = row.points[i + 1][1] if i + 1 < len(row.points) else None
            if not pen and following is None:
                drawing.dot(x_of(x), y_of(y), 1.5, tone)  # a point between two gaps would not be seen as a line
        pen = y is not None
    if pieces:
        drawing.path("".join(pieces), tone, dash="4 3" if row.dashed else "")
        x, y = _last(row) or (0.0, 0.0)
        drawing.dot(x_of(x), y_of(y), 2.5, tone)
        drawing.text(x_of(x) + 7, label + 4, f"{row.name} {show(y)}".strip(), "strong" if row.strong else "quiet" if row.soft else "ink")


def bar(start: float, end: float, *, whole: tuple[float, float], says: str, width: int = 180) -> str:
    """When something began and ended within a whole.

    >>> bar(2, 4, whole=(0, 10), says="2 s").count("<rect")
    1
    """
    drawing = Drawing(width, 12, says, kind="bar")
    x_of = Scale(*whole, 1, width - 1)
    drawing.line(1, 6, width - 1, 6, "line")
    drawing.box(x_of(start), 2, max(2.0, x_of(end) - x_of(start)), 8, "quiet", round=1)
    return drawing.text_of()


def trials(losses: Sequence[float | None], *, says: str, width: int = 420, height: int = 96) -> str:
    """The loss of each trial in order, failed ones on the floor; the best is marked.

    >>> trials([0.5, None, 0.4], says="tuning").count("<circle")
    3
    """
    known = [v for v in losses if v is not None]
    drawing = Drawing(width, height, says, kind="trials")
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    x_of, y_of = Scale(0, max(1, len(losses) - 1), 54, width - 90), Scale(low, high, height - 28, 12)
    for value in (low, high):
        drawing.line(48, y_of(value), width - 84, y_of(value), "line")
        drawing.text(42, y_of(value) + 4, number(value), anchor="end")
    best = losses.index(low) if known else None
    for i, loss in enumerate(losses):
        told = f"trial {i + 1}: {number(loss, 4) if loss is not None else 'failed'}"
        drawing.dot(x_of(i), y_of(loss) if loss is not None else height - 20, 4 if i == best else 3, "ink" if i == best else "soft", says=told)
    if best is not None:
        drawing.text(x_of(best) + 8, y_of(low) - 6, f"best {number(low, 4)}", "ink")
    drawing.text(54, height - 8, "trial 1")
    drawing.text(width - 90, height - 8, f"trial {len(losses)}", anchor="end")
    return drawing.text_of()
