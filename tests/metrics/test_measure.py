"""The built-in metrics agree with scikit-learn, row for row and weighted."""

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as reference

import ninefold as nf
from ninefold.errors import DataError, DeclarationError


@pytest.fixture(scope="module")
def binary() -> pl.DataFrame:
    rng = np.random.default_rng(1)
    n = 6_000
    score = rng.beta(1, 4, n)
    return pl.DataFrame(
        {
            "truth": rng.random(n) < score,
            "score": score,
            "day": rng.integers(0, 40, n),
            "weight": rng.random(n) + 0.5,
            "group": rng.choice(["a", "b", "c"], n, p=[0.6, 0.39, 0.01]),
            "amount": rng.random(n) * 10,
        }
    )


PEERS = [
    (nf.roc_auc, lambda y, p, d, w: reference.roc_auc_score(y, p, sample_weight=w), 2e-4),
    (nf.average_precision, lambda y, p, d, w: reference.average_precision_score(y, p, sample_weight=w), 2e-3),
    (nf.log_loss, lambda y, p, d, w: reference.log_loss(y, p, sample_weight=w), 1e-12),
    (nf.brier, lambda y, p, d, w: reference.brier_score_loss(y, p, sample_weight=w), 1e-12),
    (nf.accuracy, lambda y, p, d, w: reference.accuracy_score(y, d, sample_weight=w), 1e-12),
    (nf.precision, lambda y, p, d, w: reference.precision_score(y, d, sample_weight=w), 1e-12),
    (nf.recall, lambda y, p, d, w: reference.recall_score(y, d, sample_weight=w), 1e-12),
    (nf.f_beta(beta=2), lambda y, p, d, w: reference.fbeta_score(y, d, beta=2, sample_weight=w), 1e-12),
]


@pytest.mark.parametrize(("metric", "peer", "close"), PEERS, ids=lambda v: getattr(v, "name", ""))
def test_binary_metrics_equal_the_reference(binary, metric, peer, close):
    frame = binary
    found = nf.measure(metric, "truth", "score", weight="weight", threshold=0.3, frame=frame)
    score = frame["score"].to_numpy()
    assert found.value == pytest.approx(peer(frame["truth"], score, score >= 0.3, frame["weight"]), abs=close)


def test_auc_is_exact_while_scores_are_few():
    truth, score = [0, 1, 1, 0, 1], [0.2, 0.2, 0.9, 0.4, 0.3]
    assert nf.measure(nf.roc_auc, truth, score).value == pytest.approx(reference.roc_auc_score(truth, score), abs=1e-15)


@pytest.mark.parametrize(
    ("metric", "peer"),
    [
        (nf.mae, reference.mean_absolute_error),
        (nf.rmse, reference.root_mean_squared_error),
        (nf.r2, reference.r2_score),
        (nf.mape, reference.mean_absolute_percentage_error),
        (nf.pinball(quantile=0.8), lambda y, p: reference.mean_pinball_loss(y, p, alpha=0.8)),
    ],
    ids=lambda v: getattr(v, "name", ""),
)
def test_regression_metrics_equal_the_reference(metric, peer):
    rng = np.random.default_rng(2)
    truth = rng.normal(1e6, 3, 500)
    score = truth + rng.normal(0.5, 1, 500)
    assert nf.measure(metric, truth, score, kind="regression").value == pytest.approx(peer(truth, score), rel=1e-9)


def test_multiclass_metrics_equal_the_reference():
    rng = np.random.default_rng(3)
    score = rng.dirichlet([1, 2, 3], 400)
    truth = np.array(["x", "y", "z"])[[rng.choice(3, p=p) for p in score]]
    loss, right = nf.measure([nf.log_loss, nf.accuracy], truth, score)
    assert loss.value == pytest.approx(reference.log_loss(truth, score))
    assert right.value == pytest.approx(reference.accuracy_score(truth, np.array(["x", "y", "z"])[score.argmax(1)]))


def test_the_baseline_of_a_cost_is_the_better_constant_policy(binary):
    found = nf.measure(nf.cost(false_alarm=1, miss=5), "truth", "score", frame=binary)
    truth = binary["truth"].to_numpy()
    assert found.baseline == pytest.approx(min((1 - truth).mean(), 5 * truth.mean()))
    assert found.relative == pytest.approx(found.value / found.baseline)


def test_the_threshold_follows_from_costs_in_columns(binary):
    found = nf.measure(nf.cost(false_alarm=2, miss="amount"), "truth", "score", frame=binary)
    truth, amount = binary["truth"].to_numpy(), binary["amount"].to_numpy()
    said = binary["score"].to_numpy() >= 2 / (2 + amount)
    assert found.value == pytest.approx(np.where(said, 2 * (1 - truth), amount * truth).mean())


def test_intervals_need_twenty_days(binary):
    few = binary.filter(pl.col("day") < 19)
    assert nf.measure(nf.roc_auc, "truth", "score", day="day", frame=few).low is None
    found = nf.measure(nf.roc_auc, "truth", "score", day="day", frame=binary)
    assert found.low < found.value < found.high


def test_the_same_seed_gives_the_same_interval(binary):
    one, two = (nf.measure(nf.recall, "truth", "score", day="day", frame=binary) for _ in range(2))
    assert one == two


def test_days_that_move_together_widen_the_interval():
    rng = np.random.default_rng(4)
    day = np.repeat(np.arange(40), 200)
    shared = rng.random(8_000) < np.clip(rng.normal(0.3, 0.15, 40), 0.02, 0.98)[day]
    mixed = rng.permutation(shared)
    width = [nf.measure(nf.selection_rate, y, decision=y, day=day) for y in (shared, mixed)]
    assert width[0].high - width[0].low > 3 * (width[1].high - width[1].low)


def test_small_groups_are_listed_and_not_judged(binary):
    found = nf.measure(nf.recall(by="group", at_least=100).gap, "truth", "score", threshold=0.2, frame=binary)
    judged = {s.by: s.value for s in found.slices if s.judged}
    assert set(judged) == {"a", "b"}
    assert found.value == pytest.approx(abs(judged["a"] - judged["b"]))
    assert [s.by for s in found.slices if not s.judged] == ["other", "c"]


def test_at_least_counts_what_the_metric_divides_by():
    truth = [1] * 60 + [0] * 500 + [1] * 10 + [0] * 500
    group = ["few"] * 0 + ["many"] * 560 + ["rare"] * 510
    found = nf.measure(nf.recall(at_least=50), truth, decision=truth, by=group)
    assert [(s.by, s.judged) for s in found.slices] == [("many", True), ("other", False), ("rare", False)]


def test_a_gap_of_one_group_is_not_known(binary):
    assert nf.measure(nf.recall(by="group", at_least=1000).gap, "truth", "score", threshold=0.2, frame=binary).value is None


def test_rows_without_a_truth_are_void_and_counted():
    found = nf.measure(nf.accuracy, [True, None, False], [0.9, 0.9, 0.1])
    assert (found.value, found.n, found.void) == (1.0, 2, 1)


def test_no_rows_give_no_value():
    assert nf.measure(nf.roc_auc, [], []).value is None


def test_one_class_gives_no_auc():
    assert nf.measure(nf.roc_auc, [1, 1], [0.1, 0.2]).value is None


def test_a_metric_of_another_kind_is_refused():
    with pytest.raises(DeclarationError, match="no target fits"):
        nf.measure([nf.roc_auc, nf.rmse], [0, 1], [0.1, 0.2])


def test_unequal_lengths_are_named():
    with pytest.raises(DataError, match="score has 1 rows, truth has 2"):
        nf.measure(nf.roc_auc, [0, 1], [0.1])


def test_today_s_practice_replaces_the_constant_policy():
    found = nf.measure(nf.mae, [1.0, 2.0, 4.0], [1.0, 2.0, 3.0], baseline=[0.0, 2.0, 4.0])
    assert (found.value, found.baseline) == (pytest.approx(1 / 3), pytest.approx(1 / 3))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"weight": [1]}, "weight has 1 rows, truth has 3"),
        ({"baseline": [1, 2]}, "baseline has 2 rows, truth has 3"),
        ({"decision": [1, 0]}, "decision has 2 rows, truth has 3"),
    ],
)
def test_a_column_of_another_length_is_named(given, said):
    with pytest.raises(DataError, match=said):
        nf.measure(nf.cost(false_alarm=1, miss=5), [0, 1, 1], [0.1, 0.2, 0.3], **given)


def test_scores_of_classes_for_other_rows_are_refused():
    with pytest.raises(DataError, match="score has 2 rows, truth has 3"):
        nf.measure(nf.log_loss, ["a", "b", "a"], [[0.1, 0.9]] * 2, kind="multiclass", classes=["a", "b"])


def test_a_truth_of_several_types_is_refused():
    with pytest.raises(DataError, match="several types"):
        nf.measure(nf.accuracy, ["a", 1, None], decision=["a", "b", "a"])


@pytest.mark.parametrize("costs", [{"false_alarm": -1, "miss": 1}, {"false_alarm": 0, "miss": 0}])
def test_costs_that_say_nothing_are_refused(costs):
    with pytest.raises(DeclarationError):
        nf.measure(nf.cost(**costs), [0, 1], [0.1, 0.2])


def test_what_was_referred_to_people_counts_as_neither_yes_nor_no():
    truth, decision = [1, 1, 0, 0, 1, 0], [1, 0, 1, 0, -1, -1]
    metrics = [nf.precision, nf.recall, nf.accuracy, nf.f_beta(beta=1), nf.false_positive_rate, nf.selection_rate, nf.cost(false_alarm=1, miss=5)]
    found = nf.measure(metrics, truth, [0.5] * 6, decision=decision)
    assert [m.value for m in found] == [0.5, 0.5, 0.5, 0.5, 0.5, pytest.approx(2 / 6), 1.0]
