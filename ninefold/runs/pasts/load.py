"""Whole pasts written in bulk: for what another tracker remembers. The same twice is the same once."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from ninefold import clock
from ninefold.errors import ConflictError
from ninefold.ledger import Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs.pasts.history import PastExperiment, PastModel, PastRun, PointRow
from ninefold.runs.points import SQL as POINTS

_SQL = Statements(Path(__file__).with_name("load.sql"))
_PREFIX = "bring it under another name: --prefix old-; or into another project: --to NAME"
DEFAULT = 0  # the experiment that every project has, and every other tracker too


class Place(msgspec.Struct, frozen=True):
    """Where runs go: the project, the experiment's number, and the URI below which their files are kept."""

    project: str
    experiment: int
    root: str


def load_experiment(tx: Tx, project: str, past: PastExperiment, name: str, root: Callable[[int], str], *, ours: int | None) -> Place:
    """The experiment ``name``, made if it is not there. ``ours`` is its number if it was brought before.

    ConflictError where one of that name holds runs that came otherwise; only the default one takes what others have in theirs.
    """
    at = past.updated or past.created or clock.now()
    found = tx.one(_SQL["experiment"], project, name)
    number = ours if ours is not None else int(found["id"]) if found is not None else None
    if number is None:
        row = tx.one(_SQL["next_experiment"], project)
        number = DEFAULT if past.id == str(DEFAULT) and name == past.name else int(row["id"]) if row is not None else 1
        tx.execute(_SQL["add_experiment"], project, number, name, root(number), "active", past.created or at, at)
        tx.fact("experiment.created", f"{project}/experiment/{number}", {"name": name, "imported": True})
    elif ours is None and number != DEFAULT and tx.one(_SQL["used"], project, number) is not None:
        raise ConflictError(f'there is an experiment "{name}" here with other runs', hint=_PREFIX)
    tx.many(_SQL["experiment_tag"], [(project, number, key, value) for key, value in past.tags.items()])
    return Place(project, number, root(number))


def close_experiment(tx: Tx, place: Place, past: PastExperiment) -> None:
    """Gives an experiment the state and the time that it has there, once its runs are here."""
    if place.experiment != DEFAULT:
        tx.execute(_SQL["set_experiment"], past.state, past.updated or past.created or clock.now(), place.project, place.experiment)


def load_run(tx: Tx, place: Place, past: PastRun, *, known: bool) -> None:
    """A run with parameters, tags, inputs and links. ``known``: it was brought before; else one of that id is a ConflictError."""
    own(tx, "run", past.id, place.project, known=known)
    root = f"{place.root}/{past.id}/artifacts"
    row = (past.id, place.project, place.experiment, past.name, past.status, past.state, past.started, past.ended)
    tx.execute(_SQL["run"], *row, past.ended or past.started, past.parent, root, past.source, past.actor)
    tx.many(_SQL["param"], [(past.id, key, value) for key, value in past.params.items()])
    tx.many(_SQL["tag"], [(past.id, key, value) for key, value in past.tags.items()])
    data = [(place.project, place.experiment, i.name, i.digest, i.kind, i.source, i.schema, i.profile) for i in past.inputs]
    tx.many(_SQL["dataset"], data)
    said = [(past.id, i.name, i.digest, n, msgspec.json.encode(i.tags).decode()) for n, i in enumerate(past.inputs)]
    tx.many(_SQL["input"], said)
    tx.many(_SQL["link"], [(past.id, link.model, link.way, link.step, n) for n, link in enumerate(past.links)])


def load_points(tx: Tx, place: Place, run: str, key: str, rows: Sequence[PointRow]) -> None:
    """Points of one metric, in their order: by step, time, value. Those that are there already are the same points."""
    if not rows:
        return
    made = tx.one(POINTS["set_newest"], run, key, place.project, place.experiment, *rows[-1])
    assert made is not None
    series = made["id"]
    tx.many(POINTS["add_point"], [(series, *row) for row in rows])


def load_model(tx: Tx, place: Place, past: PastModel, *, known: bool) -> None:
    """A logged model with everything that was said of it."""
    own(tx, "model", past.id, place.project, known=known)
    row = (past.id, place.project, place.experiment, past.name, past.kind, past.run, past.status, past.message)
    tx.execute(_SQL["model"], *row, f"{place.root}/models/{past.id}/artifacts", past.state, past.created, past.updated)
    tx.many(_SQL["model_param"], [(past.id, key, value) for key, value in past.params.items()])
    tx.many(_SQL["model_tag"], [(past.id, key, value) for key, value in past.tags.items()])
    tx.many(_SQL["model_point"], [(past.id, p.key, p.run, *p.row, p.dataset, p.digest) for p in past.points])


def owner_of(tx: Tx, kind: str, id: str) -> str | None:
    """The project that a run, a logged model or a trace (``kind``: run, model, trace) belongs to, None where there is none of that id."""
    found = tx.one(_SQL[f"{kind}_owner"], id)
    return None if found is None else str(found["project"])


def own(tx: Tx, kind: str, id: str, project: str, *, known: bool) -> None:
    """Ids are unique in the whole ledger: what came otherwise, or belongs to another project, is not touched."""
    owner = owner_of(tx, kind, id)
    if owner is None or (known and owner == project):
        return
    what, where = "logged model" if kind == "model" else kind, "here" if owner == project else f"in the project {owner}"
    raise ConflictError(f"the {what} {id} is {where} already, and was not imported", hint="nothing is written over; a run has one place")
