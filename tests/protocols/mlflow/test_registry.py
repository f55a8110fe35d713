"""The model registry over HTTP, in the words of its clients."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ninefold.config import load
from ninefold.models.records import add_version
from ninefold.models.registry import Registry
from ninefold.project.home import Home
from ninefold.protocols.mlflow import errors
from ninefold.protocols.mlflow.registering import registry, versions
from ninefold.protocols.mlflow.tracking import Tracking
from ninefold.runs.experiments import Experiments
from ninefold.runs.logged import LoggedModels
from ninefold.runs.records import Runs
from ninefold.web import App
from ninefold.web.call import Call

Ask = Callable[..., tuple[int, dict[str, Any]]]


class Somebody:
    name = "ada"
    roles = frozenset(registry.WRITES)


@pytest.fixture
def home(either_database: None, tmp_path: Path) -> Iterator[Home]:
    with Home(load(tmp_path), "default") as opened:
        yield opened


@pytest.fixture
def ask(home: Home) -> Ask:
    """Calls an endpoint: verb, path below the prefix, fields; the status and the answer."""

    def permit(call: Call) -> None:
        call.who = Somebody()

    tracking = Tracking(home)
    routes = [route for endpoint in [*registry.ENDPOINTS, *versions.ENDPOINTS] for route in endpoint.routes(tracking)]
    app = App(routes, permit=permit, shapes={"mlflow": errors.shape})

    def call(verb: str, path: str, /, headers: dict[str, str] | None = None, **fields: Any) -> tuple[int, dict[str, Any]]:
        async def send() -> httpx2.Response:
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                how: dict[str, Any] = {"params": fields} if verb == "GET" else {"json": fields}
                return await client.request(verb, f"/api/2.0/mlflow/{path}", headers=headers, **how)

        answer = asyncio.run(send())
        return answer.status_code, answer.json()

    return call


@pytest.fixture
def churn(ask: Ask) -> Ask:
    assert ask("POST", "registered-models/create", name="churn", tags=[{"key": "team", "value": "crm"}])[0] == 200
    return ask


def version(ask: Ask, **more: Any) -> dict[str, Any]:
    status, body = ask("POST", "model-versions/create", **{"name": "churn", "source": "s3://models/churn", **more})
    assert status == 200, body
    found: dict[str, Any] = body["model_version"]
    return found


def test_a_model_as_clients_read_it(churn: Ask) -> None:
    version(churn, tags=[{"key": "k", "value": "v"}], description="first")
    churn("POST", "registered-models/alias", name="churn", alias="champion", version="1")
    model = churn("GET", "registered-models/get", name="churn")[1]["registered_model"]
    assert (model["tags"], model["aliases"]) == ([{"key": "team", "value": "crm"}], [{"alias": "champion", "version": "1"}])
    found = model["latest_versions"][0]
    assert found["creation_timestamp"] < 10**14  # milliseconds
    shown = {k: v for k, v in found.items() if not k.endswith("timestamp")}
    assert shown == {
        "name": "churn", "version": "1", "user_id": "ada", "current_stage": "None", "description": "first", "source": "s3://models/churn",
        "run_id": "", "status": "READY", "tags": [{"key": "k", "value": "v"}], "aliases": ["champion"],
    }  # fmt: skip
    assert churn("GET", "registered-models/alias", name="churn", alias="champion")[1] == {"model_version": found}
    assert churn("GET", "model-versions/get-download-uri", name="churn", version="1")[1] == {"artifact_uri": "s3://models/churn"}


@pytest.mark.parametrize(
    ("verb", "path", "fields", "status", "code", "message"),
    [
        ("POST", "registered-models/create", {"name": "churn"}, 400, "RESOURCE_ALREADY_EXISTS", "Registered Model (name=churn) already exists."),
        ("POST", "registered-models/create", {}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'name'."),
        ("POST", "registered-models/create", {"name": " "}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'name'."),
        ("POST", "registered-models/create", {"name": "a/b"}, 400, "INVALID_PARAMETER_VALUE", "Names cannot contain '/' or ':'."),
        ("GET", "registered-models/get", {"name": "x"}, 404, "RESOURCE_DOES_NOT_EXIST", "Registered Model with name=x not found"),
        ("PATCH", "registered-models/update", {"name": "x", "description": "d"}, 404, "RESOURCE_DOES_NOT_EXIST", "name=x not found"),
        ("POST", "registered-models/rename", {"name": "churn"}, 400, "INVALID_PARAMETER_VALUE", "parameter 'new_name'"),
        ("POST", "model-versions/create", {"name": "x", "source": "s3://a/b"}, 404, "RESOURCE_DOES_NOT_EXIST", "Registered Model with name=x"),
        ("POST", "model-versions/create", {"name": "churn"}, 400, "INVALID_PARAMETER_VALUE", "parameter 'source'"),
        ("POST", "model-versions/create", {"name": "churn", "source": "file:///etc"}, 400, "INVALID_PARAMETER_VALUE", "Invalid model version source"),
        ("GET", "model-versions/get", {"name": "churn", "version": "7"}, 404, "RESOURCE_DOES_NOT_EXIST", "(name=churn, version=7) not found"),
        ("GET", "model-versions/get", {"name": "churn", "version": "x"}, 400, "INVALID_PARAMETER_VALUE", "must be an integer, got 'x'"),
        ("GET", "model-versions/get", {"name": "churn", "version": "9" * 18}, 404, "RESOURCE_DOES_NOT_EXIST", "not found"),
        ("GET", "registered-models/alias", {"name": "churn", "alias": "no"}, 400, "INVALID_PARAMETER_VALUE", "Registered model alias no not found."),
        ("POST", "registered-models/alias", {"name": "churn", "alias": "v1", "version": "1"}, 400, "INVALID_PARAMETER_VALUE", "'v1' is reserved."),
        ("POST", "registered-models/alias", {"name": "churn", "alias": "latest", "version": "1"}, 400, "INVALID_PARAMETER_VALUE", "is reserved."),
        ("POST", "registered-models/alias", {"name": "churn", "alias": "a b", "version": "1"}, 400, "INVALID_PARAMETER_VALUE", "Invalid alias name"),
        ("POST", "registered-models/alias", {"name": "churn", "alias": "ok", "version": "1"}, 404, "RESOURCE_DOES_NOT_EXIST", "version=1) not found"),
        ("POST", "registered-models/set-tag", {"name": "churn", "value": "v"}, 400, "INVALID_PARAMETER_VALUE", "parameter 'key'"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_the_words_of_the_protocol(
    churn: Ask, verb: str, path: str, fields: dict[str, Any], status: int, code: str, message: str
) -> None:
    got, body = churn(verb, path, **fields)
    assert (got, body["error_code"]) == (status, code)
    assert message in body["message"]


def test_keys_of_tags_are_those_that_tags_of_runs_may_have(churn: Ask, home: Home) -> None:
    version(churn, tags=[{"key": "a/b.c", "value": "v"}])
    for key in ("a#b", "a//b", "../a", "a" * 251):
        tag = {"key": key, "value": "v"}
        for path, body in (
            ("registered-models/set-tag", {"name": "churn", **tag}),
            ("model-versions/set-tag", {"name": "churn", "version": "1", **tag}),
            ("registered-models/create", {"name": "other", "tags": [tag]}),
            ("model-versions/create", {"name": "churn", "source": "s3://a/b", "tags": [tag]}),
        ):
            status, said = churn("POST", path, **body)
            assert (status, said.get("error_code")) == (400, "INVALID_PARAMETER_VALUE"), (path, key)
    assert churn("GET", "registered-models/get", name="other")[0] == 404
    Registry(home.ledger, "default").set_tag("churn", "a#b", "from before")
    assert churn("DELETE", "registered-models/delete-tag", name="churn", key="a#b") == (200, {})


def test_a_version_without_a_description_has_an_empty_one(churn: Ask) -> None:
    assert version(churn)["description"] == ""
    assert "description" not in churn("GET", "registered-models/get", name="churn")[1]["registered_model"]


def test_stages_as_clients_move_them(churn: Ask) -> None:
    version(churn)
    version(churn)
    churn("POST", "model-versions/transition-stage", name="churn", version="1", stage="Production")
    status, body = churn("POST", "model-versions/transition-stage", name="churn", version="2", stage="production", archive_existing_versions=True)
    assert (status, body["model_version"]["current_stage"]) == (200, "Production")
    for verb in ("GET", "POST"):
        stages = "Production" if verb == "GET" else ["Production"]
        found = churn(verb, "registered-models/get-latest-versions", name="churn", stages=stages)[1]["model_versions"]
        assert [v["version"] for v in found] == ["2"]
    status, body = churn("POST", "model-versions/transition-stage", name="churn", version="2", stage="live")
    assert (status, body["message"]) == (400, "Invalid Model Version stage: live. Value must be one of None, Staging, Production, Archived.")


def test_everything_can_be_taken_away_again(churn: Ask) -> None:
    version(churn)
    churn("POST", "model-versions/set-tag", name="churn", version="1", key="k", value="v")
    assert churn("DELETE", "model-versions/delete-tag", name="churn", version="1", key="k") == (200, {})
    assert "tags" not in churn("GET", "model-versions/get", name="churn", version="1")[1]["model_version"]
    churn("POST", "registered-models/alias", name="churn", alias="a", version="1")
    assert churn("DELETE", "registered-models/alias", name="churn", alias="a") == (200, {})
    assert churn("DELETE", "registered-models/delete-tag", name="churn", key="team") == (200, {})
    assert churn("DELETE", "model-versions/delete", name="churn", version="1") == (200, {})
    assert churn("GET", "registered-models/get-latest-versions", name="churn") == (200, {})
    assert churn("PATCH", "registered-models/update", name="churn", description="d")[1]["registered_model"]["description"] == "d"
    assert churn("POST", "registered-models/rename", name="churn", new_name="gone")[1]["registered_model"]["name"] == "gone"
    assert churn("DELETE", "registered-models/delete", name="gone") == (200, {})
    assert churn("GET", "registered-models/get", name="gone")[0] == 404


def test_a_version_of_a_logged_model(churn: Ask, home: Home) -> None:
    run = Runs(home.ledger, home.blobs).begin("default", Experiments(home.ledger, "default").default().id, name="fit")
    logged = LoggedModels(home.ledger, "default")
    model = logged.create(0, "model", kind="", run=run.id, params={}, tags={})
    made = version(churn, source=f"models:/{model.id}", model_id=model.id)
    assert (made["run_id"], made["model_id"]) == (run.id, model.id)
    assert churn("GET", "model-versions/get-download-uri", name="churn", version="1")[1]["artifact_uri"] == model.root
    assert logged.details([model.id])[model.id].tags == {"mlflow.modelVersions": '[{"name":"churn","version":"1"}]'}
    status, body = churn("POST", "model-versions/create", name="churn", source=f"models:/{model.id}")
    assert (status, body["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_this_servers_own_host_may_be_in_a_source(churn: Ask, home: Home) -> None:
    run = Runs(home.ledger, home.blobs).begin("default", Experiments(home.ledger, "default").default().id, name="fit")
    path = run.root.partition(":/")[2]
    made = version(churn, source=f"mlflow-artifacts://127.0.0.1/{path}/model", run_id=run.id)
    assert churn("GET", "model-versions/get-download-uri", name="churn", version=made["version"])[1]["artifact_uri"] == f"{run.root}/model"
    foreign = {"name": "churn", "source": f"mlflow-artifacts://evil.example.org/{path}/model", "run_id": run.id}
    assert churn("POST", "model-versions/create", **foreign)[0] == 400


def test_a_prompt_is_a_version_without_files(ask: Ask) -> None:
    prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    ask("POST", "registered-models/create", name="greeting", tags=prompt)
    text = {"key": "mlflow.prompt.text", "value": "Hello {{name}}"}
    made = version(ask, name="greeting", source="prompt-template", tags=[*prompt, text])
    assert text in made["tags"]


def test_a_retry_with_its_key_is_the_same_version(churn: Ask) -> None:
    key = {"idempotency-key": "k-1"}
    assert version(churn, headers=key)["version"] == version(churn, headers=key)["version"] == "1"
    assert version(churn)["version"] == "2"


def test_what_the_project_made_can_be_fetched_but_not_changed(ask: Ask, home: Home) -> None:
    folder = home.path("bundles", "b1")
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_bytes(b"{}")
    add_version(home.ledger, "default", "forecast", bundle="b1", digest="d1", body={})
    uri = ask("GET", "model-versions/get-download-uri", name="forecast", version="1")[1]["artifact_uri"]
    assert uri == "mlflow-artifacts:/bundles/d1"
    files = Tracking(home)._place("default").files
    assert [e.path for e in files.list("bundles/d1")] == ["bundles/d1/manifest.json"]
    assert ask("GET", "model-versions/get-artifact", name="forecast", version="1", path="manifest.json") == (200, {})
    assert ask("GET", "model-versions/get-artifact", name="forecast", version="1", path="../d2/x")[0] == 400
    assert ask("GET", "model-versions/get-artifact", name="forecast", version="1", path="none")[0] == 404
    assert ask("POST", "model-versions/create", name="forecast", source="s3://a/b")[0] == 403
    assert ask("POST", "registered-models/set-tag", name="forecast", key="k", value="v") == (200, {})
