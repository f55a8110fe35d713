"""The detector keeps its promise in worlds without drift, and finds drift soon."""

import numpy as np
import pytest

from ninefold.monitors.distributions import GATE, History, scored
from ninefold.stats.detector import e_value, watch
from ninefold.stats.histogram import category_grid, category_histogram, number_grid, number_histogram

REFERENCE, DAYS, COLUMNS = 56, 90, 30


def series(world: str, rng: np.random.Generator, days: int) -> np.ndarray:
    """Daily levels in standard deviations: nothing, stationary autocorrelated days, or these and a weekly cycle."""
    if world == "iid":
        return np.zeros(days)
    level = np.zeros(days)
    for t in range(1, days):
        level[t] = 0.7 * level[t - 1] + rng.normal(0, 0.03 * np.sqrt(1 - 0.49))
    return level + (0.10 * np.sin(2 * np.pi * np.arange(days) / 7) if world == "season" else 0)


def number_history(world: str, seed: int, rows: int, shift: float = 0.0, at: int = 20) -> History:
    rng = np.random.default_rng(seed)
    levels = series(world, rng, REFERENCE + DAYS)
    levels[REFERENCE + at :] += shift
    values = [rng.normal(level, 1, rows) for level in levels]
    grid = number_grid(np.concatenate(values[:REFERENCE])[:200_000])
    windows = tuple(number_histogram(grid, v) for v in values)
    return History(column="x", grid=grid, days=tuple(range(len(values))), windows=windows, reference=REFERENCE)


def category_history(seed: int, rows: int, moved: float = 0.0, at: int = 20) -> History:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(20) * 3)
    other = shares.copy()
    top, low = int(shares.argmax()), int(shares.argmin())
    other[top] -= moved
    other[low] += moved
    counts = [
        dict(zip(map(str, range(20)), rng.multinomial(rows, other if t >= REFERENCE + at else shares).tolist(), strict=True))
        for t in range(REFERENCE + DAYS)
    ]
    grid = category_grid(counts[0])
    windows = tuple(category_histogram(grid, c) for c in counts)
    return History(column="c", grid=grid, days=tuple(range(len(counts))), windows=windows, reference=REFERENCE)


def looks(history: History):
    scores, sizes = scored(history)
    season = [(d + 3) % 7 for d in history.days]
    return watch(scores, season, sizes, reference=REFERENCE, limit=90 * COLUMNS / 0.25, gate=GATE)


@pytest.mark.parametrize("world", ["iid", "ar", "season"])
def test_days_that_only_vary_raise_no_incident(world):
    assert sum(any(look.open for look in looks(number_history(world, seed, 1_000))) for seed in range(10)) == 0


@pytest.mark.slow
@pytest.mark.parametrize("world", ["iid", "ar", "season"])
def test_large_days_that_only_vary_raise_no_more_incidents_than_the_budget(world):
    # 20 of the 30 columns that share a budget of a quarter of an incident
    assert sum(any(look.open for look in looks(number_history(world, 100 + seed, 20_000))) for seed in range(20)) <= 1


@pytest.mark.parametrize("world", ["iid", "ar", "season"])
def test_a_shift_of_a_fifth_is_found_within_three_days(world):
    delays = []
    for seed in range(6):
        found = [t for t, look in enumerate(looks(number_history(world, seed, 5_000, shift=0.2))) if look.open]
        delays.append(found[0] - 20 if found else 99)
    assert 0 <= np.median(delays) <= 3


def test_categories_that_stay_raise_nothing_and_moved_ones_are_found():
    assert not any(look.open for seed in range(5) for look in looks(category_history(seed, 1_000)))
    found = [[t for t, look in enumerate(looks(category_history(seed, 5_000, moved=0.1))) if look.open] for seed in range(5)]
    assert all(f and 20 <= f[0] <= 25 for f in found)


def test_an_incident_closes_after_seven_quiet_windows():
    history = number_history("iid", 1, 5_000)
    rng = np.random.default_rng(9)
    windows = [
        number_histogram(history.grid, rng.normal(0.5, 1, 5_000)) if REFERENCE + 20 <= t < REFERENCE + 30 else w
        for t, w in enumerate(history.windows)
    ]
    opened = [look.open for look in looks(History(column="x", grid=history.grid, days=history.days, windows=tuple(windows), reference=REFERENCE))]
    assert opened[30]
    assert not any(opened[37:])


def test_the_day_since_which_it_moved_is_named():
    found = [look for look in looks(number_history("iid", 3, 5_000, shift=0.5)) if look.open]
    assert abs(found[0].since - (REFERENCE + 20)) <= 1


def test_a_column_that_never_moved_is_quiet_and_raises_when_it_does():
    constant = number_grid(np.ones(100))
    same = [number_histogram(constant, np.ones(100))] * 80
    history = History(column="x", grid=constant, days=tuple(range(80)), windows=tuple(same), reference=REFERENCE)
    assert not any(look.open or look.watch for look in looks(history))


def test_a_constant_that_changes_is_found():
    grid = number_grid(np.array([1.0, 1.0, 7.0]))
    assert grid.bins == 2
    moved = [number_histogram(grid, np.ones(100))] * 80 + [number_histogram(grid, np.full(100, 7.0))] * 5
    history = History(column="x", grid=grid, days=tuple(range(85)), windows=tuple(moved), reference=REFERENCE)
    assert looks(history)[-1].open


def test_e_values_average_one_under_uniform_p():
    p = np.random.default_rng(0).random(200_000)
    assert np.mean([min(e_value(v), 50) for v in p[:50_000]]) < 1.05
