"""Experiments."""

from typing import Any

from ninefold.errors import NotFoundError
from ninefold.protocols.mlflow import limits
from ninefold.protocols.mlflow.endpoint import WRITES, Endpoint
from ninefold.protocols.mlflow.errors import EXISTS, GONE, WireError
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import Message, experiment, filled, millis, need, pairs
from ninefold.runs.experiments import Experiment
from ninefold.web.call import Call


class Tag(Message):
    """A tag."""

    key: str | None = None
    value: str | None = None


class Create(Message):
    """A new experiment."""

    name: str | None = None
    artifact_location: str | None = None
    tags: list[Tag] | None = None


class Which(Message):
    """An experiment by its id."""

    experiment_id: str | None = None


class Named(Message):
    """An experiment by its name."""

    experiment_name: str | None = None


class Update(Which):
    """A new name for an experiment."""

    new_name: str | None = None


class SetTag(Which):
    """A tag of an experiment."""

    key: str | None = None
    value: str | None = None


def create(place: Place, body: Create, call: Call) -> dict[str, Any]:
    """Make an experiment."""
    name = limits.experiment_name(need(body.name, "name"))
    tags = dict(limits.experiment_tag(tag.key, tag.value) for tag in body.tags or ())
    root = limits.location(body.artifact_location) if body.artifact_location else None
    return {"experiment_id": str(place.experiments.create(name, root=root, tags=tags).id)}


def get(place: Place, query: Which, call: Call) -> dict[str, Any]:
    """An experiment by its id."""
    return {"experiment": shown(_found(place, query), place)}


def get_by_name(place: Place, query: Named, call: Call) -> dict[str, Any]:
    """An experiment by its name, also a deleted one."""
    name = need(query.experiment_name, "experiment_name")
    found = place.experiments.find(name)
    if found is None:
        raise WireError(GONE, f"Could not find experiment with name '{name[:200]}'")
    return {"experiment": shown(found, place)}


def update(place: Place, body: Update, call: Call) -> dict[str, Any]:
    """Rename an experiment."""
    name = limits.experiment_name(need(body.new_name, "new_name"))
    place.experiments.update(_found(place, body).id, name=name)
    return {}


def delete(place: Place, body: Which, call: Call) -> dict[str, Any]:
    """Mark an experiment and its runs as deleted."""
    place.experiments.remove(_found(place, body).id)
    return {}


def restore(place: Place, body: Which, call: Call) -> dict[str, Any]:
    """Bring a deleted experiment back."""
    place.experiments.restore(_found(place, body).id)
    return {}


def set_tag(place: Place, body: SetTag, call: Call) -> dict[str, Any]:
    """Set a tag of an experiment."""
    key, value = limits.experiment_tag(body.key, body.value)
    place.experiments.set_tag(_found(place, body).id, key, value)
    return {}


def delete_tag(place: Place, body: SetTag, call: Call) -> dict[str, Any]:
    """Take a tag of an experiment away."""
    place.experiments.drop_tag(_found(place, body).id, need(body.key, "key"))
    return {}


def shown(found: Experiment, place: Place, tags: dict[str, str] | None = None) -> dict[str, Any]:
    """An experiment as clients read it. ``tags`` where they were read for many at once."""
    return filled(
        experiment_id=str(found.id),
        name=found.name,
        artifact_location=found.root,
        lifecycle_stage=found.state,
        last_update_time=millis(found.updated),
        creation_time=millis(found.created),
        tags=pairs(place.experiments.tags(found.id) if tags is None else tags),
        workspace=place.project,
    )


def _found(place: Place, message: Which) -> Experiment:
    number = experiment(message.experiment_id)
    try:
        return place.experiments.get(number)
    except NotFoundError:
        raise WireError(GONE, f"No Experiment with id={number} exists") from None


ENDPOINTS = [
    Endpoint("POST", "experiments/create", create, Create, WRITES, conflict=EXISTS),
    Endpoint("GET", "experiments/get", get, Which),
    Endpoint("GET", "experiments/get-by-name", get_by_name, Named),
    Endpoint("POST", "experiments/update", update, Update, WRITES),
    Endpoint("POST", "experiments/delete", delete, Which, WRITES, conflict=GONE),
    Endpoint("POST", "experiments/restore", restore, Which, WRITES, conflict=GONE),
    Endpoint("POST", "experiments/set-experiment-tag", set_tag, SetTag, WRITES),
    Endpoint("POST", "experiments/delete-experiment-tag", delete_tag, SetTag, WRITES),
]
