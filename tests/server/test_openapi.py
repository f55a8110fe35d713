"""Every handler asked what its document allows, and what it does not: no mistake of a caller is a failure here, and answers are as described."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from hostile import Server, administered
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

DOCUMENTS = {"ours": "/api/openapi.json", "mlflow": "/api/openapi/mlflow.json"}
DESCRIBED = [status_code_conformance, content_type_conformance, response_schema_conformance]
RAW = [b"", b"null", b"[]", b"1", b'"x"', b"{", b"\xff", b"[" * 3000, b'{"run_id": NaN}', b'{"a": 1e999}', b'{"name": "\\ud800"}', b"{}" * 2]
FEW, MANY = 4, int(os.environ.get("NINEFOLD_TRIES", "20"))


class Asked:
    """A server with accounts, whoever administers it, its documents, and names of things that are there."""

    def __init__(self, server: Server, token: str) -> None:
        self.url = f"http://127.0.0.1:{server.port}"
        self.session = requests.Session()
        self.administrator = {"authorization": f"Bearer {token}"}
        self.known: dict[str, str] = {}

    def done(self, path: str, **body: Any) -> Any:
        """What an endpoint of MLflow's protocol answers to a sound request."""
        answer = self.session.post(f"{self.url}/api/2.0/mlflow/{path}", json=body, headers=self.administrator, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def document(self, name: str) -> dict[str, Any]:
        return dict(self.session.get(self.url + DOCUMENTS[name], timeout=20).json())

    def operations(self, name: str) -> list[Any]:
        """What is asked: every operation of a document, but for streams of events, which do not end."""
        document = self.document(name)
        document["paths"] = {path: said for path, said in document["paths"].items() if "text/event-stream" not in json.dumps(said)}
        for shape in document["components"]["schemas"].values():
            _unfixed(shape)
        schema = from_dict(document)
        schema.config.base_url = self.url
        return [found.ok() for found in schema.get_all_operations()]

    def aimed(self, path: str, given: Any) -> Any:
        """The fields given, those that name something replaced by what is there."""
        known = {**self.known, **next((names for start, names in NAMED.items() if path.startswith(start)), {})}
        return {name: known.get(name, value) for name, value in given.items()} if isinstance(given, dict) else given


def _unfixed(shape: Any) -> None:
    """Schemathesis reads tuples (prefixItems) as an older draft has them, and then calls them invalid: to it they are lists."""
    for inner in shape.values() if isinstance(shape, dict) else shape if isinstance(shape, list) else ():
        _unfixed(inner)
    if isinstance(shape, dict) and shape.pop("prefixItems", None):
        del shape["items"]


# of the small project, by where the name stands
NAMED: dict[str, dict[str, str]] = {
    "/api/experiments": {"id": "0"},
    "/api/people": {"name": "ben"},
    "/people": {"name": "ben"},
    "/events": {"name": "calls"},
    "/predict": {"name": "dispatch"},
    "/outcomes": {"name": "dispatch"},
    "/decisions": {"name": "dispatch"},
    "/endpoints": {"name": "dispatch"},
    "/api/endpoints": {"name": "dispatch"},
    "/tables": {"name": "parcels"},
    "/api/tables": {"name": "parcels"},
    "/sources": {"name": "parcels"},
    "/runs": {},
}


@pytest.fixture(scope="module")
def asked(collecting_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder = Path(shutil.copytree(collecting_project, tmp_path_factory.mktemp("described") / "parcels"))
    token = administered(folder)
    server = Server(folder).start()
    asked = Asked(server, token)
    run = asked.done("runs/create", experiment_id="0")["run"]["info"]["run_id"]
    model = asked.done("logged-models", experiment_id="0", name="m", source_run_id=run)["model"]["info"]["model_id"]
    asked.done("registered-models/create", name="m")
    asked.done("model-versions/create", name="m", source=f"models:/{model}", model_id=model)
    asked.known = {"run_id": run, "run_uuid": run, "id": run, "experiment_id": "0", "name": "m", "version": "1", "model_id": model, "alias": "a"}
    yield asked
    code = server.stop()
    assert "Traceback" not in server.log, server.log[-3000:]
    assert code == 0


def told(case: Any, answer: Any, operation: Any) -> list[str]:
    """What is wrong with an answer."""
    # what this server cannot do at all is no failure of it
    checks = DESCRIBED if answer.status_code == 501 else [not_a_server_error, *DESCRIBED]
    wrong = []
    for check in checks:
        try:
            case.validate_response(answer, checks=[check])
        except BaseExceptionGroup as failures:
            sent = f"{case.path_parameters} {case.query} {case.body!r:.300}"
            wrong.append(f"{operation.method} {operation.path} {sent}\n  {answer.status_code} {answer.text[:300]}\n  {failures.exceptions[0]}")
    return wrong


def fuzz(asked: Asked, operation: Any, headers: Mapping[str, str], tries: int) -> list[str]:
    """What was wrong with the answers to what the document allows, aimed at what is there and at random."""
    wrong: list[str] = []

    @settings(max_examples=tries, deadline=None, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        for aimed in (False, True):
            if aimed:
                case.path_parameters, case.query, case.body = (
                    asked.aimed(operation.path, each) for each in (case.path_parameters, case.query, case.body)
                )
            wrong.extend(told(case, case.call(session=asked.session, headers=dict(headers), timeout=30), operation))

    ask()
    return wrong


def malformed(asked: Asked, operation: Any, headers: Mapping[str, str]) -> list[str]:
    """What was wrong with the answers to bodies that are none."""
    path, wrong = re.sub(r"\{(\w+)\}", lambda hole: asked.aimed(operation.path, {hole[1]: "x"})[hole[1]], operation.path), []
    for body in RAW if operation.body else ():
        for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            answer = asked.session.request(operation.method, asked.url + path, data=body, headers={**headers, "content-type": kind}, timeout=30)
            if answer.status_code >= 500 and answer.status_code != 501:
                wrong.append(f"{operation.method} {path} {kind} {body!r} {answer.status_code} {answer.text[:300]}")
    return wrong


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_are_valid(asked: Asked, name: str) -> None:
    document = asked.document(name)
    validate(document)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nobody_gets_nowhere(asked: Asked, name: str) -> None:
    wrong = []
    for operation in asked.operations(name):
        public = not operation.definition.raw["security"]
        path = re.sub(r"\{\w+\}", "x", operation.path)
        answer = asked.session.request(operation.method, asked.url + path, json={}, allow_redirects=False, timeout=20)
        if not public and answer.status_code != 401:
            wrong.append((operation.method, operation.path, answer.status_code))
        assert answer.status_code < 500
    assert wrong == []


@pytest.mark.parametrize("tries", [FEW, pytest.param(MANY, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_handler_keeps_its_word(asked: Asked, name: str, tries: int) -> None:
    wrong = [told for operation in asked.operations(name) for told in fuzz(asked, operation, asked.administrator, tries)]
    assert wrong == [], "\n".join(wrong[:20])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_body_that_is_none_is_the_callers_mistake(asked: Asked, name: str) -> None:
    assert [told for operation in asked.operations(name) for told in malformed(asked, operation, asked.administrator)] == []
