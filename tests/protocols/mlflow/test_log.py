"""What is logged to a run: numbers as clients of every kind write them, keys, limits, batches."""

import json
import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from asked import Asked

from ninefold.protocols.mlflow.errors import GONE, INVALID
from ninefold.runs.records import Runs

METRIC, BATCH = "runs/log-metric", "runs/log-batch"


def raw(asked: Asked, path: str, run: str, rest: str) -> object:
    return asked.call("POST", path, f'{{"run_id": "{run}", {rest}}}'.encode())


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("1", 1.0),
        ("1.5", 1.5),
        ('"1.5"', 1.5),
        ("-0.0", 0.0),
        ("1e308", 1e308),
        ('"NaN"', "NaN"),
        ('"Infinity"', "Infinity"),
        ('"-Infinity"', "-Infinity"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("1.7976931348623157e308", 1.7976931348623157e308),
    ],
)
def test_a_value_comes_back_as_it_went_in(asked: Asked, run: str, sent: str, read: object) -> None:
    said = asked.call("POST", METRIC, f'{{"run_id": "{run}", "key": "k", "value": {sent}, "timestamp": "7", "step": "3"}}'.encode())
    assert said.status == 200
    assert asked.run(run)["data"]["metrics"] == [{"key": "k", "value": read, "timestamp": 7, "step": 3}]
    assert asked.get("metrics/get-history", run_id=run, metric_key="k").json["metrics"] == [{"key": "k", "value": read, "timestamp": 7, "step": 3}]


@pytest.mark.parametrize(
    "rest",
    [
        '"key": "k", "value": 1',
        '"key": "k", "timestamp": 1',
        '"key": "k", "value": null, "timestamp": 1',
        '"key": "k", "value": "abc", "timestamp": 1',
        '"key": "k", "value": true, "timestamp": 1',
        '"key": "k", "value": [1], "timestamp": 1',
        '"key": "k", "value": 1e400, "timestamp": 1',
        '"key": "k", "value": 1, "timestamp": 1.5',
        '"key": "k", "value": 1, "timestamp": "1.5"',
        '"key": "k", "value": 1, "timestamp": -1',
        '"key": "k", "value": 1, "timestamp": 9223372036854775807',
        '"key": "k", "value": 1, "timestamp": 1, "step": 1.5',
        '"key": "k", "value": 1, "timestamp": 1, "step": 9223372036854775808',
        '"key": "k", "value": 1, "timestamp": 1, "step": NaN',
        '"value": 1, "timestamp": 1',
    ],
)
def test_what_the_peer_loses_silently_is_refused(asked: Asked, run: str, rest: str) -> None:
    said = asked.call("POST", METRIC, f'{{"run_id": "{run}", {rest}}}'.encode())
    assert said.code == INVALID
    assert asked.metrics(run) == {}


@pytest.mark.parametrize("body", [b"", b"null", b"[1]", b'"x"', b'{"run_id":', b"\xff\xfe", b"{}" * 2, b"[" * 100_000, b'{"run_id": "\\ud800"}'])
def test_what_is_no_message_is_a_mistake_of_the_caller(asked: Asked, body: bytes) -> None:
    for path in (METRIC, BATCH, "runs/create", "experiments/create", "runs/log-inputs"):
        if path == "runs/create" and body == b"":
            continue  # a run of the default experiment
        assert asked.call("POST", path, body).status in {400, 413}


@pytest.mark.parametrize("key", ["a", "a/b", "a b:c.d-e_f", "x" * 250, "größe", "a.b", "loss"])
def test_keys_that_are_taken(asked: Asked, run: str, key: str) -> None:
    asked.done(METRIC, run_id=run, key=key, value=1, timestamp=1)
    asked.done("runs/log-parameter", run_id=run, key=key, value="1")
    asked.done("runs/set-tag", run_id=run, key=key, value="1")
    assert asked.metrics(run) == {key: 1.0}


@pytest.mark.parametrize("key", ["", None, 5, "x" * 251, "a//b", "/a", "../a", "a/..", ".", "..", "a/", "a,b", "a\nb", "a\x00", "a@b", "a\\b"])
def test_keys_that_are_refused(asked: Asked, run: str, key: object) -> None:
    assert asked.post(METRIC, run_id=run, key=key, value=1, timestamp=1).code == INVALID
    assert asked.post("runs/log-parameter", run_id=run, key=key, value="1").code == INVALID
    assert asked.post("runs/set-tag", run_id=run, key=key, value="1").code == INVALID
    assert asked.post(BATCH, run_id=run, metrics=[{"key": key, "value": 1, "timestamp": 1}]).code == INVALID
    assert asked.run(run)["data"] == {"tags": asked.run(run)["data"]["tags"][:1]}


def test_the_newest_value_is_that_of_the_greatest_step_then_time_then_value(asked: Asked, run: str) -> None:
    for step, at, value in ((2, 5, 1.0), (1, 9, 9.0), (2, 5, 3.0), (2, 4, 8.0), (2, 5, 2.0)):
        asked.done(METRIC, run_id=run, key="k", value=value, timestamp=at, step=step)
    assert asked.metrics(run) == {"k": 3.0}


def test_a_point_that_comes_again_is_the_same_point(asked: Asked, run: str) -> None:
    point = {"key": "k", "value": 1, "timestamp": 1, "step": 1}
    for _ in range(2):
        asked.done(METRIC, run_id=run, **point)
        asked.done(BATCH, run_id=run, metrics=[point, point], params=[{"key": "p", "value": "1"}])
    assert len(asked.get("metrics/get-history", run_id=run, metric_key="k").json["metrics"]) == 1


def test_a_parameter_is_set_once_and_long_values_are_cut(asked: Asked, run: str) -> None:
    asked.done("runs/log-parameter", run_id=run, key="p", value="1")
    asked.done("runs/log-parameter", run_id=run, key="p", value="1")
    assert asked.post("runs/log-parameter", run_id=run, key="p", value="2").code == INVALID
    asked.done("runs/log-parameter", run_id=run, key="long", value="x" * 6001)
    asked.done("runs/log-parameter", run_id=run, key="empty")
    asked.done("runs/set-tag", run_id=run, key="t", value="x" * 8001)
    runs = Runs(asked.home.ledger)
    assert {key: len(value) for key, value in runs.params(run).items()} == {"p": 1, "long": 6000, "empty": 0}
    assert len(runs.tags(run)["t"]) == 8000
    assert asked.post("runs/log-parameter", run_id=run, key="q", value=3).code == INVALID


def test_a_tag_is_replaced_and_taken_away(asked: Asked, run: str) -> None:
    asked.done("runs/set-tag", run_id=run, key="t", value="1")
    asked.done("runs/set-tag", run_id=run, key="t", value="2")
    assert Runs(asked.home.ledger).tags(run)["t"] == "2"
    assert asked.done("runs/delete-tag", run_id=run, key="t") == {}
    assert asked.post("runs/delete-tag", run_id=run, key="t").code == GONE


def metric(n: int, **more: object) -> dict[str, object]:
    return {"key": f"m{n}", "value": n, "timestamp": n, "step": n, **more}


def test_a_batch_is_all_or_nothing(asked: Asked, run: str) -> None:
    asked.done(BATCH, run_id=run, params=[{"key": "p", "value": "1"}])
    for bad in (
        {"params": [{"key": "q", "value": "1"}, {"key": "p", "value": "2"}]},
        {"params": [{"key": "q", "value": "1"}], "tags": [{"key": "../t", "value": "1"}]},
        {"params": [{"key": "q", "value": "1"}], "metrics": [metric(1), metric(2, key="a//b")]},
        {"params": [{"key": "q", "value": "1"}], "metrics": [metric(1), metric(2, value=None)]},
        {"params": [{"key": "q", "value": "1"}], "metrics": [metric(1, model_id="m-nobody")]},
    ):
        assert asked.post(BATCH, run_id=run, **{"metrics": [metric(9)], "tags": [{"key": "u", "value": "1"}], **bad}).code in {INVALID, GONE}
        assert asked.metrics(run) == {}
        assert Runs(asked.home.ledger).params(run) == {"p": "1"}
        assert "u" not in Runs(asked.home.ledger).tags(run)


def test_a_bare_nan_in_a_batch_loses_nothing(asked: Asked, run: str) -> None:
    metrics = [metric(1), metric(2, value=math.nan), metric(3, value=-math.inf), metric(4)]
    text = json.dumps({"run_id": run, "metrics": metrics, "params": [{"key": "p", "value": "NaN, not Infinity"}], "tags": []})
    assert "NaN," in text
    assert asked.call("POST", BATCH, text.encode()).status == 200
    assert asked.metrics(run) == {"m1": 1.0, "m2": "NaN", "m3": "-Infinity", "m4": 4.0}
    assert Runs(asked.home.ledger).params(run) == {"p": "NaN, not Infinity"}


@pytest.mark.parametrize(
    "body",
    [
        {"metrics": [metric(n) for n in range(1001)]},
        {"params": [{"key": f"p{n}", "value": "1"} for n in range(101)]},
        {"tags": [{"key": f"t{n}", "value": "1"} for n in range(101)]},
        {"metrics": [metric(n) for n in range(950)], "params": [{"key": f"p{n}", "value": "1"} for n in range(51)]},
        {"params": [{"key": "d", "value": "1"}, {"key": "d", "value": "1"}]},
        {"metrics": "x"},
        {"metrics": [5]},
        {"metrics": [{"value": 1, "timestamp": 1}]},
    ],
)
def test_limits_of_a_batch(asked: Asked, run: str, body: dict[str, object]) -> None:
    assert asked.post(BATCH, run_id=run, **body).code == INVALID
    assert asked.metrics(run) == {}


def test_the_largest_batch_is_taken(asked: Asked, run: str) -> None:
    params = [{"key": f"p{n}", "value": "x" * 6000} for n in range(100)]
    tags = [{"key": f"t{n}", "value": "x" * 8000} for n in range(100)]
    asked.done(BATCH, run_id=run, metrics=[metric(n) for n in range(800)], params=params, tags=tags)
    assert len(asked.metrics(run)) == 800
    assert asked.done(BATCH, run_id=run) == {}


def test_a_list_of_saved_models_in_a_tag(asked: Asked, run: str) -> None:
    said = {"artifact_path": "m", "flavors": {}, "utc_time_created": "x", "run_id": run}
    for path in ("m", "n", "m"):
        asked.done("runs/log-model", run_id=run, model_json=json.dumps({**said, "artifact_path": path}))
    assert [each["artifact_path"] for each in json.loads(Runs(asked.home.ledger).tags(run)["mlflow.log-model.history"])] == ["n", "m"]
    for bad in ("{", "{}", "[]", "[" * 5000, json.dumps({"artifact_path": 1})):
        assert asked.post("runs/log-model", run_id=run, model_json=bad).code == INVALID


def test_saved_models_of_several_threads_are_all_kept(asked: Asked, run: str) -> None:
    def save(path: int) -> None:
        said = {"artifact_path": str(path), "flavors": {}, "utc_time_created": "x", "run_id": run}
        asked.done("runs/log-model", run_id=run, model_json=json.dumps(said))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(save, range(24)))
    assert len(json.loads(Runs(asked.home.ledger).tags(run)["mlflow.log-model.history"])) == 24
