"""The model registry: registered models, their versions, aliases, stages and tags."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ninefold.models.registry import RegisteredModel, RegisteredVersion
from ninefold.protocols.mlflow import downloads
from ninefold.protocols.mlflow.endpoint import WRITES, Endpoint
from ninefold.protocols.mlflow.errors import EXISTS
from ninefold.protocols.mlflow.registry_words import alias_of, in_words, name_of, version_of
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import Message, filled, millis, need, pairs
from ninefold.runs.experiments import ROOT
from ninefold.web.call import Call

STATUS = {"ready": "READY", "pending": "PENDING_REGISTRATION", "failed": "FAILED_REGISTRATION"}
PROMPT, VERSIONS = "mlflow.prompt.is_prompt", "mlflow.modelVersions"


class Tag(Message):
    key: str | None = None
    value: str | None = None


class Named(Message):
    name: str | None = None


class CreateModel(Named):
    description: str | None = None
    tags: list[Tag] | None = None


class Rename(Named):
    new_name: str | None = None


class Describe(Named):
    description: str | None = None


class ModelTag(Named):
    key: str | None = None
    value: str | None = None


class Latest(Named):
    stages: list[str] = msgspec.field(default_factory=list)


class Alias(Named):
    alias: str | None = None
    version: str | int | None = None


class Version(Named):
    version: str | int | None = None


class CreateVersion(Named):
    source: str | None = None
    run_id: str | None = None
    model_id: str | None = None
    description: str | None = None
    tags: list[Tag] | None = None


class DescribeVersion(Version):
    description: str | None = None


class VersionTag(Version):
    key: str | None = None
    value: str | None = None


class Stage(Version):
    stage: str | None = None
    archive_existing_versions: bool | None = None


# models


@in_words
def create_model(place: Place, body: CreateModel, call: Call) -> dict[str, Any]:
    """Register a name for models."""
    made = place.registry.create(name_of(body.name), description=body.description or "", tags=_tags(body.tags), actor=who(call))
    return {"registered_model": model(made)}


@in_words
def get_model(place: Place, query: Named, call: Call) -> dict[str, Any]:
    """A registered model with its newest versions."""
    return {"registered_model": model(place.registry.get(name_of(query.name)))}


@in_words
def rename_model(place: Place, body: Rename, call: Call) -> dict[str, Any]:
    """Give a registered model another name."""
    made = place.registry.rename(name_of(body.name), name_of(body.new_name, "new_name"), actor=who(call))
    return {"registered_model": model(made)}


@in_words
def update_model(place: Place, body: Describe, call: Call) -> dict[str, Any]:
    """Set the description of a registered model."""
    name = name_of(body.name)
    made = place.registry.get(name) if body.description is None else place.registry.describe(name, body.description, actor=who(call))
    return {"registered_model": model(made)}


@in_words
def delete_model(place: Place, body: Named, call: Call) -> dict[str, Any]:
    """Delete a registered model with its versions."""
    place.registry.remove(name_of(body.name), actor=who(call))
    return {}


@in_words
def set_model_tag(place: Place, body: ModelTag, call: Call) -> dict[str, Any]:
    """Set a tag of a registered model."""
    place.registry.set_tag(name_of(body.name), need(body.key, "key"), body.value or "", actor=who(call))
    return {}


@in_words
def delete_model_tag(place: Place, body: ModelTag, call: Call) -> dict[str, Any]:
    """Take a tag of a registered model away."""
    place.registry.drop_tag(name_of(body.name), need(body.key, "key"), actor=who(call))
    return {}


@in_words
def latest_versions(place: Place, body: Latest, call: Call) -> dict[str, Any]:
    """The newest version of each stage."""
    return filled(model_versions=[version(v) for v in place.registry.latest(name_of(body.name), body.stages)])


@in_words
def set_alias(place: Place, body: Alias, call: Call) -> dict[str, Any]:
    """Make an alias lead to a version."""
    place.registry.set_alias(name_of(body.name), alias_of(body.alias, setting=True), version_of(body.version), actor=who(call))
    return {}


@in_words
def by_alias(place: Place, query: Alias, call: Call) -> dict[str, Any]:
    """The version that an alias leads to."""
    return {"model_version": version(place.registry.by_alias(name_of(query.name), alias_of(query.alias)))}


@in_words
def delete_alias(place: Place, body: Alias, call: Call) -> dict[str, Any]:
    """Take an alias away."""
    place.registry.drop_alias(name_of(body.name), alias_of(body.alias), actor=who(call))
    return {}


# versions


@in_words
def create_version(place: Place, body: CreateVersion, call: Call) -> dict[str, Any]:
    """Register a version of a model; with an Idempotency-Key a retry is the same version."""
    tags = _tags(body.tags)
    made = place.registry.register(
        name_of(body.name),
        _without_host(need(body.source, "source"), call),
        body.run_id or None,
        body.model_id or None,
        body.description or "",
        tags,
        files=tags.get(PROMPT, "").lower() != "true",
        retry=call.headers.get("idempotency-key"),
        actor=who(call),
    )
    if made.model is not None:
        _told(place, made)
    return {"model_version": version(made)}


@in_words
def get_version(place: Place, query: Version, call: Call) -> dict[str, Any]:
    """A version of a registered model."""
    return {"model_version": version(_found(place, query))}


@in_words
def update_version(place: Place, body: DescribeVersion, call: Call) -> dict[str, Any]:
    """Set the description of a version."""
    if body.description is None:
        return {"model_version": version(_found(place, body))}
    made = place.registry.describe_version(name_of(body.name), version_of(body.version), body.description, actor=who(call))
    return {"model_version": version(made)}


@in_words
def delete_version(place: Place, body: Version, call: Call) -> dict[str, Any]:
    """Delete a version; its number is not given again."""
    place.registry.remove_version(name_of(body.name), version_of(body.version), actor=who(call))
    return {}


@in_words
def download_uri(place: Place, query: Version, call: Call) -> dict[str, Any]:
    """Where the files of a version lie."""
    found = _found(place, query)
    return {"artifact_uri": downloads.bundle(place, found) if found.own else found.root or found.source}


@in_words
def transition(place: Place, body: Stage, call: Call) -> dict[str, Any]:
    """Move a version to another stage."""
    archive, stage = bool(body.archive_existing_versions), need(body.stage, "stage")
    made = place.registry.to_stage(name_of(body.name), version_of(body.version), stage, archive=archive, actor=who(call))
    return {"model_version": version(made)}


@in_words
def set_version_tag(place: Place, body: VersionTag, call: Call) -> dict[str, Any]:
    """Set a tag of a version."""
    value = body.value or ""
    place.registry.set_version_tag(name_of(body.name), version_of(body.version), need(body.key, "key"), value, actor=who(call))
    return {}


@in_words
def delete_version_tag(place: Place, body: VersionTag, call: Call) -> dict[str, Any]:
    """Take a tag of a version away."""
    place.registry.drop_version_tag(name_of(body.name), version_of(body.version), need(body.key, "key"), actor=who(call))
    return {}


# as clients read them


def model(found: RegisteredModel) -> dict[str, Any]:
    """A registered model."""
    return filled(
        name=found.name,
        creation_timestamp=millis(found.created),
        last_updated_timestamp=millis(found.updated),
        description=found.description or None,
        latest_versions=[version(v) for v in found.latest],
        tags=pairs(found.tags),
        aliases=[{"alias": alias, "version": str(number)} for alias, number in found.aliases.items()],
    )


def version(found: RegisteredVersion) -> dict[str, Any]:
    """A version of a registered model."""
    return filled(
        name=found.name,
        version=str(found.version),
        creation_timestamp=millis(found.created),
        last_updated_timestamp=millis(found.updated),
        user_id=found.actor or None,
        current_stage=found.stage,
        description=found.description or None,
        source=found.source,
        run_id=found.run or "",
        status=STATUS[found.status],
        status_message=found.message or None,
        tags=pairs(found.tags),
        aliases=found.aliases,
        model_id=found.model,
    )


def who(call: Call) -> str | None:
    """Who asks, as facts name them; None for whoever sits at this machine."""
    name: str | None = getattr(call.who, "name", None)
    return name if name != "local" else None


def _found(place: Place, message: Version) -> RegisteredVersion:
    return place.registry.version(name_of(message.name), version_of(message.version))


def _tags(given: Iterable[Tag] | None) -> dict[str, str]:
    return {need(tag.key, "key"): tag.value or "" for tag in given or ()}


def _without_host(source: str, call: Call) -> str:
    """A source that names this server by its own host as one that does not; another host stays, and is refused."""
    parts = urlsplit(source) if source.startswith(f"{ROOT}/") else None
    if parts is not None and parts.netloc == call.headers.get("host"):
        return ROOT + parts.path.lstrip("/")
    return source


def _told(place: Place, made: RegisteredVersion) -> None:
    """The logged model of a version says which versions were made of it."""
    assert made.model is not None
    try:
        known = json.loads(place.logged.details([made.model])[made.model].tags.get(VERSIONS, "[]"))
    except (json.JSONDecodeError, KeyError):  # a client wrote something else there, or the model went meanwhile
        return
    this = {"name": made.name, "version": str(made.version)}
    if isinstance(known, list) and this not in known:
        place.logged.set_tags(made.model, {VERSIONS: msgspec.json.encode([*known, this]).decode()})


_MODELS, _VERSIONS = "registered-models/", "model-versions/"
ENDPOINTS = [
    Endpoint("POST", _MODELS + "create", create_model, CreateModel, WRITES, conflict=EXISTS),
    Endpoint("GET", _MODELS + "get", get_model, Named),
    Endpoint("POST", _MODELS + "rename", rename_model, Rename, WRITES, conflict=EXISTS),
    Endpoint("PATCH", _MODELS + "update", update_model, Describe, WRITES),
    Endpoint("DELETE", _MODELS + "delete", delete_model, Named, WRITES),
    Endpoint("POST", _MODELS + "set-tag", set_model_tag, ModelTag, WRITES),
    Endpoint("DELETE", _MODELS + "delete-tag", delete_model_tag, ModelTag, WRITES),
    Endpoint("GET", _MODELS + "get-latest-versions", latest_versions, Latest),
    Endpoint("POST", _MODELS + "get-latest-versions", latest_versions, Latest),
    Endpoint("POST", _MODELS + "alias", set_alias, Alias, WRITES),
    Endpoint("GET", _MODELS + "alias", by_alias, Alias),
    Endpoint("DELETE", _MODELS + "alias", delete_alias, Alias, WRITES),
    Endpoint("POST", _VERSIONS + "create", create_version, CreateVersion, WRITES),
    Endpoint("GET", _VERSIONS + "get", get_version, Version),
    Endpoint("PATCH", _VERSIONS + "update", update_version, DescribeVersion, WRITES),
    Endpoint("DELETE", _VERSIONS + "delete", delete_version, Version, WRITES),
    Endpoint("GET", _VERSIONS + "get-download-uri", download_uri, Version),
    Endpoint("POST", _VERSIONS + "transition-stage", transition, Stage, WRITES),
    Endpoint("POST", _VERSIONS + "set-tag", set_version_tag, VersionTag, WRITES),
    Endpoint("DELETE", _VERSIONS + "delete-tag", delete_version_tag, VersionTag, WRITES),
]
