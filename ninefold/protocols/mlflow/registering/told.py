"""What webhooks of this protocol are sent: our facts as its events, its payloads, its signature."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from ninefold.clock import moment_of
from ninefold.ledger import Fact, Ledger
from ninefold.models.registry import RegisteredVersion, Registry

PREFIX = "mlflow:"  # of its events among those that a webhook hears of
PROMPT, TEXT, TYPE = "mlflow.prompt.is_prompt", "mlflow.prompt.text", "_mlflow_prompt_type"
# entity, and the actions that there are
EVENTS: dict[str, tuple[str, ...]] = {
    "registered_model": ("created",),
    "model_version": ("created",),
    "model_version_tag": ("set", "deleted"),
    "model_version_alias": ("created", "deleted"),
    "prompt": ("created",),
    "prompt_version": ("created",),
    "prompt_tag": ("set", "deleted"),
    "prompt_version_tag": ("set", "deleted"),
    "prompt_alias": ("created", "deleted"),
}
# the kind of a fact → the event of a model, and of a prompt
_OF: dict[str, tuple[str | None, str]] = {
    "model.registered": ("registered_model.created", "prompt.created"),
    "version.registered": ("model_version.created", "prompt_version.created"),
    "model.version": ("model_version.created", "prompt_version.created"),
    "version.tagged": ("model_version_tag.set", "prompt_version_tag.set"),
    "version.untagged": ("model_version_tag.deleted", "prompt_version_tag.deleted"),
    "model.alias": ("model_version_alias.created", "prompt_alias.created"),
    "model.alias_deleted": ("model_version_alias.deleted", "prompt_alias.deleted"),
    "model.tagged": (None, "prompt_tag.set"),
    "model.untagged": (None, "prompt_tag.deleted"),
}


class Told:
    """The protocol's words for facts of the registry. Values of tags are read when they are told: facts do not keep them."""

    prefix: str = PREFIX
    kinds: Sequence[str] = tuple(_OF)

    def told(self, ledger: Ledger, fact: Fact) -> tuple[str, dict[str, Any]] | None:
        """The event and its body; None where the protocol has no event for it, or the model is gone."""
        project, _, name = fact.subject.partition("/model/")
        name, at, number = name.rpartition("@")
        if not at:
            name, number = number, ""
        if fact.kind == "model.version" and "registered" in fact.body:
            return None  # it was told when a client registered it
        registry = Registry(ledger, project)
        found = registry.models([name])
        if not found:
            return None
        made = registry.versions([(name, int(number))]) if number.isdigit() else []
        if number and not made:
            return None
        prompt = found[0].tags.get(PROMPT, "").lower() == "true"
        event = _OF[fact.kind][prompt]
        if event is None:
            return None
        if number:
            data = _version(made[0], fact, prompt=prompt)
        elif fact.kind == "model.registered":
            data = {"name": name, "tags": _shown(found[0].tags, prompt=prompt), "description": found[0].description or None}
        else:
            data = {"name": name, **_about(fact, found[0].tags)}
        return PREFIX + event, body_of(event, data, at=fact.at)

    def headers(self, body: bytes, id: str, at: int, secret: str | None) -> dict[str, str]:
        """Delivery, time, and where there is a secret the signature of both and the body.

        >>> Told().headers(b"{}", "d", 1, "key")["X-MLflow-Signature"]
        'v1,WzwdZDO78EdVirfBSa1OuH7XL4a9QJ5Q2jTCZVmM0eE='
        """
        found = {"X-MLflow-Delivery-Id": id, "X-MLflow-Timestamp": str(at)}
        if secret:
            mac = hmac.new(secret.encode(), f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
            found["X-MLflow-Signature"] = f"v1,{base64.b64encode(mac).decode()}"
        return found


def body_of(event: str, data: Mapping[str, Any], *, at: int) -> dict[str, Any]:
    """What is sent for an event."""
    entity, _, action = event.partition(".")
    return {"entity": entity, "action": action, "timestamp": moment_of(at).isoformat(), "data": dict(data)}


def example(event: str) -> dict[str, Any]:
    """Made-up data of an event, for a test."""
    entity, _, action = event.partition(".")
    data: dict[str, Any] = {"name": "example_model"}
    if entity in {"registered_model", "prompt"}:
        return data | {"tags": {"example_key": "example_value"}, "description": "An example"}
    if entity in {"model_version", "prompt_version"}:
        made = {"version": "1", "tags": {"example_key": "example_value"}, "description": "An example"}
        return data | made | ({"source": "models:/123", "run_id": "abcd1234"} if entity == "model_version" else {"template": "Hello {{name}}"})
    if entity.endswith("alias"):
        return data | {"alias": "example_alias"} | ({"version": "1"} if action == "created" else {})
    version = {} if entity == "prompt_tag" else {"version": "1"}
    return data | version | {"key": "example_key"} | ({"value": "example_value"} if action == "set" else {})


def _version(made: RegisteredVersion, fact: Fact, *, prompt: bool) -> dict[str, Any]:
    data: dict[str, Any] = {"name": made.name, "version": str(made.version)}
    if fact.kind not in {"version.registered", "model.version"}:
        return data | _about(fact, made.tags)
    said = {"tags": _shown(made.tags, prompt=prompt), "description": made.description or None}
    return data | ({"template": made.tags.get(TEXT)} if prompt else {"source": made.source, "run_id": made.run}) | said


def _about(fact: Fact, tags: Mapping[str, str]) -> dict[str, Any]:
    if "alias" in fact.body:
        version = fact.body.get("version")
        return {"alias": fact.body["alias"], **({"version": str(version)} if version is not None else {})}
    key = fact.body["key"]
    return {"key": key, **({"value": tags.get(key, "")} if fact.kind.endswith(".tagged") else {})}


def _shown(tags: Mapping[str, str], *, prompt: bool) -> dict[str, str]:
    return {k: v for k, v in tags.items() if not prompt or k not in {PROMPT, TEXT, TYPE}}
