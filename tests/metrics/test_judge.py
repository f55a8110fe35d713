"""Criteria are met, not met, or not yet known."""

import pytest

import ninefold as nf
from ninefold.errors import DeclarationError
from ninefold.metrics.judge import judge
from ninefold.metrics.measurement import Measurement

COST = nf.cost(false_alarm=1, miss=5)


def measured(value=0.5, low=0.4, high=0.6, **more):
    return Measurement(name="cost", value=value, low=low, high=high, n=1_000, days=40, **more)


def test_a_baseline_is_compared_as_a_share():
    found = judge(0.9 * nf.baseline >= COST, measured(baseline=0.7, relative=0.7, relative_low=0.6, relative_high=0.8))
    assert (found.verdict, found.value, found.limit) == ("met", 0.7, 0.9)


def test_a_baseline_of_nothing_has_no_shares():
    found = judge(0.9 * nf.baseline >= COST, Measurement(name="cost", value=0.5, n=40, days=30, baseline=0.0))
    assert (found.verdict, found.value) == ("not yet known", None)
    assert "the baseline is 0" in found.text


def test_an_interval_around_the_limit_is_not_yet_known_and_says_how_much_is_missing():
    found = judge(nf.brier <= 0.55, measured())
    assert (found.verdict, found.needs) == ("not yet known", 3_000)


def test_all_of_the_interval_on_the_wrong_side_is_not_met():
    assert judge(nf.brier <= 0.3, measured()).verdict == "not met"


def test_without_rows_nothing_is_known():
    assert judge(nf.roc_auc >= 0.7, Measurement(name="roc_auc", value=None)).verdict == "not yet known"


def test_too_few_days_say_how_many_outcomes_are_missing():
    found = judge(nf.brier <= 0.55, Measurement(name="brier", value=0.5, n=1_000, days=10))
    assert found.needs == 1_000
    assert "10 of at least 20 days" in found.text


def test_a_metric_without_a_constant_policy_has_no_baseline():
    with pytest.raises(DeclarationError, match="no constant policy"):
        judge(nf.roc_auc >= nf.baseline, measured())
