"""From what a page shows to its pictures."""

import math
from collections.abc import Callable

from markupsafe import Markup

from ninefold.ui.charts import bands, columns, curves, intervals, lineage, timelines, waterfall
from ninefold.ui.charts.svg import Drawing, Scale, Tone
from ninefold.ui.times import Times
from ninefold.ui.views.comparing import Difference
from ninefold.ui.views.endpoints import EndpointPage, Tried
from ninefold.ui.views.hypotheses import Look
from ninefold.ui.views.models import Evidence
from ninefold.ui.views.monitors import MonitorPage, Series
from ninefold.ui.views.predictions import PredictionPage
from ninefold.ui.views.problems import Course
from ninefold.ui.views.runs import StepLine
from ninefold.ui.views.standing import CriterionLine, Judgement
from ninefold.ui.views.tables import Column
from ninefold.ui.views.thing import ThingPart
from ninefold.ui.views.traces import TracePage
from ninefold.ui.wording import number, release_state, several, share, size, span


class Pictures:
    """The charts of a page, in one zone, their links under one prefix."""

    def __init__(self, times: Times, link: Callable[[str], str]) -> None:
        self.times, self.link = times, link

    def criterion(self, line: CriterionLine, judged: Judgement | None) -> Markup:
        """A criterion's value and interval against its limit."""
        if judged is None:
            return Markup("")
        return Markup(intervals.against(judged.value, judged.low, judged.high, line.limit, better=line.better, verdict=judged.verdict))

    def slices(self, line: CriterionLine, judged: Judgement) -> Markup:
        """A criterion's metric by group."""
        ordered = sorted(judged.slices, key=lambda s: (not s.judged, -(s.value or 0.0)))
        rows = [intervals.Estimate(s.by, s.value, s.low, s.high, s.judged, s.n) for s in ordered[:40]]
        return Markup(intervals.groups(rows, says=f"{line.metric} by group"))

    def course(self, course: Course) -> Markup:
        """A criterion's value in production, judgement after judgement."""
        points = [bands.Point(float(p.at), p.value, p.low, p.high) for p in course.points]
        show = _seconds if course.metric.startswith("latency") else number
        says = f"{course.criterion}: {course.verdict}, over {len(points)} judgements"
        drawn = bands.band(points, limit=course.limit, says=says, dated=self.times.day, strong=course.verdict == "not met", show=show)
        return Markup(drawn)

    def tried(self, tried: Tried) -> Markup:
        """What a version that was tried gained over the champion, look after look."""
        points = [bands.Point(float(c.at), c.effect, c.low, c.high) for c in reversed(tried.looks) if c.effect is not None]
        says = f"what version {tried.version} gained over the champion, at {len(points)} looks"
        return Markup(bands.band(points, limit=0.0, says=says, dated=self.times.day, width=640, height=140)) if points else Markup("")

    def step(self, step: StepLine, whole: tuple[int, int]) -> Markup:
        """When a step ran, within its run."""
        took = (step.seconds or 0.0) * 1e6
        return Markup(timelines.bar(step.at - took, step.at, whole=(float(whole[0]), float(whole[1])), says=f"{step.name}: {span(took)}"))

    def waterfall(self, page: TracePage) -> Markup:
        """The spans of a trace over time."""
        rows = [waterfall.Part(s.name, s.depth, s.start, s.end, s.failed) for s in page.spans]
        return Markup(waterfall.waterfall(rows, says=f"{page.trace.name}: {several(len(rows), 'span')} over time", show=span))

    def effect(self, look: Look) -> Markup:
        """A hypothesis's effect beside nothing."""
        if look.effect is None:
            return Markup("")
        return Markup(intervals.effect(look.effect, look.low, look.high, unit=look.unit, verdict=look.verdict))

    def lineage(self, part: ThingPart) -> Markup:
        """Where a thing stands among the others."""
        nodes = [lineage.Node(n.name, n.noun, self.link(n.path), n.here) for n in part.nodes]
        return Markup(lineage.lineage(nodes, part.edges))

    def column(self, column: Column, rows: int) -> Markup:
        """What a column holds."""
        if column.histogram:
            return Markup(columns.histogram(column.histogram, says=f"how {column.name} is distributed"))
        if column.top:
            top = [(label, float(count)) for label, count in column.top]
            return Markup(columns.shares(top, float(max(1, rows - column.nulls)), says=f"the most frequent values of {column.name}"))
        return Markup("")

    def adds(self, name: str, page: PredictionPage) -> Markup:
        """What a value added to the score, beside the others."""
        widest = max(abs(v) for v in page.adds.values())
        return Markup(columns.signed(page.adds[name], widest, says=f"{name} added {number(page.adds[name])}"))

    def reasons(self, reasons: dict[str, int]) -> Markup:
        """How many rows each rule put aside."""
        rows = sorted(reasons.items(), key=lambda r: -r[1])
        return Markup(columns.bars([(rule, float(n)) for rule, n in rows], says="rows put aside by each rule"))

    def contest(self, evidence: Evidence) -> Markup:
        """The candidates."""
        rows = [intervals.Contender(c.name, c.loss, c.worse, c.error, c.won, c.failed[:80]) for c in evidence.candidates]
        return Markup(intervals.contest(rows, unit=evidence.unit))

    def trials(self, losses: list[float | None], name: str) -> Markup:
        """A search."""
        return Markup(timelines.trials(losses, says=f"loss of each trial of {name}"))

    def split(self, evidence: Evidence) -> Markup:
        """The split in time."""
        parts = [(p.name, float(p.start), float(p.end), p.rows) for p in evidence.parts if p.start is not None and p.end is not None]
        return Markup(timelines.split(parts, says="rows for training, choosing and proof, in time", dated=self.times.day)) if parts else Markup("")

    def calibration(self, bins: list[tuple[float, float, int]]) -> Markup:
        """What scores promised and what came true."""
        return Markup(calibration(bins))

    def releases(self, page: EndpointPage) -> Markup:
        """Releases on a line of time."""
        rows = [
            timelines.Span(
                f"version {r.version} {release_state(r.state)}" + (f", {share(r.share)}" if r.kind != "full" else ""),
                r.since,
                r.ended,
                _release_tone(r.state),
                f"{r.model}@{r.version}, {r.kind}, {self.times.text(r.started)}",
            )
            for r in reversed(page.releases)
        ]
        return Markup(timelines.spans(rows, says="releases over time", now=page.clock, dated=self.times.day))

    def volume(self, page: EndpointPage) -> Markup:
        """Answers a day."""
        points = [(float(d.day), float(d.answers)) for d in page.days]
        return Markup(
            timelines.lines(
                [timelines.Line("answers", points)], says="answers a day", dated=self.times.date, show=lambda v: number(round(v)), height=120
            )
        )

    def latency(self, page: EndpointPage) -> Markup:
        """Time to answer."""
        rows = [timelines.Line(name, [(float(d.day), getattr(d, name)) for d in page.days], soft=name == "p99") for name in ("p99", "p50")]
        return Markup(timelines.lines(rows, says="time to answer, median and 99th percentile", dated=self.times.date, show=span, height=120))

    def series(self, one: Series) -> Markup:
        """One thing that a monitor follows: score over limit."""
        last = one.points[-1][1] if one.points else None
        line = timelines.Line("", [(float(x), y) for x, y in one.points], strong=last is not None and last >= 1)
        return Markup(
            timelines.lines(
                [line], says=f"{one.check} {one.subject}: score over limit", dated=self.times.day, limit=1.0, width=360, height=84, show=_ratio
            )
        )

    def quality(self, page: MonitorPage) -> Markup:
        """What scores promised day by day, and what came true."""
        rows = [
            timelines.Line(label, [(float(d.at), getattr(d, name)) for d in page.days], soft=name == "score")
            for label, name in (("promised", "score"), ("came true", "outcome"))
        ]
        return Markup(timelines.lines(rows, says="promised by the scores and came true, by day", dated=self.times.date, height=150))

    def loss(self, page: MonitorPage) -> Markup:
        """The loss day by day, and dashed what it is expected to be over the days that are still open."""
        rows = [timelines.Line("loss", [(float(d.at), d.loss) for d in page.days])]
        says = "mean loss by day"
        known = next(((float(d.at), d.loss) for d in reversed(page.days) if d.loss is not None), None)
        if page.open is not None and page.open.loss is not None and page.open.last is not None and known is not None and known[0] < page.open.last:
            points = [known, (float(page.open.last), page.open.loss)]
            rows.append(timelines.Line("estimated", points, soft=True, dashed=True))
            says += f", and estimated to be {number(page.open.loss)} over the days that are still open"
        return Markup(timelines.lines(rows, says=says, dated=self.times.date, height=110))

    def incidents(self, page: MonitorPage) -> Markup:
        """Incidents on a line of time."""
        rows = [
            timelines.Span(
                i.title if len(i.title) < 60 else i.title[:58] + "…", i.opened, i.closed, "strong" if i.state == "open" else "soft", i.title
            )
            for i in reversed(page.incidents[:20])
        ]
        return Markup(timelines.spans(rows, says="incidents over time", now=page.clock, dated=self.times.day))

    def curve(self, name: str, points: list[tuple[int, float | None]], log: bool, alone: bool) -> Markup:
        """A metric of a run over its steps."""
        wide, high = (760, 300) if alone else (360, 130)
        return Markup(curves.curves([_curve("", points)], says=f"{name} by step", log=log, width=wide, height=high))

    def side(self, name: str, runs: list[list[tuple[int, float | None]]], names: list[str], log: bool) -> Markup:
        """A metric of several runs."""
        rows = [_curve(label[:24], points) for label, points in zip(names, runs, strict=True) if points]
        return Markup(curves.curves(rows, says=f"{name} by step, of {len(rows)} runs", log=log, width=760, height=260))

    def parallel(self, axes: list[Difference], names: list[str]) -> Markup:
        """Runs as lines across parameters and metrics."""
        rows = [curves.Axis(axis.name, axis.values) for axis in axes]
        return Markup(curves.parallel(rows, [n[:24] for n in names], says=f"{len(names)} runs across {len(rows)} parameters and metrics"))

    def machine(self, name: str, points: list[tuple[int, float | None]]) -> Markup:
        """What the machine was doing, over seconds."""
        show = size if name.endswith("memory") else number
        first = points[0][0] if points else 0
        shifted: list[tuple[int, float | None]] = [(at - first, value) for at, value in points]
        return Markup(curves.curves([_curve("", shifted)], says=f"{name} over time", show=show, height=100, unit="s"))


def _curve(name: str, points: list[tuple[int, float | None]]) -> curves.Curve:
    return curves.Curve(name, [(float(x), math.nan if y is None else y) for x, y in points])


def _seconds(value: float) -> str:
    return span(value * 1e6)


def _ratio(value: float) -> str:
    return f"{number(value, 2)}×"


def _release_tone(state: str) -> Tone:
    return "ink" if state == "champion" else "strong" if state == "rolled back" else "soft"


def calibration(bins: list[tuple[float, float, int]], *, side: int = 240) -> str:
    """Mean score against the share that came true, in bins of equal size; on the diagonal scores are what they say.

    >>> calibration([(0.1, 0.1, 50), (0.5, 0.6, 50)]).count("<circle")
    2
    """
    top = max([max(s, t) for s, t, _ in bins], default=1.0) * 1.05
    x_of, y_of = Scale(0, top, 40, side - 8), Scale(0, top, side - 34, 8)
    drawing = Drawing(side, side, "promised by the score against what came true, in ten bins", kind="calibration")
    drawing.line(x_of(0), y_of(0), x_of(top), y_of(top), "line", 1.5)
    drawing.line(x_of(0), y_of(0), x_of(top), y_of(0), "line")
    drawing.line(x_of(0), y_of(0), x_of(0), y_of(top), "line")
    drawing.path("M" + "L".join(f"{x_of(s):.1f} {y_of(t):.1f}" for s, t, _ in bins), "soft", 1.5)
    for promised, true, n in bins:
        drawing.dot(x_of(promised), y_of(true), 3.5, "ink", says=f"promised {share(promised)}, came true {share(true)}, {several(n, 'row')}")
    drawing.text(x_of(0), side - 18, "0")
    drawing.text(x_of(top), side - 18, share(top), anchor="end")
    drawing.text((40 + side) / 2, side - 4, "promised", anchor="middle")
    drawing.text(36, y_of(top) + 8, share(top), anchor="end")
    drawing.text(44, y_of(top) + 8, "came true")
    return drawing.text_of()
