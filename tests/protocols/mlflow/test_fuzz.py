"""Every endpoint with fields that hold what they should not: a caller's mistake is never a failure of the server."""

import itertools
import json
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest
from asked import Asked

from ninefold.protocols.mlflow.endpoint import Endpoint
from ninefold.protocols.mlflow.routes import ENDPOINTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
VALUES: list[Any] = [
    None, "", "x", "x" * 10_000, "\x00", "\ud7ff", "'; drop table runs; --", "../..", "0", "-1", "1e999", "NaN",
    "NULL", 0, -1, 1.5, 2**31, 2**63 - 1, 2**63,
    2**64, 1e308, True, [], [None], [[]], ["x"], [1], [{}], {}, {"x": {}}, [{"key": "k"}], [{"key": None, "value": None}], [{"key": [], "value": {}}],
    [{"key": "k", "value": "v"}] * 2,
]  # fmt: skip
RAW = [b"", b"null", b"[]", b"1", b'"x"', b"{", b"\xff", b"[" * 3000, b'{"run_id": NaN}', b'{"a": 1e999}', b'{"name": "\\ud800"}']


def known(asked: Asked) -> dict[str, Any]:
    """Fields that lead beyond the first check."""
    run = asked.begin()
    model = asked.done("logged-models", experiment_id="0", name="m", source_run_id=run)["model"]["info"]["model_id"]
    asked.done("registered-models/create", name="m")
    asked.done("model-versions/create", name="m", source=f"models:/{model}", model_id=model)
    return {
        "run_id": run, "run_uuid": run, "experiment_id": "0", "experiment_ids": ["0"], "name": "m", "version": "1", "key": "k", "value": "1",
        "timestamp": 1,
        "metric_key": "k", "run_ids": [run], "path": "a", "alias": "champion", "id": model, "model_id": model, "stage": "Staging", "new_name": "n",
        "experiment_name": "Default", "source": f"models:/{model}", "tag_key": "k", "models": [], "datasets": [], "filter": "", "webhook_id": "w",
        "assessment": "a", "trace": "tr-1", "url": "https://example.com/x", "events": [],
    }  # fmt: skip


def path_of(endpoint: Endpoint, fields: dict[str, Any]) -> str:
    path = endpoint.under[0] + endpoint.path
    for name, value in fields.items():
        for hole in (f"{{{name}}}", f"{{{name}:path}}"):
            path = path.replace(hole, quote(str(value), safe=""))
    return path


def ask(asked: Asked, endpoint: Endpoint, path: str, fields: dict[str, Any]) -> Any:
    if endpoint.verb == "GET" or endpoint.kind != "json":
        flat = {name: value for name, value in fields.items() if value is not None}
        return asked.call(endpoint.verb, f"{path}?{urlencode(flat, doseq=True, errors='surrogatepass')}")
    return asked.call(endpoint.verb, path, json.dumps(fields).encode())


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: f"{each.verb} {each.path}")
def test_no_field_breaks_an_endpoint(asked: Asked, endpoint: Endpoint) -> None:
    right = known(asked)
    names = [field.encode_name for field in msgspec.structs.fields(endpoint.takes)]
    base, failed = {name: right[name] for name in names if name in right}, []
    for name, value in itertools.product(names, VALUES):
        said = ask(asked, endpoint, path_of(endpoint, right), {**base, name: value})
        if said.status >= 500 and said.status != 501:
            failed.append((name, value, said))
    for name, value in itertools.product([n for n in right if f"{{{n}" in endpoint.path], ("x", "-1", "x" * 3000, "a'b", "%2e%2e", "ä", " ")):
        said = ask(asked, endpoint, path_of(endpoint, {**right, name: value}), base)
        if said.status >= 500 and said.status != 501:
            failed.append((name, value, said))
    for raw in RAW if endpoint.verb != "GET" else ():
        said = asked.call(endpoint.verb, path_of(endpoint, right), raw)
        if said.status >= 500 and said.status != 501:
            failed.append(("body", raw, said))
    assert failed == []
