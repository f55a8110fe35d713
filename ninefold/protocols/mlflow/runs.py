"""Runs: begin, end, rename, delete, restore, read."""

from typing import Any

from ninefold.errors import NotFoundError
from ninefold.ids import new_hex
from ninefold.ledger import Tx
from ninefold.protocols.mlflow import limits, shown
from ninefold.protocols.mlflow.endpoint import WRITES, Endpoint
from ninefold.protocols.mlflow.errors import GONE, INVALID, WireError, invalid
from ninefold.protocols.mlflow.names import random_name
from ninefold.protocols.mlflow.tracking import Place, actor
from ninefold.protocols.mlflow.wire import Int64, Message, experiment, micros, need, pairs
from ninefold.runs.many import details
from ninefold.runs.records import add
from ninefold.runs.run import Run
from ninefold.web.call import Call


class Tag(Message):
    """A tag, or a parameter."""

    key: str | None = None
    value: str | None = None


class Create(Message):
    """A new run."""

    experiment_id: str | None = None
    user_id: str | None = None
    run_name: str | None = None
    start_time: Int64 | None = None
    tags: list[Tag] | None = None


class Which(Message):
    """A run under either of its two names."""

    run_id: str | None = None
    run_uuid: str | None = None

    @property
    def run(self) -> str:
        """The run's id."""
        return need(self.run_id or self.run_uuid, "run_id")


class Update(Which):
    """What became of a run, and its name."""

    status: str | int | None = None
    end_time: Int64 | None = None
    run_name: str | None = None


def no_run(id: str) -> WireError:
    """There is no such run."""
    return WireError(GONE, f"Run with id={id[:300]} not found")


async def create(place: Place, body: Create, call: Call) -> dict[str, Any]:
    """Begin a run."""
    tags = dict(limits.tag(tag.key, tag.value) for tag in body.tags or ())
    name, tagged = body.run_name, tags.get(shown.NAME)
    if name and tagged and name != tagged:
        raise WireError(INVALID, f"Both 'run_name' and the tag '{shown.NAME}' are given, with different values: {name[:100]!r}, {tagged[:100]!r}")
    name = (name or tagged or random_name())[: limits.TAG]
    tags[shown.NAME] = name
    number, id = experiment(body.experiment_id or "0"), new_hex()
    started = None if body.start_time is None else micros(body.start_time, "start_time")
    who, source, parent = actor(call, body.user_id), tags.get(shown.SOURCE, ""), tags.get(shown.PARENT)

    def begin(tx: Tx) -> Run:
        return add(tx, place.project, number, id=id, name=name, started=started, actor=who, source=source, tags=tags, parent=parent)

    return {"run": {"info": shown.info(await place.ledger.awaited(begin)), "data": {"tags": pairs(tags)}, "inputs": {}, "outputs": {}}}


def get(place: Place, query: Which, call: Call) -> dict[str, Any]:
    """A run with all that was logged to it; of each metric the newest point."""
    found = details(place.ledger, [query.run]).get(query.run)
    if found is None or found.run.project != place.project:
        raise no_run(query.run)  # whoever may not see another project learns nothing of what it has
    return {"run": shown.whole(found)}


def update(place: Place, body: Update, call: Call) -> dict[str, Any]:
    """End a run, let it go on, or rename it."""
    known(place, body.run)
    status = None
    if body.status is not None:
        status = shown.STATUS_OF.get(body.status)
        if status is None:
            raise invalid("status", body.status, f"it is one of {', '.join(shown.STATUS.values())}")
    ended = None if body.end_time is None else micros(body.end_time, "end_time")
    run = place.runs.update(body.run, status=status, ended=ended, name=body.run_name or None)
    if body.run_name:
        place.runs.set_tags(run.id, {shown.NAME: body.run_name})
    return {"run_info": shown.info(run)}


def delete(place: Place, body: Which, call: Call) -> dict[str, Any]:
    """Mark a run as deleted."""
    place.runs.remove(known(place, body.run).id)
    return {}


def restore(place: Place, body: Which, call: Call) -> dict[str, Any]:
    """Bring a deleted run back."""
    place.runs.restore(known(place, body.run).id)
    return {}


def known(place: Place, id: str) -> Run:
    """The run of that id in this project."""
    try:
        return place.runs.get(id)
    except NotFoundError:
        raise no_run(id) from None


ENDPOINTS = [
    Endpoint("POST", "runs/create", create, Create, WRITES),
    Endpoint("GET", "runs/get", get, Which),
    Endpoint("POST", "runs/update", update, Update, WRITES),
    Endpoint("POST", "runs/delete", delete, Which, WRITES),
    Endpoint("POST", "runs/restore", restore, Which, WRITES),
]
