"""Charts are functions from numbers to SVG: well formed, within their frame, strong only where somebody should look."""

import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from ninefold.ui.charts import bands, columns, intervals, lineage, timelines
from ninefold.ui.pictures import calibration

EVIL = '"><script>alert(1)</script>&'
ALL: dict[str, Callable[[], str]] = {
    "against": lambda: intervals.against(0.75, 0.72, 0.77, 0.7, better="higher", verdict=EVIL),
    "against nothing": lambda: intervals.against(None, None, None, 0.7, better="lower", verdict="not yet known"),
    "effect": lambda: intervals.effect(0.05, 0.04, 0.06, unit=EVIL, verdict="supported"),
    "effect without interval": lambda: intervals.effect(0.0, None, None, unit="", verdict="undecided"),
    "groups": lambda: intervals.groups([intervals.Estimate(EVIL, 0.5, 0.4, 0.6), intervals.Estimate("b", None, None, None, False)], says=EVIL),
    "no groups": lambda: intervals.groups([], says="nothing"),
    "contest": lambda: intervals.contest(
        [intervals.Contender(EVIL, 0.6, 0.0, 0.0, True), intervals.Contender("x", None, None, None, False, EVIL)], unit=EVIL
    ),
    "histogram": lambda: columns.histogram([0, 5, 1], says=EVIL),
    "empty histogram": lambda: columns.histogram([], says=""),
    "shares": lambda: columns.shares([(EVIL, 3)], 4, says=EVIL),
    "bars": lambda: columns.bars([(EVIL * 9, 3), ("none", 0)], says=EVIL, strong=True),
    "spans": lambda: timelines.spans([timelines.Span(EVIL, 0, None), timelines.Span("b", 5, 7)], says=EVIL, now=10, dated=str),
    "no spans": lambda: timelines.spans([], says="", now=10, dated=str),
    "split": lambda: timelines.split([("train", 0, 5, 50), (EVIL, 5, 6, 5), ("test", 6, 10, 50)], says=EVIL, dated=str),
    "lines": lambda: timelines.lines(
        [timelines.Line(EVIL, [(0, 1.0), (1, None), (2, 3.0)], strong=True)], says=EVIL, dated=str, limit=2.0, marks=[(1, EVIL)]
    ),
    "no lines": lambda: timelines.lines([timelines.Line("a", [(0, None)])], says="", dated=str),
    "band": lambda: bands.band([bands.Point(0, 0.5, 0.4, 0.6), bands.Point(1, 0.6, 0.5, 0.7)], limit=0.7, says=EVIL, dated=str, strong=True),
    "one look": lambda: bands.band([bands.Point(0, 0.5, 0.4, 0.6)], limit=0.5, says=EVIL, dated=str),
    "no looks": lambda: bands.band([], limit=0.0, says="", dated=str),
    "bar": lambda: timelines.bar(1, 2, whole=(0, 10), says=EVIL),
    "signed": lambda: columns.signed(-0.2, 0.0, says=EVIL),
    "trials": lambda: timelines.trials([0.5, None, 0.4], says=EVIL),
    "failed trials": lambda: timelines.trials([None], says=""),
    "lineage": lambda: lineage.lineage([lineage.Node(EVIL, "table", EVIL), lineage.Node("b", "model", "/b", True)], [(EVIL, "b")]),
    "calibration": lambda: calibration([(0.1, 0.1, 50), (0.5, 0.6, 50)]),
}


@pytest.mark.parametrize("name", ALL)
def test_a_chart_is_well_formed_named_and_escapes_what_it_is_given(name: str) -> None:
    text = ALL[name]()
    root = ET.fromstring(text)
    assert root.get("role") in {"img", "group"} and root.get("aria-label") is not None
    assert "<script" not in text and " style=" not in text


@pytest.mark.parametrize("name", ALL)
def test_a_chart_has_no_numbers_that_are_none(name: str) -> None:
    values = [v for e in ET.fromstring(ALL[name]()).iter() for k, v in e.attrib.items() if k in {"x", "y", "cx", "cy", "d", "width", "height", "r"}]
    assert not [v for v in values if "nan" in v or "inf" in v or "None" in v]


def _tones(text: str) -> set[str]:
    return {c.split("-")[1] for e in ET.fromstring(text).iter() for c in (e.get("class") or "").split() if c[:2] in {"f-", "s-"}}


def test_a_criterion_is_strong_only_where_it_is_not_met() -> None:
    drawn = {v: _tones(intervals.against(0.6, 0.5, 0.65, 0.7, better="higher", verdict=v)) for v in ("met", "not met", "not yet known")}
    assert [v for v, tones in drawn.items() if "strong" in tones] == ["not met"]


def test_the_band_lies_on_the_right_side_of_the_limit() -> None:
    def band(better: str) -> tuple[float, float]:
        root = ET.fromstring(intervals.against(0.5, 0.4, 0.6, 0.5, better=better, verdict="met", width=200))
        box = next(e for e in root.iter() if e.tag.endswith("rect"))
        return float(box.get("x", 0)), float(box.get("width", 0))

    assert band("lower")[0] == 2 and band("higher")[0] == pytest.approx(100, abs=1)


def test_what_needs_stands_right_of_what_it_needs() -> None:
    nodes = [lineage.Node(n, "table", f"/{n}") for n in ("c", "a", "b")]
    root = ET.fromstring(lineage.lineage(nodes, [("a", "b"), ("b", "c")]))
    left = {}
    for link in (e for e in root.iter() if e.tag.endswith("}a")):
        left[link.get("href")] = float(next(e for e in link.iter() if e.tag.endswith("rect")).get("x", 0))
    assert left["/a"] < left["/b"] < left["/c"]


def test_lineage_with_a_circle_is_still_drawn() -> None:
    nodes = [lineage.Node(n, "table", "/") for n in "ab"]
    assert lineage.lineage(nodes, [("a", "b"), ("b", "a")]).count("<a ") == 2


def test_labels_at_line_ends_do_not_overlap() -> None:
    two = [timelines.Line(n, [(0, 1.0), (1, 2.0 + i / 1000)]) for i, n in enumerate(("one", "two"))]
    root = ET.fromstring(timelines.lines(two, says="", dated=str))
    places = [float(e.get("y", 0)) for e in root.iter() if (e.text or "").startswith(("one", "two"))]
    assert abs(places[0] - places[1]) >= 13


def test_an_estimate_is_dashed() -> None:
    lines = [timelines.Line("known", [(0, 1.0), (1, 2.0)]), timelines.Line("estimated", [(1, 2.0), (2, 3.0)], dashed=True)]
    paths = [p for p in ET.fromstring(timelines.lines(lines, says="", dated=str)).iter() if p.tag.endswith("path")]
    assert ["stroke-dasharray" in p.attrib for p in paths] == [False, True]
