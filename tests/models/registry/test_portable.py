"""Registered versions as bundles: they answer as their libraries do, and nothing that is in them is run."""

import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import saved

from ninefold import config
from ninefold.errors import CorruptError, DataError, DeclarationError, NinefoldError, NotFoundError, NotYetError, UsageError
from ninefold.models.candidate import existing
from ninefold.models.registry import Registry
from ninefold.models.registry.address import address
from ninefold.models.registry.portable.described import described
from ninefold.project.home import Home
from ninefold.project.live import registered
from ninefold.project.live.sealed import bundle_of
from ninefold.runs.artifacts import Files
from ninefold.runs.experiments import ROOT, Experiments
from ninefold.runs.records import Runs

SAVERS: dict[str, Callable[[Path], Any]] = {
    "lightgbm": saved.lightgbm,
    "xgboost ubj": lambda folder: saved.xgboost(folder, "ubj"),
    "xgboost json": lambda folder: saved.xgboost(folder, "json"),
    "onnx": saved.onnx,
}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(config.load(tmp_path), "shop", actor="ada") as opened:
        yield opened


def register(home: Home, folder: Path, name: str = "churn", **more: Any) -> int:
    """The folder logged to a run, and registered from there."""
    registry, files = Registry(home.ledger, "shop"), Files(home.ledger, home.blobs, "shop")
    run = Runs(home.ledger, home.blobs, "shop").begin("shop", Experiments(home.ledger, "shop").default().id, name="fit")
    for path in folder.iterdir():
        files.put(f"{run.root.removeprefix(ROOT)}/model/{path.name}", path)
    try:
        registry.get(name)
    except NotFoundError:
        registry.create(name)
    return registry.register(name, f"runs:/{run.id}/model", run.id, actor="ada", **more).version


@pytest.mark.parametrize("saver", [pytest.param(s, marks=pytest.mark.slow) if s.startswith("xgboost") else s for s in SAVERS])
def test_a_version_answers_as_its_library_does(home: Home, tmp_path: Path, saver: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    expected = SAVERS[saver](folder)
    register(home, folder)
    made = registered.answering(home, "models:/churn/1")
    bundle = bundle_of(home, made)
    columns = saved.rows()[0]
    assert np.abs(bundle.score(columns) - expected).max() < 1e-6
    assert [c.name for c in bundle.schema] == list(columns)
    assert bundle.request["columns"] == {"wind speed": "Float64", "hour": "Int64", "open": "Boolean"}
    assert made.body["registered"]["by"] == "ada"
    if saver != "onnx":
        assert {name for name, _ in bundle.explain({k: v[:1] for k, v in columns.items()})[0]} == set(columns)


def test_several_classes_and_categories(home: Home, tmp_path: Path) -> None:
    import lightgbm as lgb
    import pandas as pd

    columns, label = saved.rows()
    frame = pd.DataFrame({**columns, "carrier": pd.Categorical(["AA", "UA", "B6", "AA"] * 100)})
    several = (label + (frame["carrier"] == "B6")).to_numpy()
    settings = {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1, "min_data_per_group": 1}
    booster = lgb.train(settings, lgb.Dataset(frame, several), 10)
    (tmp_path / "model.lgb").write_text(booster.model_to_string())
    said = saved.description("lightgbm", columns={**saved.COLUMNS, "carrier": "string"}, data="model.lgb", model_class="lightgbm.basic.Booster")
    (tmp_path / "MLmodel").write_bytes(said)
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.lgb", "MLmodel"):
        (tmp_path / name).rename(folder / name)
    register(home, folder)
    bundle = bundle_of(home, registered.answering(home, "models:/churn@latest"))
    scores = bundle.score({**columns, "carrier": frame["carrier"].tolist()})
    assert np.abs(scores - booster.predict(frame)).max() < 1e-12
    assert bundle.scoring.classes == (0, 1, 2)


@pytest.mark.slow
def test_rounds_after_the_best_one_do_not_answer(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    saved.xgboost(folder, "ubj")
    import xgboost as xgb

    columns, label = saved.rows()
    x = saved.matrix(columns)
    noise = np.random.default_rng(0).integers(0, 2, len(label))
    model = xgb.XGBClassifier(n_estimators=50, early_stopping_rounds=3, n_jobs=1).fit(x, label, eval_set=[(x, noise)], verbose=False)
    model.save_model(folder / "model.ubj")
    register(home, folder)
    bundle = bundle_of(home, registered.answering(home, "models:/churn/1"))
    assert np.abs(bundle.score(columns) - model.predict_proba(x)[:, 1]).max() < 1e-6


class Harmful:
    """What a pickle may do when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (os.environ["HARMED"],)


@pytest.mark.parametrize("file", ["model.pkl", "model.skops", "model.joblib", "model.pth"])
def test_a_pickle_is_refused_with_the_way_to_convert_it(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    monkeypatch.setenv("HARMED", str(tmp_path / "harmed"))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / file).write_bytes(pickle.dumps(Harmful()))
    for flavor, key in (("sklearn", "pickled_model"), ("lightgbm", "data"), ("onnx", "data")):
        (folder / "MLmodel").write_bytes(saved.description(flavor, **{key: file}))
        number = register(home, folder)
        with pytest.raises(DataError, match="may run code") as caught:
            registered.answering(home, f"models:/churn/{number}")
        assert f"ninefold models convert models:/churn/{number}" in caught.value.hint
    assert not (tmp_path / "harmed").exists()


@pytest.mark.slow
def test_a_pickle_under_another_name_is_not_read_either(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARMED", str(tmp_path / "harmed"))
    folder = tmp_path / "model"
    folder.mkdir()
    for flavor in ("lightgbm", "xgboost", "onnx"):
        (folder / "model.txt").write_bytes(pickle.dumps(Harmful()))
        (folder / "MLmodel").write_bytes(saved.description(flavor, data="model.txt"))
        number = register(home, folder)
        with pytest.raises((DataError, CorruptError)):
            registered.answering(home, f"models:/churn/{number}")
    assert not (tmp_path / "harmed").exists()
    assert not list(home.path("bundles").glob("new-*"))


@pytest.mark.parametrize(
    "text",
    [
        b"!!python/object/apply:os.system ['true']",
        b"a: &a [x, x]\nflavors: *a",
        b"flavors: {lightgbm: {data: ../../../etc/passwd}}",
        b"flavors: {lightgbm: {data: /etc/passwd}}",
        b"flavors: {lightgbm: {data: 'a\\\\..\\\\b'}}",
        b"flavors: [1, 2]",
        b"[]",
        b"\xff\xfe",
        b"[" * 4000,
        b"x" * (2 << 20),
        b"flavors: {onnx: {data: model.onnx, onnx_external_data: true}}",
        b'flavors: {xgboost: {data: m.ubj}}\nsignature: {inputs: \'[{"type": "binary", "name": "a"}]\'}',
        b"flavors: {xgboost: {data: m.ubj}}\nsignature: {inputs: 'no json'}",
    ],
    ids=range(13),
)
def test_descriptions_that_are_none(text: bytes) -> None:
    with pytest.raises(DataError):
        described(text, "ninefold models convert x")


def test_weights_outside_of_the_graph_are_refused(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    saved.onnx(folder)
    model = onnx.load_model_from_string((folder / "model.onnx").read_bytes())
    outside = onnx.helper.make_tensor("w", 1, [1], [0.0])
    outside.ClearField("float_data")
    outside.data_location = onnx.TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="/etc/passwd")
    model.graph.initializer.append(outside)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    register(home, folder)
    with pytest.raises(DataError, match="other files"):
        registered.answering(home, "models:/churn/1")


def test_a_damaged_file_harms_nobody(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    saved.lightgbm(folder)
    whole = (folder / "model.lgb").read_bytes()
    (folder / "model.lgb").write_bytes(whole[: len(whole) // 2])
    register(home, folder)
    with pytest.raises((DataError, CorruptError)):
        registered.answering(home, "models:/churn/1")


def test_files_elsewhere_are_not_fetched(home: Home) -> None:
    registry = Registry(home.ledger, "shop")
    registry.create("churn")
    registry.register("churn", "s3://models/churn")
    with pytest.raises(NotYetError, match="s3://models/churn"):
        registered.answering(home, "models:/churn/1")


def test_an_alias_is_followed_and_a_bundle_made_once(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    saved.lightgbm(folder)
    register(home, folder)
    saved.lightgbm(folder, num_leaves=4)
    register(home, folder)
    registry = Registry(home.ledger, "shop")
    registry.set_alias("churn", "champion", 1)
    first = registered.answering(home, "models:/churn@champion")
    assert registered.answering(home, "models:/churn@champion").at == first.at
    registry.set_alias("churn", "champion", 2)
    assert registered.answering(home, "models:/churn@champion").version == 2
    assert registered.answering(home, "models:/churn@champion", 1).digest == first.digest
    assert registered.meant(home, "models:/churn@champion") == "churn@2"
    with pytest.raises(UsageError, match="not with version 2"):
        registered.answering(home, "models:/churn/1", 2)
    assert not registry.get("churn").own
    assert registry.register("churn", "models:/churn/1").version == 3


def test_a_candidate_is_the_bundle_of_the_version_that_is_meant(home: Home, tmp_path: Path) -> None:
    from ninefold.models.bundled import existing_model, learned_before
    from ninefold.models.dataset import dataset

    folder = tmp_path / "model"
    folder.mkdir()
    saved.lightgbm(folder)
    register(home, folder, tags={registered.UNTIL: "2024-01-31T00:00:00Z"})
    candidate = registered.competing(home, existing("models:/churn/1"))
    import polars as pl

    columns, label = saved.rows()
    day = 86_400_000_000
    frame = pl.DataFrame({**columns, "__q": [n * day for n in range(len(label))], "__label": label.astype(bool)})
    data = dataset(frame, inputs=list(columns), kind="binary")
    fitted = existing_model(candidate, data)
    assert fitted.format == "lightgbm"
    with pytest.raises(DataError, match="has learned from rows until 2024-01-31"):
        learned_before(candidate, data, np.arange(5))


@pytest.mark.parametrize("text", ["models:/churn", "models:/churn/x", "models:/a/b/1", "models:/churn@", "models:/churn/0", "models://churn/1"])
def test_addresses_that_name_no_version(text: str) -> None:
    with pytest.raises(DeclarationError, match="names no registered version"):
        address(text)


def test_what_is_not_registered_is_said(home: Home) -> None:
    with pytest.raises(NinefoldError, match='no model "churn"'):
        registered.answering(home, "models:/churn@champion")
