"""Webhooks in the words of the protocol: set up over HTTP, told what its receivers expect, signed as they check it."""

import base64
import hashlib
import hmac
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asked import Asked

from ninefold.config import load
from ninefold.models.records import add_version
from ninefold.models.registry import Registry
from ninefold.notify import outbox
from ninefold.notify.courier import Courier
from ninefold.project.home import Home
from ninefold.protocols.mlflow.registering.told import EVENTS, Told

sys.path.append(str(Path(__file__).parents[2] / "notify"))

from listening import hook_server

P = "default"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(replace(load(tmp_path), webhook_addresses="any"), "") as opened:
        yield opened


def every() -> list[dict[str, str]]:
    return [{"entity": entity.upper(), "action": action.upper()} for entity, actions in EVENTS.items() for action in actions]


def told(home: Home) -> None:
    courier = Courier(home.ledger, home.settings, clock=lambda: outbox.now() + 1)
    courier.tongues.append(Told())
    courier.spread()
    courier.deliver()


def test_receivers_are_told_as_they_expect(home: Home) -> None:
    asked, registry = Asked(home), Registry(home.ledger, P)
    with hook_server() as server:
        hook = {"name": "h", "url": f"http://127.0.0.1:{server.server_port}/x", "secret": "k3y", "events": every()}
        made = asked.done("webhooks", **hook)["webhook"]
        registry.create("churn", tags={"team": "crm"})
        registry.register("churn", "s3://models/churn", tags={"a": "b"})
        registry.set_version_tag("churn", 1, "k", "v")
        registry.drop_version_tag("churn", 1, "k")
        registry.set_alias("churn", "champion", 1)
        registry.drop_alias("churn", "champion")
        registry.set_tag("churn", "no", "event")
        add_version(home.ledger, P, "forecast", bundle="b1", digest="d1", body={})
        told(home)
    assert "secret" not in made
    bodies = [json.loads(body) for _, body in server.taken]
    assert [f"{b['entity']}.{b['action']}" for b in bodies] == [
        "registered_model.created", "model_version.created", "model_version_tag.set", "model_version_tag.deleted",
        "model_version_alias.created", "model_version_alias.deleted", "model_version.created",
    ]  # fmt: skip
    assert bodies[0]["data"] == {"name": "churn", "tags": {"team": "crm", "no": "event"}, "description": None}  # as they are when it is told
    created = {"name": "churn", "version": "1", "source": "s3://models/churn", "run_id": None, "tags": {"a": "b"}, "description": None}
    assert bodies[1]["data"] == created
    assert bodies[4]["data"] == {"name": "churn", "alias": "champion", "version": "1"}
    assert bodies[6]["data"]["name"] == "forecast"
    headers, body = server.taken[0]
    content = f"{headers['X-MLflow-Delivery-Id']}.{headers['X-MLflow-Timestamp']}.".encode() + body
    assert headers["X-MLflow-Signature"] == f"v1,{base64.b64encode(hmac.new(b'k3y', content, hashlib.sha256).digest()).decode()}"
    assert len({h["X-MLflow-Delivery-Id"] for h, _ in server.taken}) == 7


def test_prompts_have_events_of_their_own(home: Home) -> None:
    asked, registry = Asked(home), Registry(home.ledger, P)
    prompt = {"mlflow.prompt.is_prompt": "true"}
    with hook_server() as server:
        asked.post("webhooks", name="h", url=f"http://127.0.0.1:{server.server_port}/x", events=every())
        registry.create("greeting", tags=prompt)
        registry.register("greeting", "prompt-template", tags={**prompt, "mlflow.prompt.text": "Hello"}, files=False)
        registry.set_tag("greeting", "k", "v")
        told(home)
    bodies = [json.loads(body) for _, body in server.taken]
    assert [b["entity"] for b in bodies] == ["prompt", "prompt_version", "prompt_tag"]
    assert bodies[1]["data"] == {"name": "greeting", "version": "1", "template": "Hello", "tags": {}, "description": None}


def test_webhooks_are_read_changed_tested_and_deleted(home: Home) -> None:
    asked = Asked(home)
    with hook_server(204, 500) as server:
        events = [{"entity": "MODEL_VERSION", "action": "CREATED"}]
        made = asked.done("webhooks", name="h", url=f"http://127.0.0.1:{server.server_port}/x", events=events)["webhook"]
        id = made["webhook_id"]
        assert asked.get(f"webhooks/{id}").json["webhook"] == made
        assert asked.get("webhooks").json["webhooks"] == [made]
        assert asked.done(f"webhooks/{id}/test")["result"] == {"success": True, "response_status": 204}
        assert asked.done(f"webhooks/{id}/test")["result"] == {"success": False, "response_status": 500}
    assert asked.done(f"webhooks/{id}/test")["result"]["success"] is False
    assert json.loads(server.taken[0][1])["data"]["name"] == "example_model"
    changed = asked.call("PATCH", f"webhooks/{id}", json.dumps({"status": "DISABLED", "description": "off"}).encode()).json["webhook"]
    assert (changed["status"], changed["description"], changed["name"]) == ("DISABLED", "off", "h")
    assert asked.call("DELETE", f"webhooks/{id}", b"{}").json == {}
    assert asked.get(f"webhooks/{id}").code == "RESOURCE_DOES_NOT_EXIST"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"url": "https://127.0.0.1/x"}, "not on the public network"),
        ({"url": "http://example.org/x"}, "https://"),
        ({"events": []}, "parameter 'events'"),
        ({"events": [{"entity": "RUN", "action": "CREATED"}]}, "Invalid entity 'run'"),
        ({"events": [{"entity": "MODEL_VERSION", "action": "DELETED"}]}, "Valid actions are: ['created']"),
        ({"name": ""}, "parameter 'name'"),
        ({"status": "ASLEEP"}, "Invalid webhook status"),
    ],
)
def test_webhooks_that_cannot_be(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    usual = {"name": "h", "url": "https://93.184.216.34/x", "events": [{"entity": "MODEL_VERSION", "action": "CREATED"}]}
    with Home(load(tmp_path), "") as home:
        said = Asked(home).post("webhooks", **{**usual, **fields})
    assert (said.status, said.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in said.json["message"]
