"""Models as runs saved them, before anybody registers a version: parameters, tags, metrics on datasets, files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from ninefold import clock, ids
from ninefold.errors import ConflictError, NotFoundError
from ninefold.ledger import Ledger, Row, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs import writing
from ninefold.runs.experiments import active_experiment
from ninefold.runs.points import IN, Point, chunks, value_of
from ninefold.runs.run import State

ModelStatus = Literal["pending", "ready", "failed"]
_SQL = Statements(Path(__file__).with_name("logged.sql"))


class LoggedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that a run saved. Its files lie below ``root``; times are microseconds UTC."""

    id: str
    project: str
    experiment: int
    name: str
    kind: str = ""
    run: str | None = None
    status: ModelStatus = "pending"
    message: str = ""
    root: str = ""
    state: State = "active"
    created: int = 0
    updated: int = 0


class ModelPoint(msgspec.Struct, frozen=True):
    """A value of a metric of a logged model, found by ``run``, on a dataset where one is named."""

    key: str
    value: float
    step: int
    at: int
    run: str
    dataset: str = ""
    digest: str = ""


class ModelDetail(msgspec.Struct, frozen=True):
    """A logged model with what was said of it."""

    model: LoggedModel
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    metrics: list[ModelPoint] = []


class LoggedModels:
    """The logged models of one project.

    >>> import tempfile; folder = Path(tempfile.mkdtemp())
    >>> ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder)
    >>> logged = LoggedModels(ledger, "flights"); made = logged.create(0, "trees", params={"leaves": "31"})
    >>> logged.finish(made.id, "ready").status, logged.details([made.id])[made.id].params
    ('ready', {'leaves': '31'})
    """

    def __init__(self, ledger: Ledger, project: str) -> None:
        self.ledger, self.project = ledger, project

    def create(
        self,
        experiment: int,
        name: str,
        *,
        kind: str = "",
        run: str | None = None,
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        id: str | None = None,
        created: int | None = None,
    ) -> LoggedModel:
        """A new model, pending until ``finish``. ConflictError where ``id`` is taken, NotFoundError where there is no experiment."""
        id, at = id or f"m-{ids.new_hex()}", clock.now() if created is None else created
        settled, labels = writing.checked((params or {}).items()), writing.checked((tags or {}).items())

        def add(tx: Tx) -> LoggedModel:
            within = active_experiment(tx, self.project, experiment)
            root = f"{within.root.rstrip('/')}/models/{id}/artifacts"
            if not tx.execute(_SQL["add"], id, self.project, experiment, writing.text(name), kind, run, root, at, at):
                raise ConflictError(f"the logged model {id} is there already", hint="leave out the id")
            tx.many(_SQL["set_param"], [(id, *pair) for pair in settled])
            tx.many(_SQL["set_tag"], [(id, *pair) for pair in labels])
            return self._found(tx, id)

        return self.ledger.write(add)

    def get(self, id: str) -> LoggedModel:
        """The model with that id; NotFoundError, also where it was deleted."""
        return _model(self.ledger.one(_SQL["find"], self.project, id), id)

    def finish(self, id: str, status: ModelStatus, message: str = "") -> LoggedModel:
        """Says whether all of the model is there."""

        def change(tx: Tx) -> LoggedModel:
            self._found(tx, id)
            tx.execute(_SQL["finish"], status, writing.text(message), clock.now(), id)
            return self._found(tx, id)

        return self.ledger.write(change)

    def remove(self, id: str) -> None:
        """Deletes it; its files go with ``ninefold runs gc``."""

        def change(tx: Tx) -> None:
            self._found(tx, id)
            tx.execute(_SQL["set_state"], "deleted", clock.now(), id)

        self.ledger.write(change)

    def set_tags(self, id: str, tags: Mapping[str, str]) -> None:
        """Sets tags."""
        labels = writing.checked(tags.items())

        def change(tx: Tx) -> None:
            self._found(tx, id)
            tx.many(_SQL["set_tag"], [(id, *pair) for pair in labels])

        self.ledger.write(change)

    def drop_tag(self, id: str, key: str) -> None:
        """Takes a tag away; NotFoundError where there is none of that name."""

        def change(tx: Tx) -> None:
            self._found(tx, id)
            if not tx.execute(_SQL["drop_tag"], id, key):
                raise NotFoundError(f'the logged model {id} has no tag "{key[:80]}"', hint="read its tags")

        self.ledger.write(change)

    def add_params(self, id: str, params: Mapping[str, str]) -> None:
        """Adds parameters; ConflictError where one has another value already."""
        settled = writing.checked(params.items())

        def change(tx: Tx) -> None:
            self._found(tx, id)
            for key, value in settled:
                if not tx.execute(_SQL["set_param"], id, key, value):
                    row = tx.one(_SQL["param"], id, key)
                    if row is not None and row["value"] != value:
                        raise ConflictError(f'the parameter "{key}" is {row["value"]!r} already, not {value!r}', hint="log another model")

        self.ledger.write(change)

    def log_points(self, id: str, run: str, points: Sequence[Point], *, dataset: str = "", digest: str = "") -> None:
        """Adds points of metrics that ``run`` found, on a dataset where one is named; the same again changes nothing."""
        self.ledger.write(lambda tx: add_points(tx, self.project, id, run, points, dataset=dataset, digest=digest))

    def details(self, ids: Sequence[str]) -> dict[str, ModelDetail]:
        """Models with parameters, tags and metrics, in the order of ``ids``; those that are not there are left out."""
        found = {row["id"]: _model(row, row["id"]) for row in self._rows("models", ids)}
        whole = {id: ModelDetail(found[id], {}, {}, []) for id in ids if id in found}
        for row in self._rows("params", list(whole)):
            whole[row["model"]].params[row["key"]] = row["value"]
        for row in self._rows("tags", list(whole)):
            whole[row["model"]].tags[row["key"]] = row["value"]
        for row in self._rows("points", list(whole)):
            point = ModelPoint(row["key"], value_of(row), row["step"], row["at"], row["run"], row["dataset"], row["digest"])
            whole[row["model"]].metrics.append(point)
        return whole

    def _rows(self, name: str, ids: Sequence[str]) -> list[Row]:
        first = (self.project,) if name == "models" else ()
        return [row for part in chunks(ids) for row in self.ledger.all(_SQL[name].replace("$in", IN), *first, *part)]

    def _found(self, tx: Tx, id: str) -> LoggedModel:
        return _model(tx.one(_SQL["find"], self.project, id), id)


def add_points(tx: Tx, project: str, id: str, run: str, points: Sequence[Point], *, dataset: str = "", digest: str = "") -> None:
    """Like ``LoggedModels.log_points``, in a transaction of somebody else: with the points of the run itself."""
    _model(tx.one(_SQL["find"], project, id), id)
    groups = writing.grouped(points)
    tx.many(_SQL["add_point"], [(id, key, run, *number, dataset, digest) for key, numbers in groups.items() for number in numbers])


def _model(row: Row | None, id: str) -> LoggedModel:
    if row is None or row["state"] != "active":
        raise NotFoundError(f'there is no logged model "{id[:80]}"', hint="it may have been deleted")
    return LoggedModel(**{name: row[name] for name in LoggedModel.__struct_fields__})
