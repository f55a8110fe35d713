"""Intervals by day cover what they should; corrections and sizes are those of the books."""

import numpy as np
import pytest
from scipy import stats

from ninefold.stats.bootstrap import clusters, day_sums, interval, weights
from ninefold.stats.corrections import benjamini_hochberg, holm
from ninefold.stats.paired import paired_by_day
from ninefold.stats.sizes import homogeneity_p, ks_p, psi_size, tv_size


def test_the_bootstrap_of_a_mean_covers_it_though_rows_share_days():
    draws, covered = weights(40, resamples=400), 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        day = np.repeat(np.arange(40), 25)
        values = rng.normal(0, 1, 40)[day] + rng.normal(0, 1, 1000)
        drawn = draws @ day_sums(np.column_stack([values, np.ones(1000)]), day, 40)
        low, high = interval(drawn[:, 0] / drawn[:, 1])
        covered += low <= 0 <= high
    assert 0.88 <= covered / 200 <= 0.99


def test_every_resample_draws_as_many_days():
    assert (weights(30).sum(1) == 30).all()


def test_very_many_clusters_stay_whole_in_bounded_groups():
    entity = np.repeat(np.arange(5_000), 3)
    codes, groups, distinct = clusters(entity)
    assert (groups, distinct) == (400, 5_000)
    assert (codes.reshape(-1, 3) == codes.reshape(-1, 3)[:, :1]).all()


def test_the_paired_test_has_its_level_when_days_share_a_shift():
    rejected = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        day = np.repeat(np.arange(30), rng.integers(5, 60, 30))
        rejected += paired_by_day(rng.normal(0, 1, 30)[day] + rng.normal(0, 1, len(day)), day).p < 0.05
    assert 0.02 <= rejected / 300 <= 0.09


def test_one_row_a_day_is_the_t_test():
    values = np.random.default_rng(0).normal(0.3, 1, 50)
    assert paired_by_day(values, np.arange(50)).p == pytest.approx(stats.ttest_1samp(values, 0).pvalue)


def test_corrections_equal_the_reference():
    p = np.random.default_rng(1).random(20) ** 3
    assert benjamini_hochberg(p.tolist()) == pytest.approx(stats.false_discovery_control(p))
    assert holm([0.02, 0.02]) == [0.04, 0.04]


def test_equal_shares_of_unequal_samples_have_p_1():
    assert homogeneity_p(np.array([10.0, 20.0, 70.0]), np.array([1e5, 2e5, 7e5])) == pytest.approx(1.0)


def test_homogeneity_equals_the_reference():
    a, b = np.array([40.0, 60.0, 100.0]), np.array([300.0, 250.0, 450.0])
    assert homogeneity_p(a, b) == pytest.approx(stats.chi2_contingency(np.array([a, b]), correction=False).pvalue)


@pytest.mark.parametrize("counts", [np.array([50.0]), np.zeros(3)])
def test_a_constant_or_empty_column_has_p_1_and_never_nan(counts):
    assert homogeneity_p(counts, counts) == 1.0
    assert ks_p(0.0, counts.sum(), counts.sum()) == 1.0


def test_sizes_are_near_0_with_nothing_changed_however_many_cells():
    rng = np.random.default_rng(2)
    shares = rng.dirichlet(np.ones(500))
    sizes = [
        (tv_size(a, b), psi_size(a, b))
        for a, b in ((rng.multinomial(2_000, shares).astype(float), rng.multinomial(9_000, shares).astype(float)) for _ in range(50))
    ]
    assert np.abs(np.mean(sizes, axis=0)).max() < 0.05


def test_one_value_against_all_has_a_size():
    assert tv_size(np.array([1e4, 0.0]), np.array([1e4, 1e4])) == pytest.approx(0.5, abs=0.01)
