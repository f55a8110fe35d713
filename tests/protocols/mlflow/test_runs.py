"""Runs in the words of the protocol: begin, end, rename, delete, restore."""

import pytest
from asked import Asked

from ninefold.protocols.mlflow.errors import GONE, INVALID
from ninefold.runs.records import Runs


def test_a_new_run_says_both_of_its_names_and_its_folder(asked: Asked) -> None:
    run = asked.done("runs/create", experiment_id="0", start_time="1700000000000", user_id="ada", tags=[{"key": "a", "value": "b"}])["run"]
    info, id = run["info"], run["info"]["run_id"]
    assert info["run_uuid"] == id
    assert info["artifact_uri"] == f"mlflow-artifacts:/0/{id}/artifacts"
    assert (info["status"], info["lifecycle_stage"], info["start_time"], info["user_id"]) == ("RUNNING", "active", 1_700_000_000_000, "ada")
    assert "end_time" not in info
    assert info["run_name"]
    assert {"key": "mlflow.runName", "value": info["run_name"]} in run["data"]["tags"]
    assert run == asked.run(id)


def test_what_is_empty_is_left_out_and_inputs_and_outputs_are_there(asked: Asked, run: str) -> None:
    found = asked.run(run)
    assert set(found) == {"info", "data", "inputs", "outputs"}
    assert set(found["data"]) == {"tags"}
    assert (found["inputs"], found["outputs"]) == ({}, {})


@pytest.mark.parametrize("name", ["run_id", "run_uuid"])
def test_a_run_is_known_by_either_name(asked: Asked, run: str, name: str) -> None:
    assert asked.get("runs/get", **{name: run}).status == 200
    asked.done("runs/log-metric", **{name: run}, key="k", value=1, timestamp=1)
    asked.done("runs/log-parameter", **{name: run}, key="k", value="1")
    asked.done("runs/set-tag", **{name: run}, key="k", value="1")
    asked.done("runs/log-batch", **{name: run}, metrics=[{"key": "b", "value": 1, "timestamp": 1}])
    assert asked.get("metrics/get-history", **{name: run}, metric_key="k").json["metrics"]
    assert asked.done("runs/update", **{name: run}, status="FINISHED")["run_info"]["run_id"] == run


@pytest.mark.parametrize("given", [{"run_name": "n"}, {"tags": [{"key": "mlflow.runName", "value": "n"}]}])
def test_name_and_tag_are_one(asked: Asked, given: dict[str, object]) -> None:
    id = asked.begin(**given)

    def names() -> tuple[str, str]:
        run = asked.run(id)
        return run["info"]["run_name"], {tag["key"]: tag["value"] for tag in run["data"]["tags"]}["mlflow.runName"]

    assert names() == ("n", "n")
    asked.done("runs/update", run_id=id, run_name="m")
    assert names() == ("m", "m")
    asked.done("runs/set-tag", run_id=id, key="mlflow.runName", value="o")
    assert names() == ("o", "o")
    asked.done("runs/log-batch", run_id=id, tags=[{"key": "mlflow.runName", "value": "p"}])
    assert names() == ("p", "p")


def test_a_run_whose_name_was_taken_from_its_tags_has_no_others_than_it_was_given(asked: Asked) -> None:
    id = asked.begin(run_name="n", user_id="ada", tags=[{"key": "a", "value": "b"}])
    asked.done("runs/delete-tag", run_id=id, key="mlflow.runName")
    assert asked.run(id)["data"]["tags"] == [{"key": "a", "value": "b"}]
    assert asked.run(id)["info"]["run_name"] == "n"
    ours = Runs(asked.home.ledger).start(asked.home.project or "default", "e", name="trees").id
    assert "mlflow.runName" in {tag["key"] for tag in asked.run(ours)["data"]["tags"]}


def test_two_names_for_one_run_are_refused(asked: Asked) -> None:
    assert asked.post("runs/create", run_name="a", tags=[{"key": "mlflow.runName", "value": "b"}]).code == INVALID


def test_a_nested_run_knows_its_parent(asked: Asked, run: str) -> None:
    child = asked.begin(tags=[{"key": "mlflow.parentRunId", "value": run}])
    assert Runs(asked.home.ledger).get(child).parent == run


def test_a_run_ends_and_goes_on(asked: Asked, run: str) -> None:
    info = asked.done("runs/update", run_id=run, status="FINISHED", end_time="1700000000999")["run_info"]
    assert (info["status"], info["end_time"]) == ("FINISHED", 1_700_000_000_999)
    info = asked.done("runs/update", run_id=run, status="RUNNING")["run_info"]
    assert info["status"] == "RUNNING"
    assert asked.done("runs/update", run_id=run, status=5)["run_info"]["status"] == "KILLED"
    facts = [fact.kind for fact in asked.home.ledger.facts(run=run)]
    assert facts == ["run.started", "run.done", "run.resumed", "run.failed"]


@pytest.mark.parametrize("status", ["BOGUS", "finished", 9, True, [], {}])
def test_a_status_that_is_none_is_refused_and_nothing_changes(asked: Asked, run: str, status: object) -> None:
    assert asked.post("runs/update", run_id=run, status=status, run_name="other").code == INVALID
    assert asked.run(run)["info"]["status"] == "RUNNING"
    assert asked.run(run)["info"]["run_name"] != "other"


@pytest.mark.parametrize(
    "body",
    [
        {"start_time": 1.5},
        {"start_time": "x"},
        {"start_time": 2**63},
        {"experiment_id": 0},
        {"experiment_id": "abc"},
        {"tags": {"a": "b"}},
        {"tags": [{"key": "a//b", "value": "v"}]},
        {"run_name": 5},
    ],
)
def test_what_cannot_be_a_run_is_refused(asked: Asked, body: dict[str, object]) -> None:
    assert asked.post("runs/create", **body).code == INVALID


def test_a_run_of_no_experiment_is_404(asked: Asked) -> None:
    assert asked.post("runs/create", experiment_id="77").code == GONE


def test_a_deleted_run_takes_no_writes_until_it_is_restored(asked: Asked, run: str) -> None:
    asked.done("runs/delete", run_id=run)
    asked.done("runs/delete", run_id=run)
    assert asked.run(run)["info"]["lifecycle_stage"] == "deleted"
    for path, body in (
        ("log-metric", {"key": "k", "value": 1, "timestamp": 1}),
        ("log-parameter", {"key": "k", "value": "1"}),
        ("set-tag", {"key": "k", "value": "1"}),
        ("update", {"status": "FINISHED"}),
        ("log-batch", {"metrics": [{"key": "k", "value": 1, "timestamp": 1}]}),
    ):
        assert asked.post(f"runs/{path}", run_id=run, **body).code == INVALID
    asked.done("runs/restore", run_id=run)
    asked.done("runs/set-tag", run_id=run, key="k", value="1")


@pytest.mark.parametrize("path", ["update", "delete", "restore", "log-metric", "log-parameter", "set-tag", "delete-tag", "log-batch", "log-inputs"])
def test_a_run_that_is_not_there_is_404_and_none_is_400(asked: Asked, path: str) -> None:
    body = {"key": "k", "value": "1", "timestamp": 1, "status": "FINISHED"}
    said = asked.post(f"runs/{path}", run_id="nope", **body)
    assert said.code == GONE
    assert "Run with id=nope not found" in said.json["message"] or path == "delete-tag"
    said = asked.post(f"runs/{path}", **body)
    assert said.code == INVALID
    assert "Missing value for required parameter 'run_id'" in said.json["message"]


def test_a_run_of_another_maker_has_the_tags_that_clients_look_for(asked: Asked) -> None:
    runs = Runs(asked.home.ledger, asked.home.blobs)
    parent = runs.start("default", "nightly", name="outer", source="flights.py")
    child = runs.start("default", "nightly", name="inner", parent=parent.id)
    tags = {tag["key"]: tag["value"] for tag in asked.run(child.id)["data"]["tags"]}
    assert (tags["mlflow.runName"], tags["mlflow.parentRunId"]) == ("inner", parent.id)
    assert {tag["key"]: tag["value"] for tag in asked.run(parent.id)["data"]["tags"]}["mlflow.source.name"] == "flights.py"
