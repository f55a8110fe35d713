"""The model registry: versions of registered models, their stages and tags."""

import json
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ninefold.models.registry import RegisteredVersion
from ninefold.models.registry.sources import asked
from ninefold.protocols.mlflow import downloads, limits
from ninefold.protocols.mlflow.artifacts import kept_here, path_of, sent
from ninefold.protocols.mlflow.endpoint import MLFLOW, WRITES, Endpoint
from ninefold.protocols.mlflow.registering.registered import Named, Tag, version, who
from ninefold.protocols.mlflow.registering.registered import tags as tags_of
from ninefold.protocols.mlflow.registering.words import in_words, name_of, version_of
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import need
from ninefold.runs.experiments import ROOT
from ninefold.web.call import Answer, Call

PROMPT, VERSIONS = "mlflow.prompt.is_prompt", "mlflow.modelVersions"


class Version(Named):
    """A version by its model and its number, which may come as text."""

    version: str | int | None = None


class VersionFile(Version):
    """A file of a version, by its path below the version's root."""

    path: str | None = None


class CreateVersion(Named):
    """Where the files of a new version come from: a source, and the run or logged model that made them."""

    source: str | None = None
    run_id: str | None = None
    model_id: str | None = None
    description: str | None = None
    tags: list[Tag] | None = None


class DescribeVersion(Version):
    """The new description; where none is given the old one stays."""

    description: str | None = None


class VersionTag(Version):
    """A tag to set, or the key of one to take away."""

    key: str | None = None
    value: str | None = None


class Stage(Version):
    """The stage to move to, and whether what is there already is archived."""

    stage: str | None = None
    archive_existing_versions: bool | None = None


@in_words
def create_version(place: Place, body: CreateVersion, call: Call) -> dict[str, Any]:
    """Register a version of a model; with an Idempotency-Key a retry is the same version."""
    tags = tags_of(body.tags)
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
    return {"artifact_uri": downloads.bundle(place, found) if found.own else asked(found.root) or found.source}


@in_words
def get_artifact(place: Place, query: VersionFile, call: Call) -> Answer:
    """A file of a version, to save."""
    found = _found(place, query)
    root = downloads.bundle(place, found) if found.own else found.root
    return sent(place, f"{kept_here(root)}/{path_of(need(query.path, 'path'))}")


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
    place.registry.set_version_tag(name_of(body.name), version_of(body.version), limits.key(body.key, "key"), value, actor=who(call))
    return {}


@in_words
def delete_version_tag(place: Place, body: VersionTag, call: Call) -> dict[str, Any]:
    """Take a tag of a version away."""
    place.registry.drop_version_tag(name_of(body.name), version_of(body.version), need(body.key, "key"), actor=who(call))
    return {}


def _found(place: Place, message: Version) -> RegisteredVersion:
    return place.registry.version(name_of(message.name), version_of(message.version))


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


_VERSIONS = "model-versions/"
ENDPOINTS = [
    Endpoint("POST", _VERSIONS + "create", create_version, CreateVersion, WRITES),
    Endpoint("GET", _VERSIONS + "get", get_version, Version),
    Endpoint("PATCH", _VERSIONS + "update", update_version, DescribeVersion, WRITES),
    Endpoint("DELETE", _VERSIONS + "delete", delete_version, Version, WRITES),
    Endpoint("GET", _VERSIONS + "get-download-uri", download_uri, Version),
    Endpoint("GET", _VERSIONS + "get-artifact", get_artifact, VersionFile, under=("/", *MLFLOW), kind="stream"),
    Endpoint("POST", _VERSIONS + "transition-stage", transition, Stage, WRITES),
    Endpoint("POST", _VERSIONS + "set-tag", set_version_tag, VersionTag, WRITES),
    Endpoint("DELETE", _VERSIONS + "delete-tag", delete_version_tag, VersionTag, WRITES),
]
