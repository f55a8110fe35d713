"""Logged models: what a run saved, before anybody registers a version of it."""

from typing import Any

from ninefold.errors import NotFoundError
from ninefold.protocols.mlflow import limits
from ninefold.protocols.mlflow.endpoint import WRITES, Endpoint
from ninefold.protocols.mlflow.errors import GONE, INVALID, WireError, invalid, missing
from ninefold.protocols.mlflow.names import random_name
from ninefold.protocols.mlflow.runs import Tag
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import Message, experiment, filled, millis, number, pairs
from ninefold.runs.logged import ModelDetail, ModelStatus
from ninefold.web.call import Call

STATUS: dict[ModelStatus, str] = {"pending": "LOGGED_MODEL_PENDING", "ready": "LOGGED_MODEL_READY", "failed": "LOGGED_MODEL_UPLOAD_FAILED"}
STATUS_OF: dict[str | int, ModelStatus] = {name: status for status, name in STATUS.items()}
STATUS_OF |= {1: "pending", 2: "ready", 3: "failed"}
_BAD = ("/", ":", ".", "%", '"', "'")
_MOST_PARAMS = 100  # clients send more of them in further requests


class Create(Message):
    """A new logged model."""

    experiment_id: str | None = None
    name: str | None = None
    model_type: str | None = None
    source_run_id: str | None = None
    params: list[Tag] | None = None
    tags: list[Tag] | None = None


class Finalize(Message):
    """What became of a logged model."""

    status: str | int | None = None


class SetTags(Message):
    """Tags of a logged model."""

    tags: list[Tag] | None = None


class LogParams(Message):
    """Parameters of a logged model."""

    params: list[Tag] | None = None


def create(place: Place, body: Create, call: Call) -> dict[str, Any]:
    """Begin a logged model; it is pending until its files are there."""
    name = body.name or random_name()
    if any(character in name for character in _BAD):
        raise WireError(INVALID, f"Invalid model name ({name[:200]!r}) provided. It must be a non-empty string without any of: {' '.join(_BAD)}")
    made = place.logged.create(
        experiment(body.experiment_id),
        limits.text(name, "name", limits.EXPERIMENT),
        kind=body.model_type or "",
        run=body.source_run_id or None,
        params=_params(body.params),
        tags=dict(limits.tag(tag.key, tag.value) for tag in body.tags or ()),
    )
    return {"model": _shown(place, made.id)}


def get(place: Place, query: Message, call: Call) -> dict[str, Any]:
    """A logged model with parameters, tags and metrics."""
    return {"model": _shown(place, call.params["id"])}


def finalize(place: Place, body: Finalize, call: Call) -> dict[str, Any]:
    """Say whether all of a logged model is there."""
    if body.status is None:
        raise missing("status")
    status = STATUS_OF.get(body.status)
    if status is None:
        raise invalid("status", body.status, f"it is one of {', '.join(STATUS.values())}")
    _known(place, call)
    place.logged.finish(call.params["id"], status)
    return {"model": _shown(place, call.params["id"])}


def delete(place: Place, body: Message, call: Call) -> dict[str, Any]:
    """Delete a logged model."""
    _known(place, call)
    place.logged.remove(call.params["id"])
    return {}


def log_params(place: Place, body: LogParams, call: Call) -> dict[str, Any]:
    """Add parameters to a logged model."""
    _known(place, call)
    place.logged.add_params(call.params["id"], _params(body.params))
    return {}


def set_tags(place: Place, body: SetTags, call: Call) -> dict[str, Any]:
    """Set tags of a logged model."""
    _known(place, call)
    place.logged.set_tags(call.params["id"], dict(limits.tag(tag.key, tag.value) for tag in body.tags or ()))
    return {}


def delete_tag(place: Place, body: Message, call: Call) -> dict[str, Any]:
    """Take a tag of a logged model away."""
    _known(place, call)
    place.logged.drop_tag(call.params["id"], call.params["key"])
    return {}


def shown(found: ModelDetail) -> dict[str, Any]:
    """A logged model as clients read it."""
    model = found.model
    info = filled(
        model_id=model.id,
        experiment_id=str(model.experiment),
        name=model.name,
        creation_timestamp_ms=millis(model.created),
        last_updated_timestamp_ms=millis(model.updated),
        artifact_uri=model.root,
        status=STATUS[model.status],
        model_type=model.kind or None,
        source_run_id=model.run,
        status_message=model.message or None,
        tags=pairs(found.tags),
    )
    metrics = [
        filled(
            key=p.key, value=number(p.value), timestamp=millis(p.at), step=p.step, dataset_name=p.dataset or None,
            dataset_digest=p.digest or None, model_id=model.id, run_id=p.run,
        )
        for p in found.metrics
    ]  # fmt: skip
    return {"info": info, "data": filled(params=pairs(found.params), metrics=metrics)}


def no_model(id: str) -> WireError:
    """There is no such logged model."""
    return WireError(GONE, f"Logged model with ID '{id[:200]}' not found.")


def _shown(place: Place, id: str) -> dict[str, Any]:
    found = place.logged.details([id]).get(id)
    if found is None:
        raise no_model(id)
    return shown(found)


def _known(place: Place, call: Call) -> None:
    try:
        place.logged.get(call.params["id"])
    except NotFoundError:
        raise no_model(call.params["id"]) from None


def _params(given: list[Tag] | None) -> dict[str, str]:
    return dict(limits.param(each.key, each.value) for each in given or ())


ENDPOINTS = [
    Endpoint("POST", "logged-models", create, Create, WRITES),
    Endpoint("GET", "logged-models/{id}", get),
    Endpoint("PATCH", "logged-models/{id}", finalize, Finalize, WRITES),
    Endpoint("DELETE", "logged-models/{id}", delete, Message, WRITES),
    Endpoint("POST", "logged-models/{id}/params", log_params, LogParams, WRITES),
    Endpoint("PATCH", "logged-models/{id}/tags", set_tags, SetTags, WRITES),
    Endpoint("DELETE", "logged-models/{id}/tags/{key}", delete_tag, Message, WRITES),
]
