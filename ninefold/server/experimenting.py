"""Experiments over HTTP, in our own words."""

from typing import Any

import msgspec

from ninefold.errors import NotFoundError
from ninefold.protocols.mlflow.tracking import Tracking
from ninefold.runs.experiments import Experiment, Experiments
from ninefold.runs.searching.experiments import experiment_details, search_experiments
from ninefold.server.run_shapes import ChangedExperiment, Few, NewExperiment
from ninefold.server.tracking import READS, WRITES
from ninefold.web.call import Call
from ninefold.web.route import Route, route


class ListQuery(msgspec.Struct, frozen=True):
    """How many, and the token of the page before."""

    limit: Few = 100
    token: str | None = None


class ExperimentShown(msgspec.Struct, frozen=True):
    """An experiment with its tags."""

    experiment: Experiment
    tags: dict[str, str]


class ExperimentsShown(msgspec.Struct, frozen=True):
    """A page of experiments; ``token`` asks for the next one and is null after the last."""

    experiments: list[ExperimentShown]
    token: str | None = None


def routes(tracking: Tracking) -> list[Route]:
    """Experiments: what runs belong to."""

    def of(call: Call) -> Experiments:
        return tracking.of(call).experiments

    def create(call: Call, body: NewExperiment) -> Experiment:
        """Make an experiment."""
        return of(call).create(body.name, root=body.root, tags=body.tags)

    def all_(call: Call, query: ListQuery) -> ExperimentsShown:
        """The active experiments, the newest first."""
        place = tracking.of(call)
        ids, token = search_experiments(place.ledger, place.project, limit=query.limit, token=query.token)
        return ExperimentsShown([ExperimentShown(*found) for found in experiment_details(place.ledger, place.project, ids)], token)

    def get(call: Call, id: str) -> ExperimentShown:
        """An experiment, deleted or not, with its tags."""
        experiments, number = of(call), _number(id)
        return ExperimentShown(experiments.get(number), experiments.tags(number))

    def change(call: Call, body: ChangedExperiment, id: str) -> ExperimentShown:
        """Rename an experiment; set its tags, or take them away."""
        experiments, number = of(call), _number(id)
        changed = experiments.update(number, name=body.name, tags=body.tags)
        return ExperimentShown(changed, experiments.tags(number))

    def remove(call: Call, id: str) -> None:
        """Delete an experiment with its runs; it can be restored."""
        of(call).remove(_number(id))

    def restore(call: Call, id: str) -> None:
        """Bring a deleted experiment back with its runs."""
        of(call).restore(_number(id))

    def routed(method: str, path: str, handler: Any, who: tuple[str, ...]) -> Route:
        return route(method, f"/api/experiments{path}", handler, who=who, blocking=True)

    return [
        routed("POST", "", create, WRITES),
        routed("GET", "", all_, READS),
        routed("GET", "/{id}", get, READS),
        routed("PATCH", "/{id}", change, WRITES),
        routed("DELETE", "/{id}", remove, WRITES),
        routed("POST", "/{id}/restore", restore, WRITES),
    ]


def _number(id: str) -> int:
    if not (id.isascii() and id.isdigit() and len(id) < 19):
        raise NotFoundError(f'there is no experiment "{id[:40]}"', hint="experiments have numbers")
    return int(id)
