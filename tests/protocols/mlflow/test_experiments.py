"""Experiments in the words of the protocol."""

import pytest
from asked import Asked

from ninefold.protocols.mlflow.errors import EXISTS, GONE, INVALID


def made(asked: Asked, name: str = "trees", **more: object) -> str:
    return str(asked.done("experiments/create", name=name, **more)["experiment_id"])


def test_there_is_a_default_experiment_before_anybody_makes_one(asked: Asked) -> None:
    found = asked.get("experiments/get", experiment_id="0").json["experiment"]
    assert (found["experiment_id"], found["name"], found["lifecycle_stage"]) == ("0", "Default", "active")
    assert found["artifact_location"] == "mlflow-artifacts:/0"


def test_ids_are_decimal_texts_and_a_name_is_found(asked: Asked) -> None:
    number = made(asked, tags=[{"key": "team", "value": "ops"}])
    found = asked.get("experiments/get-by-name", experiment_name="trees").json["experiment"]
    assert found["experiment_id"] == number == str(int(number))
    assert found["tags"] == [{"key": "team", "value": "ops"}]
    assert found == asked.get("experiments/get", experiment_id=number).json["experiment"]


def test_a_name_that_is_not_there_is_404_with_the_code_that_clients_wait_for(asked: Asked) -> None:
    said = asked.get("experiments/get-by-name", experiment_name="never")
    assert (said.status, said.code) == (404, GONE)


def test_a_name_that_is_taken_is_400_and_shows_no_sql(asked: Asked) -> None:
    made(asked)
    said = asked.post("experiments/create", name="trees")
    assert (said.status, said.code) == (400, EXISTS)
    assert "insert" not in said.json["message"].lower()
    assert "sql" not in said.json["message"].lower()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": None},
        {"name": 5},
        {"name": "x" * 501},
        {"name": "a\x00b"},
        {"name": "t", "tags": {"a": "b"}},
        {"name": "t", "tags": [{"key": "../k", "value": "v"}]},
        {"name": "t", "tags": [{"value": "v"}]},
        {"name": "t", "tags": [{"key": "k", "value": "v" * 20_001}]},
        {"name": "t", "artifact_location": "s3://bucket/x?y#z"},
        {"name": "t", "artifact_location": "../../etc"},
        {"name": "t", "artifact_location": "mlflow-artifacts:/%2e%2e/%2e%2e/etc"},
        {"name": "t", "artifact_location": "s3://" + "x" * 3000},
    ],
)
def test_what_cannot_be_an_experiment_is_refused(asked: Asked, body: dict[str, object]) -> None:
    assert asked.post("experiments/create", **body).code == INVALID
    assert asked.get("experiments/get-by-name", experiment_name="t").status == 404


def test_a_foreign_location_is_kept_for_the_client_to_use(asked: Asked) -> None:
    number = made(asked, artifact_location="s3://bucket/folder")
    run = asked.run(asked.begin(experiment_id=number))
    assert run["info"]["artifact_uri"] == f"s3://bucket/folder/{run['info']['run_id']}/artifacts"


def test_rename_tag_delete_and_restore(asked: Asked) -> None:
    number = made(asked)
    assert asked.done("experiments/update", experiment_id=number, new_name="oaks") == {}
    assert asked.done("experiments/set-experiment-tag", experiment_id=number, key="k", value="v") == {}
    assert asked.get("experiments/get", experiment_id=number).json["experiment"]["tags"] == [{"key": "k", "value": "v"}]
    asked.done("experiments/delete-experiment-tag", experiment_id=number, key="k")
    assert asked.post("experiments/delete-experiment-tag", experiment_id=number, key="k").code == GONE
    run = asked.begin(experiment_id=number)
    asked.done("experiments/delete", experiment_id=number)
    assert asked.get("experiments/get-by-name", experiment_name="oaks").json["experiment"]["lifecycle_stage"] == "deleted"
    assert asked.run(run)["info"]["lifecycle_stage"] == "deleted"
    assert asked.post("runs/create", experiment_id=number).code == INVALID
    asked.done("experiments/restore", experiment_id=number)
    assert asked.run(run)["info"]["lifecycle_stage"] == "active"


def test_a_rename_needs_a_name_that_is_free(asked: Asked) -> None:
    number = made(asked)
    assert asked.post("experiments/update", experiment_id=number).code == INVALID
    assert asked.post("experiments/update", experiment_id=number, new_name="Default").code == INVALID


@pytest.mark.parametrize("id", ["99999", "9" * 18])
def test_an_experiment_that_is_not_there_is_404(asked: Asked, id: str) -> None:
    said = asked.get("experiments/get", experiment_id=id)
    assert said.code == GONE
    assert f"No Experiment with id={id} exists" in said.json["message"]


@pytest.mark.parametrize("id", ["abc", "-1", "1.5", "9" * 19, "", "½"])
def test_what_is_no_number_of_an_experiment_is_refused(asked: Asked, id: str) -> None:
    assert asked.get("experiments/get", experiment_id=id).code == INVALID


def test_every_prefix_leads_to_the_same(asked: Asked) -> None:
    for prefix in ("/api/2.0/mlflow/", "/ajax-api/2.0/mlflow/", "/api/3.0/mlflow/", "/ajax-api/3.0/mlflow/"):
        assert asked.get(f"{prefix}experiments/get", experiment_id="0").json["experiment"]["name"] == "Default"


def test_two_workspaces_have_their_own_experiments(asked: Asked) -> None:
    body = b'{"name": "shared"}'
    first = asked.call("POST", "/~red/api/2.0/mlflow/experiments/create", body)
    second = asked.call("POST", "/~blue/api/2.0/mlflow/experiments/create", body)
    assert (first.json, second.json) == ({"experiment_id": "1"}, {"experiment_id": "1"})
    assert asked.get("experiments/get-by-name", experiment_name="shared").status == 404
    run = asked.call("POST", "/~red/api/2.0/mlflow/runs/create", b'{"experiment_id": "1"}').json["run"]["info"]["run_id"]
    assert asked.get("/~red/api/2.0/mlflow/runs/get", run_id=run).status == 200
    for path, more in (
        ("log-metric", {"key": "k", "value": 1, "timestamp": 1}),
        ("set-tag", {"key": "k", "value": "v"}),
        ("update", {"status": "FINISHED"}),
        ("delete", {}),
        ("delete-tag", {"key": "mlflow.runName"}),
        ("log-inputs", {"datasets": []}),
    ):
        assert asked.post(f"/~blue/api/2.0/mlflow/runs/{path}", run_id=run, **more).code == GONE
    assert asked.get("runs/get", run_id=run).code == GONE
    assert asked.get("artifacts/list", run_id=run).code == GONE
