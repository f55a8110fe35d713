"""What columns of a table hold: histograms of numbers and times, bars of the most frequent texts."""

from collections.abc import Sequence

from ninefold.ui.charts.svg import Drawing
from ninefold.ui.wording import number


def histogram(counts: Sequence[float], *, says: str, width: int = 150, height: int = 34) -> str:
    """A histogram as bars beside each other.

    >>> histogram([1, 4, 2], says="delay").count("<rect")
    3
    """
    drawing = Drawing(width, height, says, kind="histogram")
    top = max(counts, default=0) or 1
    step = width / max(1, len(counts))
    for i, count in enumerate(counts):
        # what is there is seen: one row among a million still has a pixel
        tall = max(1.0, count / top * (height - 2)) if count else 0.0
        drawing.box(i * step, height - 1 - tall, step - 1, tall, "soft")
    drawing.line(0, height - 0.5, width, height - 0.5, "line")
    return drawing.text_of()


def shares(rows: Sequence[tuple[str, float]], total: float, *, says: str, width: int = 150) -> str:
    """The most frequent values and their share, as one divided bar; the rest is paler.

    >>> shares([("EWR", 5), ("JFK", 3)], 10, says="origin").count("<rect")
    3
    """
    drawing = Drawing(width, 14, says, kind="shares")
    x = 0.0
    for label, count in rows:
        wide = width * count / total if total else 0
        drawing.box(x, 1, max(0.5, wide - 1), 12, "soft", says=f"{label}: {number(count)}")
        x += wide
    if x < width - 0.5:
        drawing.box(x, 1, width - x, 12, "line", says="others")
    return drawing.text_of()


def bars(rows: Sequence[tuple[str, float]], *, says: str, width: int = 560, strong: bool = False) -> str:
    """One bar for each label, the longest first as given, its number at the end.

    >>> bars([("late", 3)], says="reasons").count("<rect")
    1
    """
    left = min(width * 0.55, 12 + 6.6 * max([len(label) for label, _ in rows] or [1]))
    right = width - 70
    top = max((count for _, count in rows), default=0) or 1
    drawing = Drawing(width, 24 * len(rows) + 4, says, kind="bars")
    for i, (label, count) in enumerate(rows):
        y = 24 * i + 4
        drawing.text(left - 8, y + 13, label if len(label) < 60 else label[:58] + "…", "ink", anchor="end")
        drawing.box(left, y + 3, max(1 if count else 0, (right - left) * count / top), 12, "strong" if strong and count else "soft")
        drawing.text(left + (right - left) * count / top + 8, y + 13, number(count))
    return drawing.text_of()


def signed(value: float, widest: float, *, says: str, width: int = 120) -> str:
    """A bar to the right of the middle, or to its left for what is below nothing; ``widest`` reaches the end.

    >>> signed(-0.5, 1.0, says="wind").count("<rect")
    1
    """
    drawing = Drawing(width, 16, says, kind="signed")
    middle = (width - 52) / 2
    reach = min(1.0, abs(value) / widest) * middle if widest else 0.0
    drawing.box(middle if value >= 0 else middle - reach, 4, max(reach, 1.0), 8, "quiet" if value >= 0 else "soft")
    drawing.line(middle, 1, middle, 15, "soft")
    drawing.text(width - 47, 12, number(value, 2), "ink")
    return drawing.text_of()
