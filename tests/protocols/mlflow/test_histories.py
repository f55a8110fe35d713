"""Histories of metrics: all, in pages, sampled for a chart."""

import pytest
from asked import Asked

from ninefold.protocols.mlflow.errors import GONE, INVALID
from ninefold.runs.points import Point
from ninefold.runs.records import Runs

ONE, BULK, CHART = "metrics/get-history", "metrics/get-history-bulk", "metrics/get-history-bulk-interval"


@pytest.fixture
def long(asked: Asked, run: str) -> str:
    """A run whose metric has 6,000 points."""
    Runs(asked.home.ledger).log_points(run, [Point("k", n / 10, n, 1_700_000_000_000_000 + n * 1000) for n in range(6000)])
    return run


def test_all_points_come_without_a_limit(asked: Asked, long: str) -> None:
    points = asked.get(ONE, run_id=long, metric_key="k").json["metrics"]
    assert points == [{"key": "k", "value": n / 10, "timestamp": 1_700_000_000_000 + n, "step": n} for n in range(6000)]


def test_pages_have_every_point_once(asked: Asked, long: str) -> None:
    steps, token = [], ""
    while True:
        page = asked.get(ONE, run_id=long, metric_key="k", max_results=999, **({"page_token": token} if token else {})).json
        steps += [point["step"] for point in page["metrics"]]
        token = page.get("next_page_token")
        if token is None:
            break
    assert steps == list(range(6000))


def test_a_metric_that_is_not_there_has_no_points(asked: Asked, run: str) -> None:
    assert asked.get(ONE, run_id=run, metric_key="none").json == {}
    assert asked.get(ONE, run_id=run, metric_key="none", max_results=5).json == {}
    assert asked.get(ONE, run_id="nobody", metric_key="none").code == GONE


@pytest.mark.parametrize("query", [{}, {"metric_key": ""}, {"metric_key": "k", "max_results": 0}, {"metric_key": "k", "max_results": "x"}])
def test_what_is_no_question_is_refused(asked: Asked, long: str, query: dict[str, object]) -> None:
    assert asked.get(ONE, run_id=long, **query).code == INVALID


@pytest.mark.parametrize("token", ["rubbish", "AAAA", "é", "x" * 5000])
def test_a_token_of_something_else_is_refused(asked: Asked, long: str, token: str) -> None:
    assert asked.get(ONE, run_id=long, metric_key="k", page_token=token).code == INVALID


def test_several_runs_at_once(asked: Asked, long: str) -> None:
    other = asked.begin()
    asked.done("runs/log-metric", run_id=other, key="k", value=1, timestamp=1)
    points = asked.get(BULK, run_id=[long, other, "nobody"], metric_key="k").json["metrics"]
    assert {point["run_id"] for point in points} == {long, other}
    assert len(points) == 6001
    assert asked.get("/ajax-api/2.0/mlflow/" + BULK, run_id=[other], metric_key="k", max_results=1).json["metrics"] == [
        {"key": "k", "value": 1.0, "timestamp": 1, "step": 0, "run_id": other}
    ]
    assert asked.get(BULK, run_id=["nobody"], metric_key="k").json == {"metrics": []}
    assert asked.get(BULK, metric_key="k").code == INVALID
    assert asked.get(BULK, run_id=[f"r{n}" for n in range(101)], metric_key="k").code == INVALID


def test_a_chart_gets_a_sample_with_both_ends(asked: Asked, long: str) -> None:
    points = asked.get(CHART, run_ids=[long], metric_key="k", max_results=100).json["metrics"]
    assert 50 <= len(points) <= 100
    assert (points[0]["step"], points[-1]["step"]) == (0, 5999)
    points = asked.get(CHART, run_ids=[long], metric_key="k", max_results=50, start_step=1000, end_step=1010).json["metrics"]
    assert [point["step"] for point in points] == list(range(1000, 1011))


@pytest.mark.parametrize(
    "query",
    [
        {"max_results": 0},
        {"max_results": 2501},
        {"start_step": 1},
        {"end_step": 1},
        {"start_step": 3, "end_step": 1},
        {"metric_key": ""},
        {"run_ids": []},
    ],
)
def test_limits_of_a_chart(asked: Asked, long: str, query: dict[str, object]) -> None:
    assert asked.get(CHART, **{"run_ids": [long], "metric_key": "k", **query}).code == INVALID
