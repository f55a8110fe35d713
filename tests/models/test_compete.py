from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import msgspec
import numpy as np
import polars as pl
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.svm import SVC

import ninefold as nf
from ninefold.bundles.load import load
from ninefold.errors import DataError, LimitError, NotYetError
from ninefold.models.choose import choose
from ninefold.models.compete import Competition, compete
from ninefold.models.contest import FittedCandidate, fit_candidate
from ninefold.models.dataset import Dataset, dataset, prepare
from ninefold.models.finish import refit_without
from ninefold.models.fit import decoded, encoded
from ninefold.models.objective import Objective

Make = Callable[..., pl.DataFrame]
COST = Objective("binary", false_alarm=1, miss=5)


def small(**params: Any) -> Any:
    return lightgbm.LGBMClassifier(n_estimators=20, **params)


@pytest.fixture(scope="module")
def competition(tmp_path_factory: pytest.TempPathFactory, data: Dataset, split: Any) -> Competition:
    trees = nf.tune(small(), trials=4, num_leaves=nf.ints(4, 31), learning_rate=nf.floats(0.02, 0.3, log=True))
    candidates = {"linear": LogisticRegression(), "trees": trees}
    return compete(data, candidates, split=split, objective=COST, folder=tmp_path_factory.mktemp("competition"))


def test_a_linear_law_is_won_by_the_linear_model_and_the_reason_says_by_how_much(data: Dataset, split: Any, tmp_path: Path) -> None:
    done = compete(data, {"trees": small(), "linear": LogisticRegression()}, split=split, objective=Objective("binary"), folder=tmp_path)
    assert [e.name for e in done.chosen.table] == ["linear", "trees", "baseline"]
    assert done.chosen.reason.startswith('"linear" has the lowest log loss on validate')


def test_evidence_has_a_line_for_each_test_row_and_a_score_of_each_candidate(competition: Competition, data: Dataset) -> None:
    frame = competition.finished.evidence.frame
    assert frame["q"].to_list() == data.q[competition.parts.test].tolist()
    assert {"score.baseline", "score.linear", "score.trees", "loss.trees"} <= set(frame.columns)
    assert frame["score"].equals(frame[f"score.{competition.chosen.winner}"].rename("score"))


def test_the_threshold_follows_from_the_costs(competition: Competition) -> None:
    frame = competition.finished.evidence.frame
    assert competition.finished.evidence.decision.threshold == pytest.approx(1 / 6)
    assert (frame["decision"] == (frame["score"] >= 1 / 6).cast(pl.Int64)).all()


def test_calibrated_scores_average_to_the_rate(competition: Competition) -> None:
    frame = competition.finished.evidence.frame
    assert frame["score"].mean() == pytest.approx(frame["label"].mean(), abs=0.06)


def test_the_bundle_answers_as_the_deployed_model_does(competition: Competition) -> None:
    scorer = load(competition.finished.folder, digest=competition.finished.digest)
    rows: dict[str, list[Any]] = {"x": [1.0, None], "c": ["a", "never seen"], "z": [0, 1]}
    one = [scorer.score_row({n: v[i] for n, v in rows.items()}) for i in range(2)]
    assert scorer.score(rows).tolist() == pytest.approx(one, abs=1e-15)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_competition_gives_the_same_bytes_with_one_worker_and_two(
    competition: Competition, data: Dataset, split: Any, tmp_path: Path, workers: int
) -> None:
    trees = nf.tune(small(), trials=4, num_leaves=nf.ints(4, 31), learning_rate=nf.floats(0.02, 0.3, log=True))
    again = compete(data, {"linear": LogisticRegression(), "trees": trees}, split=split, objective=COST, folder=tmp_path, workers=workers)
    assert again.finished.digest == competition.finished.digest
    assert [encoded(c) for c in again.candidates] == [encoded(c) for c in competition.candidates]


def test_a_fitted_candidate_comes_back_from_its_bytes(competition: Competition, data: Dataset) -> None:
    first = competition.candidates[2]
    again = decoded(encoded(first), FittedCandidate)
    rows = competition.parts.validate
    assert np.array_equal(again.fitted.open().raw(data, rows), first.raw)


def test_a_search_that_was_stopped_goes_on_and_ends_the_same(data: Dataset, split: Any, tmp_path: Path) -> None:
    parts, trees = prepare(data, split), nf.tune(small(), trials=6, num_leaves=nf.ints(4, 31))
    whole = fit_candidate("trees", trees, data, parts, COST)

    def stop(count: int, trial: object) -> None:
        if count == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_candidate("trees", trees, data, parts, COST, tmp_path, on_trial=stop)
    again = fit_candidate("trees", trees, data, parts, COST, tmp_path)
    assert encoded(again) == encoded(whole)


@pytest.mark.parametrize("changed", [{"x": pl.col("x") * 0}, {"c": pl.col("c").replace("a", "b")}], ids=["a number", "a text"])
def test_a_search_over_other_values_of_the_same_rows_begins_anew(frame: Make, split: Any, tmp_path: Path, changed: dict[str, pl.Expr]) -> None:
    trees, objective = nf.tune(small(), trials=4, num_leaves=nf.ints(4, 31)), Objective("binary")
    first, other = (dataset(rows, kind="binary") for rows in (frame(), frame().with_columns(**changed)))
    fit_candidate("trees", trees, first, prepare(first, split), objective, tmp_path)
    with_journal = fit_candidate("trees", trees, other, prepare(other, split), objective, tmp_path)
    without = fit_candidate("trees", trees, other, prepare(other, split), objective)
    assert [t.loss for t in with_journal.trials] == [t.loss for t in without.trials]


def test_a_search_of_another_estimator_begins_anew(data: Dataset, split: Any, tmp_path: Path) -> None:
    parts, objective = prepare(data, split), Objective("binary")
    fit_candidate("trees", nf.tune(small(), trials=2, num_leaves=nf.ints(4, 31)), data, parts, objective, tmp_path)
    slower = nf.tune(small(learning_rate=0.01), trials=2, num_leaves=nf.ints(4, 31))
    with_journal, without = (fit_candidate("trees", slower, data, parts, objective, folder) for folder in (tmp_path, None))
    assert [t.loss for t in with_journal.trials] == [t.loss for t in without.trials]


def test_within_one_standard_error_the_simpler_model_wins(competition: Competition, data: Dataset) -> None:
    _, linear, trees = competition.candidates
    random = np.random.default_rng(0)
    for lead, winner in ((0.0001, "linear"), (0.5, "trees")):
        ahead = linear.losses - lead - random.normal(0, 0.5, len(linear.losses))
        near = msgspec.structs.replace(trees, loss=ahead.tobytes(), mean=float(ahead.mean()) if lead > 0.1 else linear.mean - lead)
        assert choose([linear, near], data, competition.parts, COST).winner == winner


def test_without_its_best_input_the_winner_loses(competition: Competition, data: Dataset) -> None:
    winner = next(c for c in competition.candidates if c.name == "linear")
    _, without = refit_without(["x"], winner, {"linear": LogisticRegression()}, data, competition.parts, COST)
    assert without.mean() > competition.finished.evidence.frame["loss.linear"].mean() + 0.05  # type: ignore[operator]


def test_costs_may_be_columns(frame: Make, split: Any, tmp_path: Path) -> None:
    priced = dataset(frame().with_columns(pl.lit(3.0).alias("fare")), kind="binary", extra=["fare"])
    done = compete(priced, {"linear": LogisticRegression()}, split=split, objective=Objective("binary", 1, "fare"), folder=tmp_path)
    evidence = done.finished.evidence.frame
    assert (evidence["decision"] == (evidence["score"] >= 0.25).cast(pl.Int64)).all()


def test_a_capacity_is_used_exactly_in_each_period(data: Dataset, split: Any, tmp_path: Path) -> None:
    day = 86_400_000_000
    done = compete(data, {"linear": LogisticRegression()}, split=split, objective=Objective("binary", top=(3, day)), folder=tmp_path)
    counts = done.finished.evidence.frame.group_by(pl.col("q") // day).agg(pl.col("decision").sum(), pl.len().alias("n"))
    assert (counts["decision"] == counts.select(pl.min_horizontal("n", 3)).to_series()).all()


@pytest.mark.parametrize(
    ("kind", "estimator", "format"),
    [
        ("multiclass", lightgbm.LGBMClassifier(n_estimators=10), "lightgbm"),
        ("multiclass", LogisticRegression(), "linear"),
        ("regression", lightgbm.LGBMRegressor(n_estimators=10), "lightgbm"),
        ("regression", Ridge(), "linear"),
        ("binary", GradientBoostingClassifier(n_estimators=10), "onnx"),
    ],
)
def test_every_kind_of_target_is_fitted_packed_and_served(frame: Make, split: Any, tmp_path: Path, kind: Any, estimator: Any, format: str) -> None:
    done = compete(dataset(frame(kind), kind=kind), {"m": estimator}, split=split, objective=Objective(kind), folder=tmp_path)
    scorer = load(done.finished.folder, trial=False)
    row = {"x": 0.5, "c": "b", "z": None}
    assert scorer.manifest.format == format
    assert np.allclose(scorer.score({n: [v] for n, v in row.items()})[0], scorer.score_row(row), rtol=0, atol=1e-12)


def test_xgboost_competes_with_its_own_format(data: Dataset, split: Any, tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost", reason="the extra xgboost is not installed")
    model = xgboost.XGBClassifier(n_estimators=30, learning_rate=0.1, max_depth=3)
    done = compete(data, {"m": model}, split=split, objective=Objective("binary"), folder=tmp_path)
    scorer = load(done.finished.folder, trial=False)
    reasons = dict(scorer.explain({"x": [2.0], "c": ["a"], "z": [None]})[0])
    assert scorer.manifest.format == "xgboost"
    assert reasons["x"] > 0


def test_counts_by_a_log_link_are_exported_as_such(frame: Make, split: Any, tmp_path: Path) -> None:
    positive = dataset(frame("regression").with_columns(pl.col("__label").exp()), kind="regression")
    done = compete(positive, {"m": PoissonRegressor()}, split=split, objective=Objective("regression"), folder=tmp_path)
    assert done.finished.evidence.frame["score.m"].min() > 0  # type: ignore[operator]


def test_a_model_that_cannot_be_exported_is_out_with_the_reason(data: Dataset, split: Any, tmp_path: Path) -> None:
    candidates = {"svm": SVC(), "calibrated": CalibratedClassifierCV(LogisticRegression()), "linear": LogisticRegression()}
    done = compete(data, candidates, split=split, objective=COST, folder=tmp_path)
    failed = {e.name: e.failed for e in done.chosen.table if e.failed}
    assert set(failed) == {"svm", "calibrated"}
    assert all("cannot be exported" in why for why in failed.values())


def test_the_error_is_raised_where_no_candidate_is_left(data: Dataset, split: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'"linear" could not be fitted.*penalty|C'):
        compete(data, {"linear": LogisticRegression(C=-1.0)}, split=split, objective=COST, folder=tmp_path)


def test_a_candidate_beyond_its_time_is_stopped(data: Dataset, split: Any) -> None:
    slow = nf.on(RandomForestClassifier(100_000), timeout="2s")
    with pytest.raises(LimitError, match='"slow" was ended: it took longer than 2 seconds'):
        fit_candidate("slow", slow, data, prepare(data, split), COST)


def test_a_candidate_beyond_its_memory_is_stopped(data: Dataset, split: Any) -> None:
    with pytest.raises(LimitError, match='"large" was ended: it needs more than'):
        fit_candidate("large", nf.on(RandomForestClassifier(200), memory="1MiB"), data, prepare(data, split), COST)


def test_a_candidate_under_limits_is_the_same_as_without(data: Dataset, split: Any) -> None:
    parts = prepare(data, split)
    confined = fit_candidate("trees", nf.on(small(), memory="8GiB", timeout="2m"), data, parts, COST)
    assert encoded(confined) == encoded(fit_candidate("trees", small(), data, parts, COST))


def test_a_version_that_learned_from_the_rows_it_would_be_judged_on_may_not_compete(competition: Competition, data: Dataset, split: Any) -> None:
    with pytest.raises(DataError, match="has learned from rows until"):
        fit_candidate("old", nf.existing(str(competition.finished.folder)), data, prepare(data, split), COST)


def test_an_existing_version_competes_on_newer_rows(frame: Make, split: Any, tmp_path: Path) -> None:
    everything = frame()
    old = dataset(everything.filter(pl.col("__q") < 55 * 86_400_000_000), kind="binary")
    first = compete(old, {"linear": LogisticRegression()}, split=nf.by_time(validate="10d", test="10d"), objective=COST, folder=tmp_path)
    data = dataset(everything, kind="binary")
    fitted = fit_candidate("old", nf.existing(str(first.finished.folder)), data, prepare(data, split), COST)
    assert fitted.mean < 0.7


def test_an_existing_version_elsewhere_is_not_yet_read(data: Dataset, split: Any, tmp_path: Path) -> None:
    with pytest.raises(NotYetError, match="not the directory of a bundle"):
        compete(data, {"old": nf.existing("models:/churn@champion")}, split=split, objective=COST, folder=tmp_path)
