"""The model registry: registered models, their aliases and tags."""

from typing import Any

import msgspec

from ninefold.protocols.mlflow import limits
from ninefold.protocols.mlflow.endpoint import WRITES, Endpoint
from ninefold.protocols.mlflow.errors import EXISTS
from ninefold.protocols.mlflow.registering.registered import Named, Tag, model, tags, version, who
from ninefold.protocols.mlflow.registering.words import alias_of, in_words, name_of, version_of
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import filled, need
from ninefold.web.call import Call


class CreateModel(Named):
    """A new registered model with what is said of it."""

    description: str | None = None
    tags: list[Tag] | None = None


class Rename(Named):
    """The name that a registered model has from now on; its versions go with it."""

    new_name: str | None = None


class Describe(Named):
    """The new description; where none is given the old one stays."""

    description: str | None = None


class ModelTag(Named):
    """A tag to set, or the key of one to take away."""

    key: str | None = None
    value: str | None = None


class Latest(Named):
    """The stages that are asked for; none: all of them."""

    stages: list[str] = msgspec.field(default_factory=list)


class Alias(Named):
    """An alias, and where it is set the number of the version that it leads to."""

    alias: str | None = None
    version: str | int | None = None


@in_words
def create_model(place: Place, body: CreateModel, call: Call) -> dict[str, Any]:
    """Register a name for models."""
    made = place.registry.create(name_of(body.name), description=body.description or "", tags=tags(body.tags), actor=who(call))
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
    place.registry.set_tag(name_of(body.name), limits.key(body.key, "key"), body.value or "", actor=who(call))
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


_MODELS = "registered-models/"
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
]
