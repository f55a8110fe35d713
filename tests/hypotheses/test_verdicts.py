"""Beliefs are supported, refuted or left undecided, with days as the sample."""

import numpy as np
import pytest

import ninefold as nf
from ninefold.errors import DataError
from ninefold.hypotheses.test import associated, beats, correct, differs, evidence, stable

RNG = np.random.default_rng(5)
DAYS = np.repeat(np.arange(40), 50)
NOISE = RNG.normal(0, 1, len(DAYS))
BY_DAY = RNG.normal(0, 1, 40)[DAYS]


def test_a_lower_loss_supports_beats():
    found = beats(NOISE, NOISE + 0.5 + RNG.normal(0, 1, len(DAYS)), DAYS)
    assert (found.verdict, found.low < 0.5 < found.high) == ("supported", True)


def test_a_higher_loss_refutes_beats():
    assert beats(NOISE + 0.5, NOISE + RNG.normal(0, 0.1, len(DAYS)), DAYS).verdict == "refuted"


def test_a_difference_that_changes_sign_by_day_is_undecided_however_many_rows():
    assert beats(np.zeros(len(DAYS)), BY_DAY - BY_DAY.mean() + 0.05, DAYS).verdict == "undecided"


def test_nineteen_days_are_too_few():
    few = DAYS < 19
    found = beats(np.zeros(few.sum()), np.ones(few.sum()), DAYS[few])
    assert (found.verdict, "19 of at least 20" in found.text) == ("undecided", True)


def test_equal_losses_have_p_1():
    assert beats(NOISE, NOISE, DAYS).p == 1.0


def test_many_hypotheses_together_need_more():
    one = beats(np.zeros(len(DAYS)), BY_DAY * 0 + np.random.default_rng(0).normal(0.8, 1.9, 40)[DAYS], DAYS)
    assert 0.005 < one.p < 0.05
    assert [t.verdict for t in correct([one] * 10)] == ["undecided"] * 10


def test_numbers_that_go_together_are_associated():
    assert associated(NOISE, NOISE + RNG.normal(0, 1, len(DAYS)), DAYS).verdict == "supported"


def test_sharing_days_is_no_association_of_rows():
    # both columns vary by day only, each for itself: 2,000 rows, but 40 independent pairs
    other = RNG.normal(0, 1, 40)[DAYS]
    assert associated(BY_DAY, other, DAYS).verdict == "undecided"


def test_a_large_sample_without_association_refutes_it():
    day = np.repeat(np.arange(60), 500)
    rng = np.random.default_rng(1)
    assert associated(rng.normal(size=len(day)), rng.normal(size=len(day)), day).verdict == "refuted"


def test_texts_are_compared_by_cramers_v():
    text = np.where(NOISE > 0, "high", "low").astype(object)
    text[::17] = None
    found = associated(text, NOISE + RNG.normal(0, 1, len(DAYS)) > 0, DAYS)
    assert (found.verdict, found.unit) == ("supported", "Cramér's V")


def test_a_constant_column_is_associated_with_nothing():
    assert associated(np.ones(len(DAYS)), NOISE, DAYS).verdict == "undecided"


def test_cramers_v_has_its_level_when_days_differ():
    rejected = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        shares = rng.dirichlet([5, 5, 5], 40)
        x = np.array(["a", "b", "c"])[np.concatenate([rng.choice(3, 30, p=s) for s in shares])]
        y = np.array(["u", "v"])[(rng.random(1200) < np.repeat(rng.beta(4, 4, 40), 30)).astype(int)]
        rejected += associated(x, y, np.repeat(np.arange(40), 30)).p < 0.05
    assert rejected <= 11


def test_groups_with_another_rate_differ():
    group = np.where(RNG.random(len(DAYS)) < 0.5, "a", "b")
    said = RNG.random(len(DAYS)) < np.where(group == "a", 0.3, 0.5)
    assert differs(nf.selection_rate, said, None, decision=said, by=group, day=DAYS).verdict == "supported"


def test_equal_groups_are_undecided():
    group, said = np.where(RNG.random(len(DAYS)) < 0.5, "a", "b"), RNG.random(len(DAYS)) < 0.3
    assert differs(nf.selection_rate, said, None, decision=said, by=group, day=DAYS).verdict == "undecided"


def test_a_moved_column_refutes_stable():
    assert stable(NOISE + 2.0 * (DAYS >= 20), DAYS).verdict == "undecided"  # 40 days are no 42
    day = np.repeat(np.arange(56), 50)
    noise = np.random.default_rng(3).normal(0, 1, len(day))
    assert stable(noise + 0.5 * (day >= 28), day).verdict == "refuted"


def test_a_season_within_the_week_is_stable():
    day = np.repeat(np.arange(84), 200)
    column = np.random.default_rng(4).normal(0, 1, len(day)) + 2.0 * (day % 7 == 5)
    assert stable(column, day).verdict in {"supported", "undecided"}


def test_evidence_is_read_with_its_effect_and_p():
    assert evidence({"effect": -0.2, "p": 0.01}).verdict == "refuted"
    assert evidence({"effect": None, "p": None}).verdict == "undecided"


@pytest.mark.parametrize("result", [3, {"effect": "much", "p": 0.1}, {"effect": 1.0, "p": 2.0}, {}])
def test_evidence_that_cannot_be_read_is_named(result):
    with pytest.raises(DataError):
        evidence(result, where="grows")
