"""Pickled models converted where their user trusts them: compared row by row, registered as a new version."""

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import saved
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ninefold import config
from ninefold.errors import DataError, NinefoldError, UsageError
from ninefold.models.registry import Registry
from ninefold.project.home import Home
from ninefold.project.live import registered
from ninefold.project.live.converting import convert
from ninefold.project.live.sealed import bundle_of

pytestmark = [pytest.mark.slow, pytest.mark.clients]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(config.load(tmp_path), "shop", actor="ada") as opened:
        yield opened


def pickled(folder: Path, model: Any, file: str = "model.pkl") -> Path:
    folder.mkdir()
    (folder / file).write_bytes(pickle.dumps(model))
    (folder / "MLmodel").write_bytes(saved.description("sklearn", pickled_model=file, serialization_format="pickle"))
    return folder


@pytest.mark.parametrize(("model", "kind"), [(make_pipeline(StandardScaler(), LogisticRegression()), "binary"), (Ridge(), "regression")])
def test_a_pickle_becomes_a_version_that_answers_alike(home: Home, tmp_path: Path, model: Any, kind: str) -> None:
    columns, label = saved.rows()
    x = saved.matrix(columns)
    model.fit(x, label)
    made, compared = convert(home, str(pickled(tmp_path / "saved", model)), trust=True, name="churn")
    assert (made.version, compared.format, compared.real) == (1, "onnx", False)
    bundle = bundle_of(home, registered.answering(home, "models:/churn/1"))
    expected = model.predict_proba(x)[:, 1] if kind == "binary" else model.predict(x)
    assert bundle.manifest.kind == kind
    assert np.abs(bundle.score(columns) - expected).max() < 1e-5
    assert made.tags["converted_from"].endswith("saved")


def test_boosted_trees_stay_themselves_and_keep_their_classes(home: Home, tmp_path: Path) -> None:
    import lightgbm as lgb

    columns, label = saved.rows()
    x = saved.matrix(columns)
    names = np.array(["low", "middle", "high"])[np.clip(label + (x[:, 0] > 1), 0, 2)]
    model = lgb.LGBMClassifier(n_estimators=5, n_jobs=1, verbosity=-1).fit(x, names)
    rows = tmp_path / "rows.json"
    rows.write_text(json.dumps([dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]))
    _, compared = convert(home, str(pickled(tmp_path / "saved", model)), trust=True, name="churn", rows=rows)
    assert (compared.format, compared.rows, compared.real, compared.worst) == ("lightgbm", 400, True, 0.0)
    bundle = bundle_of(home, registered.answering(home, "models:/churn/1"))
    assert bundle.scoring.classes == tuple(model.classes_)
    assert np.abs(bundle.score(columns) - model.predict_proba(x)).max() < 1e-12


def test_what_cannot_be_converted_is_said(home: Home, tmp_path: Path) -> None:
    columns, label = saved.rows()
    model = NearestCentroid().fit(saved.matrix(columns), label)
    with pytest.raises(DataError):
        convert(home, str(pickled(tmp_path / "saved", model)), trust=True, name="churn")
    with pytest.raises(NinefoldError):
        Registry(home.ledger, "shop").get("churn")
    (tmp_path / "saved" / "model.pkl").write_bytes(b"no pickle")
    with pytest.raises(DataError, match="cannot be read"):
        convert(home, str(tmp_path / "saved"), trust=True, name="churn")
    with pytest.raises(UsageError, match="needs a name"):
        convert(home, str(tmp_path / "saved"), trust=True)
    with pytest.raises(UsageError, match="is no folder"):
        convert(home, str(tmp_path / "none"), trust=True, name="churn")


def test_nothing_is_read_before_it_is_trusted(home: Home, tmp_path: Path) -> None:
    folder = pickled(tmp_path / "saved", Ridge())
    (folder / "model.pkl").write_bytes(b"no pickle")
    with pytest.raises(UsageError, match="runs the code") as said:
        convert(home, str(folder), trust=False, name="churn")
    assert "--trust" in said.value.hint
