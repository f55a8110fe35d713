"""Histories in pages, samples for charts: each by seeks in the key, however many points there are."""

import random
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ninefold.errors import UsageError
from ninefold.runs import Point, Runs
from ninefold.runs.narrowing import SEEKS
from ninefold.runs.points import SQL, history, sampled


def logged(runs: Runs, points: list[Point]) -> str:
    run = runs.start("p", "e").id
    runs.log_points(run, points)
    return run


def test_pages_give_every_point_once_also_while_others_are_written(runs: Runs) -> None:
    run = logged(runs, [Point("loss", 1 / (n + 1), n // 3, n) for n in range(100)])
    found, token = history(runs.ledger, run, "loss", limit=7)
    while token is not None:
        runs.log(run, {"loss": 5.0}, step=0, at=-len(found))  # behind the page: it must not shift what follows
        more, token = history(runs.ledger, run, "loss", after=token, limit=7)
        found += more
    assert [point.at for point in found] == list(range(100))


def test_a_token_of_another_metric_is_refused(runs: Runs) -> None:
    run = logged(runs, [Point(key, 1.0, n, n) for key in ("a", "b") for n in range(3)])
    _, token = history(runs.ledger, run, "a", limit=1)
    for wrong in (token, "x", "", "é", "AAAA"):
        with pytest.raises(UsageError, match="page token"):
            history(runs.ledger, run, "b", after=wrong, limit=1)
    assert history(runs.ledger, run, "none", limit=1) == ([], None)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.integers(-5, 60) | st.integers(10**12, 10**12 + 40) | st.sampled_from([-(1 << 63), (1 << 63) - 1]), min_size=1, max_size=80),
    limit=st.integers(2, 20),
    bounds=st.none() | st.tuples(st.integers(-6, 30), st.integers(0, 61)),
)
def test_a_sample_has_the_ends_and_no_more_than_asked(runs: Runs, steps: list[int], limit: int, bounds: tuple[int, int] | None) -> None:
    run = logged(runs, [Point("loss", float(n), step, n) for n, step in enumerate(steps)])
    low, high = bounds or (None, None)
    whole = [p for p in runs.points(run, "loss") if (low is None or p.step >= low) and (high is None or p.step <= high)]
    found = sampled(runs.ledger, run, "loss", limit=limit, start=low, end=high)
    assert len(found) <= limit
    assert found == whole if len(whole) <= limit else (found[0], found[-1]) == (whole[0], whole[-1])
    assert found == sorted(set(found), key=lambda p: (p.step, p.at)) and set(found) <= set(whole)


def test_a_sample_is_spread_over_the_steps_or_where_there_is_one_over_the_time(runs: Runs) -> None:
    run = logged(runs, [Point("steps", 1.0, n, n) for n in range(1000)] + [Point("time", 1.0, 0, n) for n in range(1000)])
    for key, place in (("steps", "step"), ("time", "at")):
        places = [getattr(point, place) for point in sampled(runs.ledger, run, key, limit=11)]
        assert len(places) == 11
        assert max(b - a for a, b in pairwise(places)) <= 112
    with pytest.raises(UsageError, match="the limit is 1"):
        sampled(runs.ledger, run, "steps", limit=1)


HEAPS = {
    "one jump": [Point("m", 1.0, n, n) for n in range(5000)] + [Point("m", 1.0, 10**12, 0)],
    "a jump first": [Point("m", 1.0, -(1 << 63), 0)] + [Point("m", 1.0, n, n) for n in range(5000)],
    "two heaps": [Point("m", 1.0, base + n, n) for base in (0, 10**15) for n in range(2500)],
    "growing": [Point("m", 1.0, 1 << n, n) for n in range(62)] + [Point("m", 1.0, n, n) for n in range(5000)],
    "one step, a jump in time": [Point("m", 1.0, 0, n) for n in range(5000)] + [Point("m", 1.0, 0, 10**15)],
    "a step with most": [Point("m", 1.0, 7, n) for n in range(5000)] + [Point("m", 1.0, n * 10**9, n) for n in range(20)],
}


@pytest.mark.parametrize("points", HEAPS.values(), ids=HEAPS)
def test_a_sample_of_points_in_heaps_has_enough_of_them(runs: Runs, points: list[Point]) -> None:
    run = logged(runs, points)
    whole = sorted({(p.step, p.at) for p in points})
    for limit in (20, 300):
        found = [(p.step, p.at) for p in sampled(runs.ledger, run, "m", limit=limit)]
        assert limit / 2 <= len(found) <= limit
        assert (found[0], found[-1]) == (whole[0], whole[-1])
        assert found == sorted(set(found)) and set(found) <= set(whole)
        asked = [(p.step, p.at) for p in sampled(runs.ledger, run, "m", limit=limit, start=10, end=4000)]
        assert all(10 <= step <= 4000 for step, _ in asked)


def test_no_read_of_points_walks_through_all_of_them(runs: Runs) -> None:
    if not runs.ledger.driver.url.startswith("sqlite"):
        pytest.skip("SQLite says how it reads")
    for text in (*(SQL[name] for name in ("first", "last", "page", "by_step", "by_time")), SEEKS):
        plan = [row["detail"] for row in runs.ledger.all("explain query plan " + text, *[1] * text.count("?"))]
        assert any("SEARCH" in line for line in plan), plan
        assert not [line for line in plan if line.startswith("SCAN") and "mark" not in line and "taken" not in line and "CONSTANT" not in line], plan


@pytest.mark.slow
def test_a_sample_of_many_points_costs_what_its_own_points_cost(runs: Runs) -> None:
    import time

    rng, run = random.Random(1), runs.start("p", "e").id
    took = {}
    for count in (10_000, 300_000):
        for begin in range(0, count, 20_000):
            runs.log_points(run, [Point(f"of{count}", rng.random(), n, n) for n in range(begin, min(count, begin + 20_000))])
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            assert len(sampled(runs.ledger, run, f"of{count}", limit=500)) == 500
            times.append(time.perf_counter() - begun)
        took[count] = min(times)
    assert took[300_000] < 5 * took[10_000]
