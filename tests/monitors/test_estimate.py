"""Quality before the outcomes come: equal to what drawn outcomes give, blind where it says so, corrected by what is mature."""

import numpy as np
import pytest

import ninefold as nf
from ninefold.metrics.metric import Metric
from ninefold.monitors.estimate import Questions, correction, estimate, unknowable

THRESHOLD = 0.35
METRICS = (
    nf.roc_auc,
    nf.average_precision,
    nf.lift(top="20%"),
    nf.log_loss,
    nf.brier,
    nf.accuracy,
    nf.precision,
    nf.recall,
    nf.f_beta(beta=2),
    nf.false_positive_rate,
    nf.selection_rate,
    nf.cost(false_alarm=1, miss=3),
)


def probability(x):
    return 1 / (1 + np.exp(-(1.2 * x - 1)))


def asked(x, days=30):
    score = probability(x)
    return Questions(score, (score >= THRESHOLD).astype(float), np.arange(len(x)) % days)


def inputs(seed, n=20_000, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1, n)


def outcomes(chance, seed):
    return (np.random.default_rng(seed).random(len(chance)) < chance).astype(float)


def true(metric, questions, truth):
    return nf.measure(metric, truth, questions.score, decision=questions.decision, kind="binary").value


@pytest.mark.parametrize("metric", METRICS, ids=str)
def test_an_estimate_is_the_mean_over_outcomes_drawn_from_the_scores(metric: Metric) -> None:
    open_ = asked(inputs(1, 2_000))
    drawn = [true(metric, open_, outcomes(open_.score, seed)) for seed in range(200)]
    error = np.std(drawn) / np.sqrt(len(drawn))
    assert estimate(metric, open_).value == pytest.approx(np.mean(drawn), abs=4 * error + 2e-3)


@pytest.mark.parametrize("metric", METRICS, ids=str)
def test_bins_of_the_score_change_nothing_that_matters(metric: Metric) -> None:
    open_ = asked(inputs(1))
    assert estimate(metric, open_.grouped()).value == pytest.approx(estimate(metric, open_).value, abs=2e-3)


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0])
def test_where_inputs_move_the_estimate_follows(shift: float) -> None:
    off = []
    for seed in range(20):
        open_ = asked(inputs(seed, shift=shift))
        off.append(estimate(nf.accuracy, open_).value - true(nf.accuracy, open_, outcomes(open_.score, 100 + seed)))
    # what is left is how far outcomes of 20,000 questions vary by chance: about 0.3 percentage points
    assert np.std(off) < 0.004 and abs(np.mean(off)) < 0.002
    moved = estimate(nf.accuracy, asked(inputs(1, shift=shift))).value - estimate(nf.accuracy, asked(inputs(1))).value
    assert abs(moved) > 0.02 * shift or shift == 0


def test_where_the_same_inputs_come_out_otherwise_it_does_not_move_and_mature_questions_correct_it() -> None:
    open_, mature = asked(inputs(1)), asked(inputs(2))
    turned = outcomes(probability(-inputs(2)), 3)
    now = true(nf.accuracy, open_, outcomes(probability(-inputs(1)), 4))
    plain = estimate(nf.accuracy, open_)
    assert plain.value == pytest.approx(estimate(nf.accuracy, asked(inputs(5))).value, abs=0.01) and plain.value > now + 0.15
    found = estimate(nf.accuracy, open_, correction(nf.accuracy, mature, turned))
    assert found.value == pytest.approx(now, abs=0.015)
    assert (found.uncorrected, found.labelled) == (plain.value, 20_000)


def test_the_interval_by_day_of_a_corrected_estimate_holds_what_was_true() -> None:
    held = 0
    for seed in range(60):
        open_, mature = asked(inputs(seed, 1_500)), asked(inputs(seed + 500, 1_500))
        known = correction(nf.brier, mature, outcomes(mature.score * 0.8, seed + 1_000))
        found = estimate(nf.brier, open_, known)
        assert found.low is not None and found.high is not None
        chance = open_.score * 0.8
        expected = np.mean(chance * (1 - open_.score) ** 2 + (1 - chance) * open_.score**2)
        held += found.low <= expected <= found.high
    assert held >= 52


def test_under_20_days_there_is_no_interval() -> None:
    assert estimate(nf.brier, asked(inputs(1), days=19)).low is None
    short = correction(nf.brier, asked(inputs(2), days=19), outcomes(probability(inputs(2)), 1))
    assert estimate(nf.brier, asked(inputs(1)), short).low is None


def test_a_share_of_the_baseline_is_estimated_too() -> None:
    open_ = asked(inputs(1))
    truth = outcomes(open_.score, 2)
    metric = nf.cost(false_alarm=1, miss=3)
    measured = nf.measure(metric, truth, open_.score, decision=open_.decision, kind="binary")
    assert estimate(metric, open_, relative=True).value == pytest.approx(measured.relative, abs=0.02)


def test_costs_of_each_row_are_read() -> None:
    open_ = asked(inputs(1))
    each = np.random.default_rng(3).uniform(1, 5, len(open_))
    priced = Questions(open_.score, open_.decision, open_.day, {"loss": each})
    metric = nf.cost(false_alarm=1, miss="loss")
    measured = nf.measure(metric, outcomes(open_.score, 2), open_.score, decision=open_.decision, frame={"loss": each}, kind="binary")
    assert estimate(metric, priced.grouped()).value == pytest.approx(measured.value, rel=0.03)


@pytest.mark.parametrize(
    ("metric", "kind", "why"),
    [
        (nf.accuracy, "multiclass", "no estimate for several classes"),
        (nf.mae, "regression", "no estimate for numbers"),
        (nf.latency.p99, "binary", "it is measured"),
        (nf.recall(by="carrier").gap, "binary", "not in each group"),
        (nf.ref("rebooked"), "binary", "a metric of the business"),
    ],
)
def test_what_cannot_be_estimated_says_so_by_name(metric: object, kind: str, why: str) -> None:
    assert why in unknowable(metric, kind)


def test_where_people_decide_some_questions_decisions_have_no_estimate() -> None:
    open_ = asked(inputs(1))
    referred = Questions(open_.score, np.where(open_.score > 0.5, -1.0, open_.decision), open_.day)
    assert "people decide" in estimate(nf.accuracy, referred).why
    assert estimate(nf.roc_auc, referred).value == estimate(nf.roc_auc, open_).value


def test_no_and_few_questions_have_no_estimate() -> None:
    assert "too few" in estimate(nf.roc_auc, asked(inputs(1, 3))).why
    assert "no open questions" in estimate(nf.roc_auc, asked(inputs(1, 0)).grouped()).why


def test_held_out_questions_count_for_all_that_were_not() -> None:
    mature = asked(inputs(1, 4_000), days=10)
    truth = outcomes(mature.score, 2)
    twice = Questions(mature.score, mature.decision, mature.day, weight=np.full(4_000, 2.0))
    one, other = (estimate(nf.brier, asked(inputs(3)), correction(nf.brier, m, truth)) for m in (mature, twice))
    assert one.value == pytest.approx(other.value)
    assert one.labelled == other.labelled == 4_000
