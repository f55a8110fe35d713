"""Metrics over steps: one curve or several on one scale, plain or logarithmic; and runs as lines across parallel axes."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ninefold.ui.charts.svg import CHAR, Drawing, Scale, Tone
from ninefold.ui.charts.timelines import _apart
from ninefold.ui.wording import number

# how the first, second, … line of several is drawn: told apart without colour, also in print
STYLES: tuple[tuple[Tone, str], ...] = (
    ("ink", ""),
    ("quiet", "6 3"),
    ("quiet", ""),
    ("ink", "2 3"),
    ("soft", ""),
    ("ink", "8 3 2 3"),
    ("soft", "4 3"),
    ("quiet", "2 2"),
)


class Curve(NamedTuple):
    """Points (step, value) by step; a value that is no finite number is a gap."""

    name: str
    points: Sequence[tuple[float, float]]


def curves(
    rows: Sequence[Curve],
    *,
    says: str,
    log: bool = False,
    width: int = 360,
    height: int = 130,
    show: Callable[[float], str] = number,
    unit: str = "step",
) -> str:
    """Curves with their names and last values at their ends. On a logarithmic scale values that are not positive are gaps.

    >>> curves([Curve("", [(0, 1.0), (1, 0.1)])], says="loss by step", log=True).count("<path")
    1
    """
    drawn = [[(x, _placed(y, log)) for x, y in row.points] for row in rows]
    values = [y for points in drawn for _, y in points if y is not None]
    steps = [x for row in rows for x, _ in row.points]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if low == high:
        low, high = low - (abs(low) * 0.1 or 0.5), high + (abs(high) * 0.1 or 0.5)
    ticks = _ticks(low, high, log)
    told = [(10**t if log else t, t) for t in ticks]
    plain = _tick if show is number else show
    left = 8 + CHAR * max([len(plain(v)) for v, _ in told] or [1])
    label = CHAR * max([len(f"{row.name} {show(row.points[-1][1])}".strip()) if row.points else 0 for row in rows] or [0]) + 14
    x_of = Scale(min(steps, default=0), max(steps, default=1), left, max(left + 60, width - label))
    y_of = Scale(low, high, height - 26, 10)
    drawing = Drawing(width, height, says, kind="curves")
    for value, tick in told:
        drawing.line(left, y_of(tick), x_of.end, y_of(tick), "line")
        drawing.text(left - 6, y_of(tick) + 4, plain(value), anchor="end", size=11)
    ends = [next(((x, y) for x, y in reversed(points) if y is not None), None) for points in drawn]
    labels = _apart([y_of(end[1]) if end else height for end in ends])
    for i, (row, points, end, place) in enumerate(zip(rows, drawn, ends, labels, strict=True)):
        tone, dash = STYLES[i % len(STYLES)]
        _line(drawing, points, x_of, y_of, tone, dash)
        if end is not None:
            last = 10 ** end[1] if log else end[1]
            drawing.dot(x_of(end[0]), y_of(end[1]), 2.5, tone)
            drawing.text(x_of(end[0]) + 7, place + 4, f"{row.name} {show(last)}".strip(), "ink")
    drawing.text(left, height - 6, f"{number(min(steps, default=0))} {unit}" if unit == "s" else f"{unit} {number(min(steps, default=0))}", size=11)
    if len(set(steps)) > 1:
        drawing.text(x_of.end, height - 6, number(max(steps)), anchor="end", size=11)
    return drawing.text_of()


def _tick(value: float) -> str:
    """A round value without digits that say nothing.

    >>> _tick(0.5), _tick(2000.0), _tick(0.101234)
    ('0.5', '2,000', '0.101')
    """
    text = number(value)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _placed(value: float, log: bool) -> float | None:
    if not math.isfinite(value) or (log and value <= 0):
        return None
    return math.log10(value) if log else value


def _line(drawing: Drawing, points: Sequence[tuple[float, float | None]], x_of: Scale, y_of: Scale, tone: Tone, dash: str) -> None:
    pieces, pen = list[str](), False
    for i, (x, y) in enumerate(points):
        if y is not None:
            pieces.append(f"{'L' if pen else 'M'}{x_of(x):.0f} {y_of(y):.1f}")
            if not pen and (i + 1 == len(points) or points[i + 1][1] is None):
                drawing.dot(x_of(x), y_of(y), 1.5, tone)  # a point between two gaps would not be seen as a line
        pen = y is not None
    if len(pieces) > 1:
        drawing.path("".join(pieces), tone, dash=dash)


def _ticks(low: float, high: float, log: bool) -> list[float]:
    """Two to four round values between the ends; powers of ten on a logarithmic scale, where there are some.

    >>> _ticks(0.0, 1.0, False), _ticks(-3.2, 0.1, True)
    ([0.0, 0.5, 1.0], [-3.0, -2.0, -1.0, 0.0])
    """
    if log:
        whole = list(range(math.ceil(low), math.floor(high) + 1))
        if len(whole) >= 2:
            return [float(t) for t in whole[:: max(1, math.ceil(len(whole) / 4))]]
        return [low, high]
    size = 10.0 ** math.floor(math.log10(high - low))
    step = next(s * size for s in (0.2, 0.5, 1.0, 2.0, 5.0) if (high - low) / (s * size) < 3.5)
    first = math.ceil(low / step - 1e-9)
    found = [round((first + i) * step, 12) for i in range(5) if (first + i) * step <= high + 1e-9 * step]
    return found if len(found) >= 2 else [low, high]


class Axis(NamedTuple):
    """A parameter or a metric: its value for each run, None where it has none. Texts are placed in their order."""

    name: str
    values: Sequence[float | str | None]


def parallel(axes: Sequence[Axis], names: Sequence[str], *, says: str, width: int = 760, height: int = 240) -> str:
    """Runs as lines across axes, each axis from its least to its greatest value.

    >>> parallel([Axis("rate", [0.1, 0.2]), Axis("loss", [0.5, 0.4])], ["a", "b"], says="two runs").count("<path")
    2
    """
    drawing = Drawing(width, height, says, kind="parallel")
    label = CHAR * max(len(n) for n in names) + 16
    first, last = 4 + CHAR * 4, width - label
    places = [first + (last - first) * i / max(1, len(axes) - 1) for i in range(len(axes))]
    scaled = [_scaled(axis, height) for axis in axes]
    for place, axis, (ends, _) in zip(places, axes, scaled, strict=True):
        drawing.line(place, 34, place, height - 22, "soft")
        anchor = "start" if place == places[0] else "middle"
        drawing.text(place, 12, axis.name[:24], "ink", anchor=anchor)  # type: ignore[arg-type]
        drawing.text(place, 28, ends[1], size=11, anchor=anchor)  # type: ignore[arg-type]
        drawing.text(place, height - 6, ends[0], size=11, anchor=anchor)  # type: ignore[arg-type]
    lasts = [next((y for _, at in reversed(scaled) if (y := at[run]) is not None), height / 2) for run in range(len(names))]
    for run, end in enumerate(_apart(lasts)):
        tone, dash = STYLES[run % len(STYLES)]
        points = [(x, y) for x, (_, at) in zip(places, scaled, strict=True) if (y := at[run]) is not None]
        if points:
            drawing.path("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points), tone, dash=dash)
            for x, y in points:
                drawing.dot(x, y, 2.5, tone)
        drawing.text(last + 10, end + 4, names[run], "ink")
    return drawing.text_of()


def _scaled(axis: Axis, height: int) -> tuple[tuple[str, str], list[float | None]]:
    """The ends of an axis as text, and the place of each value."""
    texts = sorted({v for v in axis.values if isinstance(v, str)})
    values = [float(texts.index(v)) if isinstance(v, str) else v for v in axis.values]
    known = [v for v in values if v is not None and math.isfinite(v)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    y_of = Scale(low, high, height - 26, 40)
    middle = (height + 14) / 2
    places = [None if v is None or not math.isfinite(v) else middle if low == high else y_of(v) for v in values]
    ends = (texts[0][:12], texts[-1][:12]) if texts else (number(low), number(high))
    return (ends if ends[0] != ends[1] else ("", ends[1])), places
