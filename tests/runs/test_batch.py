"""A batch is one transaction: all of it or nothing, the same again is the same, whatever the order in which batches come."""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ninefold.errors import ConflictError, UsageError
from ninefold.runs import Point, Runs
from ninefold.runs.points import history, latest

WHOLE = st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(0, 3)
VALUES = st.floats() | st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf])
POINTS = st.lists(st.builds(Point, st.sampled_from(["a", "b", "ü / x"]), VALUES, WHOLE, WHOLE), max_size=12)


def seen(point: Point) -> tuple[int, int, float, bool]:
    """A point as it compares: no number has a place, and there is one zero."""
    return point.step, point.at, 0.0 if math.isnan(point.value) else point.value + 0.0, math.isnan(point.value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(POINTS, min_size=1, max_size=4), again=st.data())
def test_points_are_a_set_and_the_newest_is_the_greatest(runs: Runs, batches: list[list[Point]], again: Any) -> None:
    run = runs.start("p", "e").id
    repeated = [*batches, again.draw(st.sampled_from(batches))]
    for batch in again.draw(st.permutations(repeated)):
        runs.batch(run, points=batch)
    wanted: dict[str, set[tuple[int, int, float, bool]]] = {}
    for point in (point for batch in batches for point in batch):
        wanted.setdefault(point.key, set()).add(seen(point))
    for key, points in wanted.items():
        found, _ = history(runs.ledger, run, key, limit=1000)
        assert [seen(point) for point in found] == sorted(points)
    assert {p.key: seen(p) for p in latest(runs.ledger, [run])[run]} == {key: max(points) for key, points in wanted.items()}


def test_a_thousand_metrics_and_hundreds_of_labels_go_at_once(runs: Runs) -> None:
    run = runs.start("p", "e").id
    labels = [(f"k{n}", str(n)) for n in range(250)]
    for step in range(3):
        runs.batch(run, params=labels, tags=labels, points=[Point(f"m{n}", n + step, step, step) for n in range(1000)])
    assert (runs.params(run), runs.tags(run)) == (dict(labels), dict(labels))
    assert runs.metrics(run) == {f"m{n}": n + 2.0 for n in range(1000)}
    assert [p.value for p in runs.points(run, "m7")] == [7.0, 8.0, 9.0]


def test_where_a_parameter_conflicts_nothing_is_written(runs: Runs) -> None:
    run = runs.start("p", "e", params={"a": 1}).id
    for params in ([("b", "1"), ("a", "2")], [("b", "1"), ("b", "2")]):
        with pytest.raises(ConflictError, match="already"):
            runs.batch(run, params=params, points=[Point("loss", 1.0, 0, 0)], tags=[("t", "1")])
    assert (runs.params(run), runs.metrics(run), runs.tags(run)) == ({"a": "1"}, {}, {})


def test_what_no_database_keeps_is_refused_before_anything_is_written(runs: Runs) -> None:
    run = runs.start("p", "e").id
    wrong: list[Any] = [
        Point("a", True, 0, 0),
        Point("a", "1", 0, 0),
        Point("a", 10**400, 0, 0),
        Point("a", 1.0, 1 << 63, 0),
        Point("a\0", 1.0, 0, 0),
    ]
    for point in wrong:
        with pytest.raises(UsageError):
            runs.batch(run, points=[Point("good", 1.0, 0, 0), point])
    with pytest.raises(UsageError, match="zero character"):
        runs.set_tags(run, {"a": "b\0"})
    assert runs.metrics(run) == {}


def test_threads_that_log_to_one_run_lose_nothing(runs: Runs) -> None:
    run = runs.start("p", "e").id
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: runs.log(run, {"loss": float(n), f"own{n % 8}": 1.0}, step=n, at=1), range(200)))
    assert [p.step for p in runs.points(run, "loss")] == list(range(200))
    assert runs.metrics(run)["loss"] == 199.0
