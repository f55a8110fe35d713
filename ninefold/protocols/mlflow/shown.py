"""Our runs as clients read them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ninefold.protocols.mlflow.wire import filled, millis, number, pairs
from ninefold.runs.inputs import DatasetInput
from ninefold.runs.many import Detail
from ninefold.runs.points import Point
from ninefold.runs.run import Run, Status

STATUS: dict[Status, str] = {"scheduled": "SCHEDULED", "running": "RUNNING", "done": "FINISHED", "failed": "FAILED", "killed": "KILLED"}
# integers are the numbers of the same words in the protocol's definition, which JSON may carry instead
STATUS_OF: dict[str | int, Status] = {name: status for status, name in STATUS.items()}
STATUS_OF |= {1: "running", 2: "scheduled", 3: "done", 4: "failed", 5: "killed"}
_THEIRS = re.compile("[0-9a-f]{32}")  # the id of a run that a client of the protocol began; our own have dashes
NAME, PARENT, USER, SOURCE = "mlflow.runName", "mlflow.parentRunId", "mlflow.user", "mlflow.source.name"


def info(run: Run) -> dict[str, Any]:
    """What a run is, without what was logged to it."""
    return filled(
        run_id=run.id,
        run_uuid=run.id,
        run_name=run.name,
        experiment_id=str(run.experiment),
        user_id=run.actor,
        status=STATUS[run.status],
        start_time=millis(run.started),
        end_time=None if run.ended is None else millis(run.ended),
        artifact_uri=run.root,
        lifecycle_stage=run.state,
    )


def whole(detail: Detail) -> dict[str, Any]:
    """A run with parameters, tags, newest metrics, inputs and outputs."""
    return {
        "info": info(detail.run),
        "data": filled(metrics=metrics(detail.metrics), params=pairs(detail.params), tags=pairs(tags(detail.run, detail.tags))),
        "inputs": filled(
            dataset_inputs=[dataset(each) for each in detail.inputs],
            model_inputs=[{"model_id": link.model} for link in detail.models if link.way == "in"],
        ),
        "outputs": filled(model_outputs=[{"model_id": link.model, "step": link.step} for link in detail.models if link.way == "out"]),
    }


def dataset(given: DatasetInput) -> dict[str, Any]:
    """A dataset as an input."""
    data = given.dataset
    about = filled(name=data.name, digest=data.digest, source_type=data.kind, source=data.source, schema=data.schema, profile=data.profile)
    return filled(tags=pairs(given.tags), dataset=about)


def tags(run: Run, given: Mapping[str, str]) -> dict[str, str]:
    """A run's tags. One that no client of the protocol made gets those that its clients look for, from what we know of it."""
    if NAME in given or _THEIRS.fullmatch(run.id):
        return dict(given)
    own = {NAME: run.name, PARENT: run.parent or "", USER: run.actor, SOURCE: run.source}
    return {**{key: value for key, value in own.items() if value}, **given}


def metrics(points: Iterable[Point]) -> list[dict[str, Any]]:
    """Points of metrics."""
    return [{"key": p.key, "value": number(p.value), "timestamp": millis(p.at), "step": p.step} for p in points]
