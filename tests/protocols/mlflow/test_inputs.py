"""Datasets and logged models of runs."""

import pytest
from asked import Asked

from ninefold.protocols.mlflow.errors import GONE, INVALID

DATA = {"name": "rows", "digest": "abc", "source_type": "local", "source": "{}", "schema": "{}", "profile": "{}"}
TRAINING = [{"key": "mlflow.data.context", "value": "training"}]


def test_what_a_run_read_and_gave_out(asked: Asked, run: str) -> None:
    model = model_of(asked, run)
    for _ in range(2):
        asked.done("runs/log-inputs", run_id=run, datasets=[{"dataset": DATA, "tags": TRAINING}], models=[{"model_id": model}])
        asked.done("runs/outputs", run_id=run, models=[{"model_id": model, "step": "3"}])
    found = asked.run(run)
    assert found["inputs"] == {"dataset_inputs": [{"tags": TRAINING, "dataset": DATA}], "model_inputs": [{"model_id": model}]}
    assert found["outputs"] == {"model_outputs": [{"model_id": model, "step": 3}]}
    summary = {"experiment_id": "0", "name": "rows", "digest": "abc", "context": "training"}
    assert asked.done("experiments/search-datasets", experiment_ids=["0"]) == {"dataset_summaries": [summary]}


@pytest.mark.parametrize(
    "given",
    [
        {"dataset": None},
        {},
        {"dataset": {**DATA, "name": None}},
        {"dataset": {**DATA, "digest": ""}},
        {"dataset": {**DATA, "digest": "a" * 37}},
        {"dataset": {**DATA, "name": "a" * 501}},
        {"dataset": {**DATA, "source": "a" * 65_536}},
        {"dataset": {**DATA, "schema": "a" * 2**20}},
        {"dataset": DATA, "tags": [{"key": "k" * 256, "value": "v"}]},
        {"dataset": DATA, "tags": [{"key": "k", "value": "v" * 501}]},
        {"dataset": DATA, "tags": [{"key": "k"}]},
        {"dataset": {**DATA, "source": "a\x00b"}},
    ],
)
def test_data_that_is_refused(asked: Asked, run: str, given: dict[str, object]) -> None:
    assert asked.post("runs/log-inputs", run_id=run, datasets=[{"dataset": DATA}, given]).code == INVALID
    assert asked.run(run)["inputs"] == {}


def test_too_many_datasets(asked: Asked, run: str) -> None:
    assert asked.post("runs/log-inputs", run_id=run, datasets=[{"dataset": DATA}] * 1001).code == INVALID
    assert asked.post("runs/outputs", run_id=run).code == INVALID


def model_of(asked: Asked, run: str, **more: object) -> str:
    return str(asked.done("logged-models", **{"experiment_id": "0", "source_run_id": run, **more})["model"]["info"]["model_id"])


def test_a_model_from_its_begin_to_its_end(asked: Asked, run: str) -> None:
    id = model_of(asked, run, name="trees", model_type="classifier", params=[{"key": "p", "value": "1"}], tags=[{"key": "t", "value": "2"}])
    info = asked.get(f"logged-models/{id}").json["model"]["info"]
    assert (info["name"], info["status"], info["source_run_id"]) == ("trees", "LOGGED_MODEL_PENDING", run)
    assert info["artifact_uri"] == f"mlflow-artifacts:/0/models/{id}/artifacts"
    assert asked.call("PATCH", f"logged-models/{id}", b'{"status": "LOGGED_MODEL_READY"}').json["model"]["info"]["status"] == "LOGGED_MODEL_READY"
    assert asked.call("PATCH", f"logged-models/{id}", b'{"status": 3}').json["model"]["info"]["status"] == "LOGGED_MODEL_UPLOAD_FAILED"
    assert asked.call("PATCH", f"logged-models/{id}", b'{"status": "READY"}').code == INVALID
    assert asked.call("PATCH", f"logged-models/{id}", b"{}").code == INVALID
    assert asked.call("PATCH", f"logged-models/{id}/tags", b'{"tags": [{"key": "z", "value": "1"}]}').json == {}
    assert asked.call("DELETE", f"logged-models/{id}/tags/t").json == {}
    assert asked.call("DELETE", f"logged-models/{id}/tags/t").code == GONE
    asked.done(f"logged-models/{id}/params", params=[{"key": "q", "value": "1"}])
    assert asked.post(f"logged-models/{id}/params", params=[{"key": "q", "value": "2"}]).code == INVALID
    model = asked.get(f"logged-models/{id}").json["model"]
    assert model["data"]["params"] == [{"key": "p", "value": "1"}, {"key": "q", "value": "1"}]
    assert model["info"]["tags"] == [{"key": "z", "value": "1"}]
    assert asked.call("DELETE", f"logged-models/{id}").json == {}
    for verb, path, body in (
        ("GET", "", b""),
        ("PATCH", "", b'{"status": 2}'),
        ("DELETE", "", b""),
        ("PATCH", "/tags", b"{}"),
        ("POST", "/params", b"{}"),
    ):
        assert asked.call(verb, f"logged-models/{id}{path}", body).code == GONE


@pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "a%b", 'a"b', "a'b", "x" * 501, 5])
def test_names_of_models_that_are_refused(asked: Asked, name: object) -> None:
    assert asked.post("logged-models", experiment_id="0", name=name).code == INVALID
    assert asked.post("logged-models", name="ok").code == INVALID


def test_a_metric_of_a_run_is_one_of_its_model_too(asked: Asked, run: str) -> None:
    id = model_of(asked, run)
    about = {"model_id": id, "dataset_name": "rows", "dataset_digest": "abc"}
    asked.done("runs/log-metric", run_id=run, key="auc", value="NaN", timestamp=5, step=2, **about)
    asked.done(
        "runs/log-batch",
        run_id=run,
        metrics=[{"key": "f1", "value": 0.5, "timestamp": 5, "model_id": id}, {"key": "own", "value": 1, "timestamp": 5}],
    )
    points = asked.get(f"logged-models/{id}").json["model"]["data"]["metrics"]
    assert points == [
        {"key": "auc", "value": "NaN", "timestamp": 5, "step": 2, **about, "run_id": run},
        {"key": "f1", "value": 0.5, "timestamp": 5, "step": 0, "model_id": id, "run_id": run},
    ]
    assert asked.metrics(run) == {"auc": "NaN", "f1": 0.5, "own": 1.0}
    assert asked.post("runs/log-metric", run_id=run, key="x", value=1, timestamp=5, model_id="m-nobody").code == GONE
    assert "x" not in asked.metrics(run)
