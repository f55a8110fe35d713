"""Values with their intervals: against a limit, by group, between candidates."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from ninefold.ui.charts.svg import CHAR, Drawing, Scale, Tone
from ninefold.ui.wording import interval, number


class Estimate(NamedTuple):
    """A value with its 95 % interval; ``judged`` False where there is too little to judge."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    judged: bool = True
    n: int | None = None


def against(value: float | None, low: float | None, high: float | None, limit: float, *, better: str, verdict: str, width: int = 220) -> str:
    """A value and its interval on a line on which the right side of the limit is marked.

    ``better`` is ``higher`` or ``lower``. Strong only where the criterion is not met.

    >>> against(0.75, 0.72, 0.77, 0.7, better="higher", verdict="met").count("<svg")
    1
    """
    seen = [v for v in (value, low, high, limit) if v is not None]
    spread = (max(seen) - min(seen)) or abs(limit) or 1.0
    scale = Scale(min(seen) - 0.35 * spread, max(seen) + 0.35 * spread, 2, width - 2)
    found = "nothing measured yet" if value is None else f"{number(value)} {interval(low, high)}"
    drawing = Drawing(width, 26, f"{verdict}: {found}, limit {number(limit)}", kind="against")
    y, at = 13.0, scale(limit)
    right = (at, width - 2) if better == "higher" else (2, at)
    drawing.box(right[0], y - 4, right[1] - right[0], 8, "line")
    drawing.line(2, y, width - 2, y, "line")
    drawing.line(at, 3, at, 23, "quiet", 1.5)
    tone: Tone = "strong" if verdict == "not met" else "ink"
    if low is not None and high is not None:
        drawing.line(scale(low), y, scale(high), y, tone, 3)
    if value is not None:
        drawing.dot(scale(value), y, 4.5, tone, hollow=verdict == "not yet known")
    return drawing.text_of()


def effect(value: float, low: float | None, high: float | None, *, unit: str, verdict: str, width: int = 420) -> str:
    """An effect and its interval beside nothing (0).

    >>> "supported" in effect(0.05, 0.04, 0.06, unit="loss", verdict="supported")
    True
    """
    ends = [v for v in (value, low, high, 0.0) if v is not None]
    spread = (max(ends) - min(ends)) or 1.0
    scale = Scale(min(ends) - 0.15 * spread, max(ends) + 0.15 * spread, 8, width - 8)
    drawing = Drawing(width, 58, f"{verdict}: effect {number(value)} {interval(low, high)} {unit}", kind="effect")
    zero = scale(0.0)
    drawing.line(8, 28, width - 8, 28, "line")
    drawing.line(zero, 14, zero, 42, "quiet", 1.5)
    drawing.text(zero, 55, "0, no effect", anchor=_anchor(zero, width))
    tone: Tone = "strong" if verdict == "refuted" else "ink"
    if low is not None and high is not None:
        drawing.line(scale(low), 28, scale(high), 28, tone, 3)
    drawing.dot(scale(value), 28, 5, tone, hollow=verdict == "undecided")
    drawing.text(scale(value), 11, f"{number(value)} {unit}", "ink", anchor=_anchor(scale(value), width))
    return drawing.text_of()


def groups(rows: Sequence[Estimate], *, says: str, width: int = 560) -> str:
    """One line for each group: its value, interval and count. Groups too small to judge are rings.

    >>> groups([Estimate("EWR", 0.8, 0.7, 0.9)], says="recall by origin").count("<circle")
    1
    """
    left = 12 + CHAR * max([len(r.label) for r in rows] or [1])
    right = width - 110
    # groups too small to judge would squeeze the others: they may lie at an end, their number says where they are
    scaled = [r for r in rows if r.judged] or rows
    known = [v for r in scaled for v in (r.value, r.low, r.high) if v is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    pad = 0.04 * ((high - low) or 1.0)
    scale = Scale(low - pad, high + pad, left, right)
    height = 20 * len(rows) + 26
    drawing = Drawing(width, height, says, kind="groups")
    for value in (low, (low + high) / 2, high):
        drawing.line(scale(value), 2, scale(value), height - 22, "line")
        drawing.text(scale(value), height - 8, number(value), anchor="middle")
    for i, row in enumerate(rows):
        y = 14 + 20 * i
        tone: Tone = "ink" if row.judged else "soft"
        drawing.text(left - 10, y + 4, row.label, "ink" if row.judged else "quiet", anchor="end")
        if row.low is not None and row.high is not None:
            drawing.line(scale(row.low), y, scale(row.high), y, "soft", 3)
        if row.value is not None:
            drawing.dot(scale(row.value), y, 3.5, tone, hollow=not row.judged, says=f"{row.label}: {number(row.value)} {interval(row.low, row.high)}")
            count = f" of {number(row.n)}" if row.n is not None else ""
            drawing.text(right + 10, y + 4, f"{number(row.value)}{count}", "ink" if row.judged else "quiet")
    return drawing.text_of()


class Contender(NamedTuple):
    """A candidate: its loss, and its paired difference to the best with the standard error."""

    name: str
    loss: float | None
    worse: float | None
    error: float | None
    won: bool
    says: str = ""


def contest(rows: Sequence[Contender], *, unit: str, width: int = 640) -> str:
    """Each candidate's loss, lower is better, with one standard error of its paired difference to the best.

    >>> contest([Contender("trees", 0.6, 0.0, 0.0, True), Contender("linear", 0.63, 0.03, 0.01, False)], unit="cost").count("<circle")
    2
    """
    left = 12 + CHAR * 1.15 * max([len(r.name) for r in rows] or [1])
    right = width - 160
    ends = [v for r in rows if r.loss is not None for v in (r.loss - (r.error or 0), r.loss + (r.error or 0))] or [0.0, 1.0]
    pad = 0.08 * ((max(ends) - min(ends)) or 1.0)
    scale = Scale(min(ends) - pad, max(ends) + pad, left, right)
    drawing = Drawing(width, 30 * len(rows) + 26, f"{unit} of {len(rows)} candidates, lower is better", kind="contest")
    best = min((r.loss for r in rows if r.loss is not None), default=None)
    if best is not None:
        drawing.line(scale(best), 2, scale(best), 30 * len(rows) + 4, "soft", 1, dash="2 3")
    for i, row in enumerate(rows):
        y = 18 + 30 * i
        drawing.text(left - 12, y + 4, row.name, "ink", anchor="end", size=13, bold=row.won)
        drawing.line(left, y, right, y, "line")
        if row.loss is None:
            drawing.text(left + 6, y - 4, row.says or "could not be fitted")
            continue
        if row.error:
            drawing.line(scale(row.loss - row.error), y, scale(row.loss + row.error), y, "soft", 4)
        drawing.dot(scale(row.loss), y, 5.5, "ink" if row.won else "quiet", hollow=not row.won)
        told = "won" if row.won else f"+{number(row.worse)} ± {number(row.error)}" if row.worse is not None else ""
        drawing.text(right + 12, y + 4, f"{number(row.loss, 4)}  {told}", "ink" if row.won else "quiet", size=12)
    drawing.text(left, 30 * len(rows) + 20, f"{unit} on validate, lower is better; grey: one standard error of the difference by day")
    return drawing.text_of()


def _anchor(x: float, width: float) -> Literal["start", "middle", "end"]:
    """Text near an edge is set inwards."""
    return "start" if x < 60 else "end" if x > width - 60 else "middle"
