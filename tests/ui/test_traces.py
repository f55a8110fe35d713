"""Pages of traces: found from their experiment and their run, drawn over time; hostile names harm nobody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold import config
from ninefold.project.home import Home
from ninefold.runs import Runs
from ninefold.runs.traces.assessments import Assessments
from ninefold.runs.traces.records import Traces
from ninefold.runs.traces.trace import Assessment, Event, Span, Trace
from ninefold.ui.views.traces import PAGE, SPANS

from .conftest import Get, getter

EVIL = '<script>alert("1")</script>'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, either_database: None) -> Iterator[Home]:
    monkeypatch.setenv("NINEFOLD_ANCHOR", str(tmp_path / "anchors"))
    with Home(config.load(tmp_path), "shop") as opened:
        yield opened


@pytest.fixture
def get(home: Home) -> Get:
    return getter(home)


@pytest.fixture
def run(home: Home) -> str:
    run = Runs(home.ledger, home.blobs).start("shop", "chat", name="evening")
    traces = Traces(home.ledger, "shop")
    told = Trace(
        id="t1", experiment=run.experiment, name="answer", status="ERROR", started=5, took=9000, run=run.id, request=EVIL, response="no", told=True
    )
    traces.begin(told, tags={"color": EVIL}, metadata={"m": "1"})
    inner = Span(trace="t1", id="b", parent="a", name=EVIL, kind="TOOL", status="ERROR", message="three", began=2_005_000, ended=4_005_000)
    root = Span(trace="t1", id="a", name="answer", began=5000, ended=9_005_000, attributes={"x": [1, EVIL]}, events=[Event("cut", 7000, {"q": 1})])
    traces.add_spans([root, inner, Span(trace="t1", id="c", parent="gone", name="alone", began=6000)], experiment=run.experiment)
    Assessments(home.ledger, "shop").add(
        Assessment(id="a1", trace="t1", kind="feedback", name="good", value=True, source=("HUMAN", "ada"), rationale="r")
    )
    return run.id


def test_a_trace_shows_its_spans_below_each_other(get: Get, run: str) -> None:
    found = get("/api/traces/t1").json
    assert [(s["name"], s["depth"], s["start"], s["end"]) for s in found["spans"]] == [
        ("answer", 0, 0.0, 9000.0), (EVIL, 1, 2000.0, 4000.0), ("alone", 0, 1.0, None),
    ]  # fmt: skip
    page = get("/traces/t1")
    assert page.status == 200
    assert EVIL not in page.text
    assert 'class="chart waterfall"' in page.text and "evening" in page.text and "ada" in page.text and "good" in page.text
    assert get("/traces/nobody").status == 404


def test_a_trace_is_found_from_its_run_and_its_experiment(get: Get, run: str) -> None:
    for path in (f"/runs/{run}", "/traces", "/traces?experiment=chat", f"/traces?run={run}"):
        page = get(path)
        assert page.status == 200 and "/traces/t1" in page.text and EVIL not in page.text, path
    assert "/traces?experiment=chat" in get("/experiments").text
    for path in ("/traces?experiment=nothing", "/traces?run=nobody"):
        assert "There is no trace" in get(path).text


def test_many_traces_come_page_by_page(get: Get, home: Home, run: str) -> None:
    traces, experiment = Traces(home.ledger, "shop"), Runs(home.ledger).get(run).experiment
    for n in range(PAGE):
        traces.begin(Trace(id=f"n{n}", experiment=experiment, started=100 + n))
    first = get("/api/traces?experiment=chat").json
    rest = get(f"/api{first['following']}").json
    assert [one["id"] for one in first["traces"] + rest["traces"]] == [*(f"n{n}" for n in reversed(range(PAGE))), "t1"]


def test_spans_in_a_circle_or_too_many_are_shown_as_far_as_it_goes(get: Get, home: Home, run: str) -> None:
    traces, experiment = Traces(home.ledger, "shop"), Runs(home.ledger).get(run).experiment
    traces.add_spans([Span(trace="o", id=a, parent=b, name=a, began=1) for a, b in (("a", "b"), ("b", "a"))], experiment=experiment)
    assert [s["name"] for s in get("/api/traces/o").json["spans"]] == ["a", "b"]
    traces.add_spans(
        [Span(trace="m", id=f"{n:04}", parent=f"{n - 1:04}" if n else None, name="s", began=n) for n in range(SPANS + 7)], experiment=experiment
    )
    assert get("/api/traces/m").json["more"] == 7
    assert get("/traces/m").status == 200
