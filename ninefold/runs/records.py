"""Runs in the ledger: rows while they last, one fact when they begin and one, with a digest of all of it, when they end."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Literal

import msgspec

from ninefold import clock, ids
from ninefold.errors import ConflictError, NotFoundError, UsageError
from ninefold.ledger import Ledger, Row, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.storage.blobs import Blobs

Status = Literal["scheduled", "running", "done", "failed", "killed"]
_SQL = Statements(Path(__file__).with_name("records.sql"))


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One execution. Times are microseconds UTC; ``parent`` is the run that it is part of."""

    id: str
    project: str
    experiment: str
    name: str
    status: Status
    started: int
    ended: int | None = None
    parent: str | None = None
    source: str = ""
    actor: str = ""


class Point(msgspec.Struct, frozen=True):
    """One value of a metric, at a step and a time (microseconds UTC). The value may be infinite or no number."""

    key: str
    value: float
    step: int
    at: int


class Artifact(msgspec.Struct, frozen=True):
    """A file of a run: its path inside the run, the SHA-256 of its content, bytes."""

    path: str
    digest: str
    size: int
    at: int


class Runs:
    """The runs of a ledger; artifacts lie in ``blobs``.

    >>> import tempfile; folder = Path(tempfile.mkdtemp())
    >>> ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder)
    >>> runs = Runs(ledger); run = runs.start("flights", "trees", params={"leaves": 31})
    >>> runs.log(run.id, {"auc": 0.71}, step=1)
    >>> runs.end(run.id).status, runs.params(run.id), runs.metrics(run.id)
    ('done', {'leaves': '31'}, {'auc': 0.71})
    """

    def __init__(self, ledger: Ledger, blobs: Blobs | None = None) -> None:
        self.ledger, self._blobs = ledger, blobs

    def start(
        self,
        project: str,
        experiment: str,
        *,
        name: str = "",
        id: str | None = None,
        parent: str | None = None,
        source: str = "",
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        at: int | None = None,
    ) -> Run:
        """Begins a run and records it as a fact. ConflictError where ``id`` is taken, NotFoundError where there is no ``parent``."""
        run = Run(
            id=id or ids.new_id(),
            project=project,
            experiment=experiment,
            name=name or experiment,
            status="running",
            started=clock.now() if at is None else at,
            parent=parent,
            source=source,
            actor=self.ledger.actor,
        )

        def begin(tx: Tx) -> None:
            if parent is not None and tx.one(_SQL["find"], parent) is None:
                raise _missing(parent)
            tx.add("runs", [msgspec.structs.asdict(run)])
            for key, value in (params or {}).items():
                _set_param(tx, run.id, key, str(value))
            for key, value in (tags or {}).items():
                tx.execute(_SQL["set_tag"], run.id, key, value)
            tx.fact("run.started", subject(run), {"experiment": experiment, "name": run.name, "parent": parent}, run=run.id)

        self.ledger.write(begin)
        return run

    def end(self, id: str, status: Status = "done", *, at: int | None = None) -> Run:
        """Ends a run; its fact carries the digest of parameters, tags, metric points and artifacts. ConflictError if it has ended."""
        when = clock.now() if at is None else at

        def finish(tx: Tx) -> Run:
            if not tx.execute(_SQL["end"], status, when, id):
                raise ConflictError(f"the run {id} has ended", hint="start another run") if tx.one(_SQL["find"], id) else _missing(id)
            run = _run(tx.one(_SQL["find"], id), id)
            tx.fact("run.failed" if status == "failed" else "run.done", subject(run), {"status": status, "digest": content_digest(tx, id)}, run=id)
            return run

        return self.ledger.write(finish)

    def get(self, id: str) -> Run:
        """The run with that id; NotFoundError."""
        return _run(self.ledger.one(_SQL["find"], id), id)

    def set_params(self, id: str, params: Mapping[str, Any]) -> None:
        """Sets parameters once; ConflictError where one has another value already."""

        def set_(tx: Tx) -> None:
            _run(tx.one(_SQL["find"], id), id)
            for key, value in params.items():
                _set_param(tx, id, key, str(value))

        self.ledger.write(set_)

    def set_tags(self, id: str, tags: Mapping[str, str | None]) -> None:
        """Sets tags; None removes one."""

        def set_(tx: Tx) -> None:
            _run(tx.one(_SQL["find"], id), id)
            for key, value in tags.items():
                if value is None:
                    tx.execute(_SQL["drop_tag"], id, key)
                else:
                    tx.execute(_SQL["set_tag"], id, key, value)

        self.ledger.write(set_)

    def log(self, id: str, metrics: Mapping[str, float], *, step: int = 0, at: int | None = None) -> None:
        """Adds one point to each of several metrics, on disk when it returns."""
        when = clock.now() if at is None else at
        self.log_points(id, [Point(key, value, step, when) for key, value in metrics.items()])

    def log_points(self, id: str, points: Sequence[Point]) -> None:
        """Adds points. A point that is there already (a retry) is the same point."""
        rows = [(id, point.key, point.step, point.at, *_number(point)) for point in points]

        def add(tx: Tx) -> None:
            _run(tx.one(_SQL["find"], id), id)
            for row in rows:
                tx.execute(_SQL["add_point"], *row)
                tx.execute(_SQL["set_latest"], *row)

        self.ledger.write(add)

    def params(self, id: str) -> dict[str, str]:
        """Parameters by name, as text."""
        return {row["key"]: row["value"] for row in self.ledger.all(_SQL["params"], id)}

    def tags(self, id: str) -> dict[str, str]:
        """Tags by name."""
        return {row["key"]: row["value"] for row in self.ledger.all(_SQL["tags"], id)}

    def metrics(self, id: str) -> dict[str, float]:
        """The newest value of each metric: that of the greatest step, then time."""
        return {row["key"]: _value(row) for row in self.ledger.all(_SQL["latest"], id)}

    def points(self, id: str, key: str) -> list[Point]:
        """All points of a metric, by step."""
        return [Point(key, _value(row), row["step"], row["at"]) for row in self.ledger.all(_SQL["points"], id, key)]

    def add_artifact(self, id: str, path: str, data: bytes | BinaryIO | Path) -> Artifact:
        """Stores a file of the run; the same path again replaces it."""
        name = PurePosixPath(path)
        if name.is_absolute() or ".." in name.parts or not name.parts:
            raise UsageError(f'the path of an artifact is "{path}"', hint="give a path inside the run, such as plots/roc.svg")
        self.get(id)
        digest = self._store().add(data)
        kept = Artifact(str(name), digest, self._store().size(digest), clock.now())
        self.ledger.write(lambda tx: tx.execute(_SQL["set_artifact"], id, kept.path, kept.digest, kept.size, kept.at))
        return kept

    def artifacts(self, id: str) -> list[Artifact]:
        """The files of a run, by path."""
        return [Artifact(row["path"], row["digest"], row["size"], row["at"]) for row in self.ledger.all(_SQL["artifacts"], id)]

    def read_artifact(self, id: str, path: str) -> bytes:
        """The content of a file, verified; NotFoundError, or CorruptError where the disk gave back other bytes."""
        row = self.ledger.one(_SQL["artifact"], id, path)
        if row is None:
            raise NotFoundError(f'the run {id} has no artifact "{path}"', hint="list them: ninefold runs show " + id)
        return self._store().get(row["digest"])

    def _store(self) -> Blobs:
        if self._blobs is None:
            raise UsageError("these runs have no store for artifacts", hint="give Runs(ledger, blobs)")
        return self._blobs


def subject(run: Run) -> str:
    """What facts about a run are about."""
    return f"{run.project}/run/{run.id}"


def content_digest(tx: Tx, id: str) -> str:
    """The digest of everything that was logged to a run."""
    total = hashlib.sha256()
    for name in ("params", "tags", "all_points", "artifacts"):
        for row in tx.all(_SQL[name], id):
            total.update(ids.canonical([name, *row]) + b"\n")
    return total.hexdigest()


def run_of(row: Row) -> Run:
    """A run's row as a value."""
    return msgspec.convert({name: row[name] for name in row.keys()}, Run)  # noqa: SIM118  a row iterates over its values


def _run(row: Row | None, id: str) -> Run:
    if row is None:
        raise _missing(id)
    return run_of(row)


def _missing(id: str) -> NotFoundError:
    return NotFoundError(f'there is no run "{id}"', hint="list them: ninefold runs")


def _set_param(tx: Tx, run: str, key: str, value: str) -> None:
    if tx.execute(_SQL["set_param"], run, key, value) == 0:
        row = tx.one(_SQL["param"], run, key)
        if row is not None and row["value"] != value:
            raise ConflictError(f'the parameter "{key}" is {row["value"]!r} already, not {value!r}', hint="start another run")


def _number(point: Point) -> tuple[float, int]:
    if isinstance(point.value, bool) or not isinstance(point.value, int | float):
        raise UsageError(f'the metric "{point.key}" is {point.value!r}', hint="give a number")
    return (0.0, 1) if math.isnan(point.value) else (float(point.value), 0)


def _value(row: Row) -> float:
    return math.nan if row["nan"] else float(row["value"])
