"""A canary that is looked at every day keeps its rate of false outcomes, and finds what is large."""

import numpy as np
import pytest

from ninefold.stats.sequential import critical, log_e, sequential_paired


def decided(kind: str, effect: float, seed: int, days: int) -> str:
    """The first outcome other than undecided, looking every day."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(600, 1000, days).astype(float)
    daily = rng.standard_t(3, days) / np.sqrt(3) if kind == "heavy" else rng.normal(0, 1, days)
    if kind == "autocorrelated":
        for t in range(1, days):
            daily[t] = 0.3 * daily[t - 1] + np.sqrt(0.91) * daily[t]
    sums = (daily + effect) * rows
    looks = (sequential_paired(sums[:t], rows[:t]).outcome for t in range(5, days + 1))
    return next((outcome for outcome in looks if outcome != "undecided"), "undecided")


@pytest.mark.parametrize("kind", ["independent", "heavy", "autocorrelated"])
def test_peeking_every_day_decides_falsely_in_at_most_one_canary_of_twenty(kind):
    assert np.mean([decided(kind, 0.0, seed, 21) != "undecided" for seed in range(200)]) <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["independent", "heavy", "autocorrelated"])
def test_peeking_for_two_months_keeps_the_rate(kind):
    assert np.mean([decided(kind, 0.0, seed, 60) != "undecided" for seed in range(500)]) <= 0.06


def test_a_large_difference_is_found_within_three_weeks_and_in_its_direction():
    assert np.mean([decided("independent", 1.5, seed, 21) == "better" for seed in range(40)]) > 0.9
    assert np.mean([decided("independent", -1.5, seed, 21) == "worse" for seed in range(40)]) > 0.9


def test_few_days_are_undecided():
    assert sequential_paired(np.full(6, 5.0) + np.arange(6) / 100, np.ones(6)).outcome == "undecided"


def test_two_equal_versions_are_undecided_with_e_1():
    found = sequential_paired(np.zeros(30), np.ones(30))
    assert (found.outcome, found.e) == ("undecided", 1.0)


def test_no_days_are_undecided():
    assert sequential_paired(np.zeros(0), np.zeros(0)).days == 0


def test_the_interval_is_where_the_test_decides():
    t = critical(20, 0.05)
    assert log_e(t, 20) == pytest.approx(-np.log(0.05))


def test_days_without_rows_do_not_count():
    sums, rows = np.array([1.0, 1.2, 0.0, 0.9] * 5), np.array([1.0, 1.0, 0.0, 1.0] * 5)
    assert sequential_paired(sums, rows).days == 15
