"""Champion and challenger on the same rows; what is refused at the check; versions in the ledger."""

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

import ninefold as nf
from ninefold.bundles.load import load
from ninefold.bundles.scorer import Bundle
from ninefold.errors import NotFoundError
from ninefold.ledger import Ledger
from ninefold.models.against import against
from ninefold.models.compete import compete
from ninefold.models.dataset import Dataset, dataset
from ninefold.models.objective import Objective, objective_of
from ninefold.models.records import add_version, version, versions
from ninefold.models.support import unsupported

PROPER = Objective("binary")


def bundle(data: Dataset, split: Any, folder: Path, estimator: Any) -> Bundle:
    return load(compete(data, {"m": estimator}, split=split, objective=PROPER, folder=folder).finished.folder, trial=False)


@pytest.fixture
def newer(frame: Any) -> Dataset:
    return dataset(frame(seed=1), kind="binary")


def test_a_clearly_better_challenger_is_found(data: Dataset, newer: Dataset, split: Any, tmp_path: Path) -> None:
    poor = bundle(data.without(["x"]), split, tmp_path / "poor", LogisticRegression())
    good = bundle(data, split, tmp_path / "good", LogisticRegression())
    rows = np.arange(len(newer.q))
    found = against(poor, good, newer, rows, PROPER)
    assert (found.verdict, found.days) == ("challenger", 100)
    assert against(good, poor, newer, rows, PROPER).gain == pytest.approx(-found.gain)


def test_equal_versions_stay_undecided(data: Dataset, newer: Dataset, split: Any, tmp_path: Path) -> None:
    same = bundle(data, split, tmp_path, LogisticRegression())
    assert against(same, same, newer, np.arange(len(newer.q)), PROPER).verdict == "undecided"


def test_fewer_than_twenty_days_decide_nothing(data: Dataset, newer: Dataset, split: Any, tmp_path: Path) -> None:
    poor = bundle(data.without(["x"]), split, tmp_path / "poor", LogisticRegression())
    good = bundle(data, split, tmp_path / "good", LogisticRegression())
    found = against(poor, good, newer, np.flatnonzero(newer.day < 15), PROPER)
    assert found.verdict == "undecided"
    assert "fewer than 20" in found.text


class Saves:
    """An estimator that keeps itself."""

    def fit(self, x: Any, y: Any) -> None: ...
    def predict(self, x: Any) -> None: ...
    def save(self, folder: Path) -> None: ...
    def load(self, folder: Path) -> None: ...


def test_what_cannot_be_fitted_yet_is_told_before_anything_runs() -> None:
    target = nf.regression("amount", of="sales", at="sold_at", quantiles=[0.9])
    problem = nf.Problem("How much?", predict=target, owner="sales")
    placed = nf.on(nf.tune(lightgbm.LGBMRegressor(), num_leaves=nf.ints(4, 8)), gpus=1)
    model = nf.Model(problem, features=["shop"], candidates={"own": Saves(), "trees": lightgbm.LGBMRegressor(), "fast": placed})
    assert [(e.code, e.where) for e in unsupported(model, target)] == [
        ("not_yet", ""),
        ("not_yet", 'candidate "own"'),
        ("not_yet", 'candidate "fast"'),
    ]


def test_costs_come_from_the_first_cost_among_the_criteria() -> None:
    late = nf.binary("late", of="departures", at="scheduled_at - 2h")
    problem = nf.Problem("Late?", predict=late, owner="desk", solved_when=[nf.roc_auc >= 0.7, nf.cost(false_alarm=1, miss=5) <= 0.9])
    assert (objective_of(problem).false_alarm, objective_of(problem).miss) == (1, 5)


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}", home=tmp_path) as opened:
        yield opened


def test_versions_are_numbered_by_model_and_a_bundle_keeps_its_number(ledger: Ledger) -> None:
    for digest in ("aa", "bb", "aa"):
        add_version(ledger, "flights", "forecast", bundle=f"bundles/{digest}", digest=digest, body={"rows": 1})
    assert [(v.version, v.digest) for v in versions(ledger, "flights", "forecast")] == [(2, "bb"), (1, "aa")]
    assert [f.subject for f in ledger.facts(kind="model.version")] == ["flights/model/forecast@1", "flights/model/forecast@2"]


def test_a_version_that_is_not_there_says_so(ledger: Ledger) -> None:
    with pytest.raises(NotFoundError, match="has a version"):
        version(ledger, "flights", "forecast", 3)


def test_an_input_that_train_never_saw_does_not_stop_a_fit(frame: Any, split: Any, tmp_path: Path) -> None:
    late = frame().with_columns(pl.when(pl.col("__q") > 85 * 86_400_000_000).then(pl.col("z")).alias("z"))
    data = dataset(late, kind="binary")
    candidates = {"linear": LogisticRegression(), "trees": lightgbm.LGBMClassifier(n_estimators=5)}
    done = compete(data, candidates, split=split, objective=PROPER, folder=tmp_path)
    assert not [e for e in done.chosen.table if e.failed]
