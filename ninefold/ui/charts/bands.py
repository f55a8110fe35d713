"""A value with its interval, time after time, against a limit."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ninefold.ui.charts.svg import CHAR, Drawing, Scale, Tone
from ninefold.ui.wording import number


class Point(NamedTuple):
    """A value at a time (µs); without an interval ``low`` and ``high`` are None."""

    at: float
    value: float
    low: float | None = None
    high: float | None = None


def band(
    points: Sequence[Point],
    *,
    limit: float,
    says: str,
    dated: Callable[[float], str],
    strong: bool = False,
    width: int = 360,
    height: int = 116,
    show: Callable[[float], str] = number,
) -> str:
    """Values as a line in the band of their intervals; the limit is dashed and named.

    >>> band([Point(0, 0.7, 0.6, 0.8), Point(1, 0.72, 0.65, 0.79)], limit=0.7, says="roc_auc", dated=str).count("stroke-dasharray")
    1
    """
    seen = [v for p in points for v in (p.value, p.low, p.high) if v is not None] + [limit]
    spread = (max(seen) - min(seen)) or 1.0
    left, right = 10.0, width - CHAR * 10
    y_of = Scale(min(seen) - 0.06 * spread, max(seen) + 0.06 * spread, height - 26, 6)
    x_of = Scale(min((p.at for p in points), default=0.0), max((p.at for p in points), default=1.0), left, right)
    drawing = Drawing(width, height, says, kind="band")
    known = [p for p in points if p.low is not None and p.high is not None]
    if len(known) > 1:
        drawing.area(_outline(known, x_of, y_of))
    for alone in known if len(known) == 1 else ():
        drawing.line(x_of(alone.at), y_of(alone.low or 0.0), x_of(alone.at), y_of(alone.high or 0.0), "line", 5)
    drawing.line(left, y_of(limit), right, y_of(limit), "quiet", 1, dash="4 3", says=f"limit {show(limit)}")
    tone: Tone = "strong" if strong else "ink"
    if len(points) > 1:
        drawing.path("M" + "L".join(f"{x_of(p.at):.1f} {y_of(p.value):.1f}" for p in points), tone)
    if points:
        last = points[-1]
        drawing.dot(x_of(last.at), y_of(last.value), 2.5, tone)
        label, other = _apart(y_of(last.value), y_of(limit))
        drawing.text(right + 7, label + 4, show(last.value), tone)
        drawing.text(right + 7, other + 4, f"limit {show(limit)}" if limit else "0")
        drawing.text(left, height - 7, dated(points[0].at))
    if len(points) > 1:
        drawing.text(right, height - 7, dated(points[-1].at), anchor="end")
    return drawing.text_of()


def _outline(points: Sequence[Point], x_of: Scale, y_of: Scale) -> str:
    there = [f"{x_of(p.at):.1f} {y_of(p.high or 0.0):.1f}" for p in points]
    back = [f"{x_of(p.at):.1f} {y_of(p.low or 0.0):.1f}" for p in reversed(points)]
    return "M" + "L".join(there + back) + "Z"


def _apart(first: float, second: float, least: float = 15) -> tuple[float, float]:
    """Two labels' places, moved apart where they would overlap."""
    if abs(first - second) >= least:
        return first, second
    middle = (first + second) / 2
    return (middle - least / 2, middle + least / 2) if first <= second else (middle + least / 2, middle - least / 2)
