"""Experiments: the runs of one question, under a number and a name."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from ninefold import clock
from ninefold.errors import ConflictError, NotFoundError
from ninefold.ledger import Ledger, Row, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs.run import State

ROOT = "mlflow-artifacts:/"  # the URI form that clients of every age resolve against the server that gave it
DEFAULT = "Default"  # the experiment that every project has, number 0
_SQL = Statements(Path(__file__).with_name("experiments.sql"))


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    """Runs that belong together. ``root`` is the URI below which their files lie; times are microseconds UTC."""

    project: str
    id: int
    name: str
    root: str
    state: State = "active"
    created: int
    updated: int


class Experiments:
    """The experiments of one project.

    >>> import tempfile; folder = Path(tempfile.mkdtemp())
    >>> ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder)
    >>> experiments = Experiments(ledger, "flights"); made = experiments.create("trees", tags={"team": "ops"})
    >>> made.id, made.root, experiments.find("trees") == made, experiments.default().name
    (1, 'mlflow-artifacts:/1', True, 'Default')
    """

    def __init__(self, ledger: Ledger, project: str) -> None:
        self.ledger, self.project = ledger, project

    def create(
        self, name: str, *, root: str | None = None, tags: Mapping[str, str] | None = None, id: int | None = None, created: int | None = None
    ) -> Experiment:
        """A new experiment. ConflictError where the name, or ``id``, is taken, also by one that was deleted."""
        at = clock.now() if created is None else created
        return self.ledger.write(lambda tx: _create(tx, self.project, name, root, tags or {}, id, at))

    def get(self, id: int) -> Experiment:
        """The experiment of that number; NotFoundError."""
        row = self.ledger.one(_SQL["find"], self.project, id)
        if row is not None:
            return _experiment(row)
        if id == 0:
            return self.default()
        raise _missing(id)

    def find(self, name: str) -> Experiment | None:
        """The experiment of that name, deleted or not, or None."""
        row = self.ledger.one(_SQL["named"], self.project, name)
        if row is not None:
            return _experiment(row)
        return self.default() if name == DEFAULT else None

    def ensure(self, name: str) -> Experiment:
        """The active experiment of that name, made where there is none. ConflictError where it was deleted."""
        row = self.ledger.one(_SQL["named"], self.project, name)
        if row is not None and row["state"] == "active":
            return _experiment(row)
        return self.ledger.write(lambda tx: ensured(tx, self.project, name))

    def default(self) -> Experiment:
        """Number 0, which every project has; made when it is first asked for."""
        row = self.ledger.one(_SQL["find"], self.project, 0)
        return _experiment(row) if row is not None else self.ledger.write(lambda tx: _default(tx, self.project))

    def update(self, id: int, *, name: str | None = None, tags: Mapping[str, str | None] | None = None) -> Experiment:
        """Gives it another name, and tags (None takes one away). ConflictError where the name is taken, or it is deleted."""

        def change(tx: Tx) -> Experiment:
            now = active_experiment(tx, self.project, id)
            for key, value in (tags or {}).items():
                if value is None:
                    tx.execute(_SQL["drop_tag"], self.project, id, key)
                else:
                    tx.execute(_SQL["set_tag"], self.project, id, key, value)
            if name is None or name == now.name:
                return now
            if name == DEFAULT or tx.one(_SQL["named"], self.project, name) is not None:
                raise _taken(name)  # the default experiment's name is its own, also before it is made
            tx.execute(_SQL["rename"], name, clock.now(), self.project, id)
            tx.fact("experiment.renamed", _subject(now), {"from": now.name, "to": name})
            return _found(tx, self.project, id)

        return self.ledger.write(change)

    def remove(self, id: int) -> None:
        """Deletes it with its active runs; they can be restored until they are removed for good."""
        self._to(id, "deleted", "experiment.deleted")

    def restore(self, id: int) -> None:
        """Brings it back with its runs."""
        self._to(id, "active", "experiment.restored")

    def set_tag(self, id: int, key: str, value: str) -> None:
        """Sets a tag. ConflictError where the experiment is deleted."""

        def change(tx: Tx) -> None:
            active_experiment(tx, self.project, id)
            tx.execute(_SQL["set_tag"], self.project, id, key, value)
            tx.execute(_SQL["touch"], clock.now(), self.project, id)

        self.ledger.write(change)

    def drop_tag(self, id: int, key: str) -> None:
        """Takes a tag away; NotFoundError where it has none of that name."""

        def change(tx: Tx) -> None:
            active_experiment(tx, self.project, id)
            if not tx.execute(_SQL["drop_tag"], self.project, id, key):
                raise NotFoundError(f'the experiment {id} has no tag "{key}"', hint="read its tags")
            tx.execute(_SQL["touch"], clock.now(), self.project, id)

        self.ledger.write(change)

    def tags(self, id: int) -> dict[str, str]:
        """Tags by name."""
        return {row["key"]: row["value"] for row in self.ledger.all(_SQL["tags"], self.project, id)}

    def _to(self, id: int, state: State, kind: str) -> None:
        def change(tx: Tx) -> None:
            now = _found(tx, self.project, id)
            if now.state == state:
                raise ConflictError(f'the experiment "{now.name}" is {state} already')
            at = clock.now()
            tx.execute(_SQL["set_state"], state, at, self.project, id)
            # the runs that go with it: those that this changes carry its time, so that only they come back
            if state == "deleted":
                tx.execute(_SQL["remove_runs"], at, self.project, id)
            else:
                tx.execute(_SQL["restore_runs"], at, self.project, id, now.updated)
            tx.fact(kind, _subject(now), {"name": now.name})

        self.ledger.write(change)


def ensured(tx: Tx, project: str, name: str) -> Experiment:
    """The active experiment of that name, made where there is none; in a transaction of somebody else."""
    row = tx.one(_SQL["named"], project, name)
    if row is None:
        return _default(tx, project) if name == DEFAULT else _create(tx, project, name, None, {}, None, clock.now())
    if row["state"] != "active":
        raise ConflictError(f'the experiment "{name}" is deleted', hint="restore it, or choose another name")
    return _experiment(row)


def active_experiment(tx: Tx, project: str, id: int) -> Experiment:
    """The experiment of that number, in a transaction that writes to it. ConflictError where it is deleted."""
    row = tx.one(_SQL["find"], project, id)
    if row is None and id != 0:
        raise _missing(id)
    now = _default(tx, project) if row is None else _experiment(row)
    if now.state != "active":
        raise ConflictError(f'the experiment "{now.name}" is deleted', hint="restore it first")
    return now


def _create(tx: Tx, project: str, name: str, root: str | None, tags: Mapping[str, str], id: int | None, at: int) -> Experiment:
    if tx.one(_SQL["named"], project, name) is not None or name == DEFAULT:
        raise _taken(name)
    if id is None:
        row = tx.one(_SQL["next"], project)
        assert row is not None
        id = int(row["id"])
    if not tx.execute(_SQL["add"], project, id, name, root or f"{ROOT}{id}", at, at):
        raise ConflictError(f"the experiment {id} is there already", hint="leave out the number")
    for key, value in tags.items():
        tx.execute(_SQL["set_tag"], project, id, key, value)
    made = _found(tx, project, id)
    tx.fact("experiment.created", _subject(made), {"name": name})
    return made


def _default(tx: Tx, project: str) -> Experiment:
    at = clock.now()
    tx.execute(_SQL["add"], project, 0, DEFAULT, f"{ROOT}0", at, at)
    return _found(tx, project, 0)


def _found(tx: Tx, project: str, id: int) -> Experiment:
    row = tx.one(_SQL["find"], project, id)
    if row is None:
        raise _missing(id)
    return _experiment(row)


def _experiment(row: Row) -> Experiment:
    return Experiment(**{name: row[name] for name in Experiment.__struct_fields__})


def _subject(experiment: Experiment) -> str:
    return f"{experiment.project}/experiment/{experiment.id}"


def _missing(id: int) -> NotFoundError:
    return NotFoundError(f"there is no experiment {id}", hint="list them, or make it")


def _taken(name: str) -> ConflictError:
    return ConflictError(f'an experiment "{name}" is there already', hint="use it, or choose another name")
