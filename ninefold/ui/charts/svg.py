"""SVG as text. Tones are classes that a page's style sheet colours, with attributes that hold where there is none."""

from typing import Literal
from xml.sax.saxutils import escape, quoteattr

Tone = Literal["ink", "quiet", "soft", "line", "strong", "paper"]
_PLAIN: dict[str, str] = {"ink": "#1d1d1b", "quiet": "#63635c", "soft": "#b4b3ab", "line": "#dddcd5", "strong": "#b8330a", "paper": "#fcfcfa"}
CHAR = 6.6  # width of a character of the small text, about


class Drawing:
    """An SVG picture that is built mark by mark.

    >>> drawing = Drawing(20, 10, "a dot")
    >>> drawing.dot(5, 5, 2, "strong")
    >>> drawing.text_of().count("<circle")
    1
    """

    def __init__(self, width: float, height: float, says: str, *, kind: str = "", links: bool = False) -> None:
        self.width, self.height, self.says, self.kind, self.links = width, height, says, kind, links
        self._marks: list[str] = []

    def line(self, x1: float, y1: float, x2: float, y2: float, tone: Tone = "line", width: float = 1, *, dash: str = "", says: str = "") -> None:
        """A straight line."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._mark(f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" {_style(None, tone, width)}{dashed}', says)

    def box(
        self, x: float, y: float, width: float, height: float, tone: Tone = "soft", *, round: float = 0, says: str = "", outline: Tone | None = None
    ) -> None:
        """A filled rectangle; a width or height under nothing is nothing."""
        corner = f' rx="{_n(round)}"' if round else ""
        self._mark(f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(max(0, width))}" height="{_n(max(0, height))}"{corner} {_style(tone, outline)}', says)

    def dot(self, x: float, y: float, radius: float = 3, tone: Tone = "ink", *, hollow: bool = False, says: str = "") -> None:
        """A dot, or a ring."""
        style = _style("paper", tone, 1.5) if hollow else _style(tone)
        self._mark(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" {style}', says)

    def path(self, d: str, tone: Tone = "ink", width: float = 1.5, *, dash: str = "") -> None:
        """A line along a path."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._mark(f'<path d="{d}" stroke-linejoin="round" {_style(None, tone, width)}{dashed}', "")

    def area(self, d: str, tone: Tone = "line") -> None:
        """A filled path."""
        self._mark(f'<path d="{d}" {_style(tone)}', "")

    def text(
        self,
        x: float,
        y: float,
        text: str,
        tone: Tone = "quiet",
        *,
        anchor: Literal["start", "middle", "end"] = "start",
        size: float = 12,
        bold: bool = False,
    ) -> None:
        """A line of text; it is escaped."""
        place = "" if anchor == "start" else f' text-anchor="{anchor}"'
        weight = ' font-weight="600"' if bold else ""
        self._marks.append(f'<text x="{_n(x)}" y="{_n(y)}"{place} font-size="{_n(size)}"{weight} {_style(tone)}>{escape(text)}</text>')

    def raw(self, text: str) -> None:
        """Markup of our own."""
        self._marks.append(text)

    def _mark(self, head: str, says: str) -> None:
        self._marks.append(f"{head}><title>{escape(says)}</title></{head[1 : head.index(' ')]}>" if says else head + "/>")

    def text_of(self) -> str:
        """The whole picture."""
        role = "group" if self.links else "img"
        kind = f" {self.kind}" if self.kind else ""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="chart{kind}" role="{role}" aria-label={quoteattr(self.says)} '
            f'viewBox="0 0 {_n(self.width)} {_n(self.height)}" width="{_n(self.width)}" height="{_n(self.height)}" '
            f'font-family="system-ui, sans-serif">'
        )
        return head + "".join(self._marks) + "</svg>"


def _style(fill: Tone | None, stroke: Tone | None = None, width: float = 1) -> str:
    classes = [f"f-{fill}"] * (fill is not None) + [f"s-{stroke}"] * (stroke is not None)
    drawn = f' stroke="{_PLAIN[stroke]}" stroke-width="{_n(width)}"' if stroke else ""
    return f'class="{" ".join(classes)}" fill="{_PLAIN[fill] if fill else "none"}"{drawn}'


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


class Scale:
    """From numbers to places on a line; numbers outside lie at its ends.

    >>> Scale(0, 10, 0, 100)(5), Scale(0, 10, 0, 100)(50)
    (50.0, 100.0)
    """

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high, self.start, self.end = low, high if high > low else low + 1, start, end

    def __call__(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return self.start + min(1.0, max(0.0, part)) * (self.end - self.start)
