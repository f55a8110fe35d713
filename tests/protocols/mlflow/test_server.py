"""What the server says of itself, and how it says no."""

import dataclasses

import pytest
from asked import Asked

from ninefold.errors import DeniedError
from ninefold.protocols.mlflow.endpoint import WRITES
from ninefold.protocols.mlflow.routes import ENDPOINTS
from ninefold.web.shapes import UnknownCallerError


def test_the_release_that_is_spoken(asked: Asked) -> None:
    said = asked.call("GET", "/version")
    assert (said.body, said.headers["content-type"]) == (b"3.18.0", "text/html; charset=utf-8")


def test_what_the_server_can_do(asked: Asked) -> None:
    said = asked.call("GET", "/api/3.0/mlflow/server-info").json
    assert said["artifact_serving_enabled"] is True
    assert said["workspaces_enabled"] is False
    assert said == asked.call("GET", "/ajax-api/3.0/mlflow/server-info").json


@pytest.mark.parametrize("path", ["/api/2.0/mlflow/nothing", "/ajax-api/2.0/mlflow/gateway-proxy", "/api/3.0/mlflow/jobs"])
def test_what_is_not_there_is_404_in_the_protocols_words(asked: Asked, path: str) -> None:
    said = asked.call("GET", path)
    assert (said.status, said.code) == (404, "ENDPOINT_NOT_FOUND")


def test_a_verb_that_a_path_does_not_take(asked: Asked) -> None:
    said = asked.post("experiments/get")
    assert (said.status, said.code) == (405, "ENDPOINT_NOT_FOUND")


def test_a_form_does_not_pass_for_json(asked: Asked) -> None:
    said = asked.call("POST", "experiments/create", b'{"name": "x"}', "text/plain")
    assert (said.status, said.code) == (415, "INVALID_PARAMETER_VALUE")
    assert asked.get("experiments/get-by-name", experiment_name="x").status == 404


def test_every_endpoint_is_declared_once_and_says_what_it_does() -> None:
    seen = [(each.verb, prefix + each.path) for each in ENDPOINTS for prefix in each.under]
    assert len(seen) == len(set(seen))
    assert all(each.summary for each in ENDPOINTS)
    assert all(each.roles == "public" or each.roles for each in ENDPOINTS)


def test_too_much_at_once_is_503_with_a_time_to_come_back(asked: Asked) -> None:
    asked.app.load.limits = dataclasses.replace(asked.app.limits, in_flight=0)
    said = asked.post("runs/create")
    assert (said.status, said.json["error_code"], said.headers["retry-after"]) == (503, "TEMPORARILY_UNAVAILABLE", "1")


@pytest.mark.parametrize(
    ("error", "status", "code"), [(UnknownCallerError("who?"), 401, "UNAUTHENTICATED"), (DeniedError("no"), 403, "PERMISSION_DENIED")]
)
def test_who_may_not_is_told_so(asked: Asked, error: Exception, status: int, code: str) -> None:
    def permit(call: object) -> None:
        raise error

    asked.app.permit = permit
    said = asked.post("runs/create")
    assert (said.status, said.code) == (status, code)


def test_only_questions_are_open_to_those_who_may_only_read() -> None:
    asks = {"search", "search-datasets", "get-latest-versions", "batchGetInfos", "presigned-download-url"}
    assert [
        each.path for each in ENDPOINTS if each.verb != "GET" and each.roles not in {WRITES, "public"} and each.path.rpartition("/")[2] not in asks
    ] == []
    # a part of an upload carries a signature of its own
    assert {each.path.split("/")[0] for each in ENDPOINTS if each.roles == "public"} <= {"version", "server-info", "mpu"}
