"""Runs in the ledger: rows while they last, one fact when they begin and one, with a digest of all of it, when they end."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from ninefold import clock, ids
from ninefold.errors import ConflictError, NotFoundError, UsageError
from ninefold.ledger import Ledger, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs import writing
from ninefold.runs.artifacts import File, Files, checked, folder_of
from ninefold.runs.digest import Digested, content_digest
from ninefold.runs.experiments import active_experiment, ensured
from ninefold.runs.points import Point, history, latest
from ninefold.runs.run import ENDED, Run, State, Status, found, missing, removed, subject
from ninefold.storage.blobs import Blobs

_SQL = Statements(Path(__file__).with_name("records.sql"))
_ALL = 100_000  # points read at once


class Runs:
    """The runs of a ledger, or of one ``project`` in it (those of others are then not found); large artifacts lie in ``blobs``.

    >>> import tempfile; folder = Path(tempfile.mkdtemp())
    >>> ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder)
    >>> runs = Runs(ledger); run = runs.start("flights", "trees", params={"leaves": 31})
    >>> runs.log(run.id, {"auc": 0.71}, step=1)
    >>> runs.end(run.id).status, runs.params(run.id), runs.metrics(run.id)
    ('done', {'leaves': '31'}, {'auc': 0.71})
    """

    def __init__(self, ledger: Ledger, blobs: Blobs | None = None, project: str | None = None) -> None:
        self.ledger, self.project, self._blobs = ledger, project, blobs

    # a run's life

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
        """Begins a run of an experiment by its name, which is made where there is none.

        ConflictError where ``id`` is taken, NotFoundError where there is no ``parent``.
        """

        def begin(tx: Tx) -> Run:
            if parent is not None and tx.one(_SQL["find"], parent) is None:
                raise missing(parent)
            number = ensured(tx, project, experiment).id
            texts = {key: str(value) for key, value in (params or {}).items()}
            return add(
                tx,
                project,
                number,
                id=id,
                name=name or experiment,
                started=at,
                actor=self.ledger.actor,
                source=source,
                params=texts,
                tags=tags,
                parent=parent,
            )

        return self.ledger.write(begin)

    def begin(self, project: str, experiment: int, **given: Any) -> Run:
        """Begins a run of an experiment by its number, and records it as a fact.

        ``id``, ``name``, ``started`` (microseconds), ``actor``, ``source``, ``params``, ``tags`` and ``parent`` as in ``add``.
        ConflictError where ``id`` is taken or the experiment is deleted, NotFoundError where there is no experiment.
        """
        given.setdefault("actor", self.ledger.actor)
        return self.ledger.write(lambda tx: add(tx, project, experiment, **given))

    def end(self, id: str, status: Status = "done", *, at: int | None = None) -> Run:
        """Ends a run; its fact carries the digest of parameters, tags, metric points and artifacts. ConflictError if it has ended."""
        if self.get(id).ended is not None:
            raise ConflictError(f"the run {id} has ended", hint="start another run")
        return self.update(id, status=status, ended=at)

    def update(self, id: str, *, status: Status | None = None, ended: int | None = None, name: str | None = None) -> Run:
        """Changes what a run is called, or what became of it; an end, and going on after one, are facts. The same again is nothing.

        ConflictError where the run is deleted.
        """
        digested = Digested(self.ledger, self.get(id)) if status in ENDED else None

        def change(tx: Tx) -> Run:
            now = self._found(tx, id)
            if now.state != "active":
                raise removed(id)
            to = status or now.status
            over = (ended if ended is not None else now.ended or clock.now()) if to in ENDED else None
            if (to, over, name or now.name) == (now.status, now.ended, now.name):
                return now
            tx.execute(_SQL["update"], to, over, name or now.name, clock.now(), id)
            changed = self._found(tx, id)
            if to in ENDED and digested is not None:
                kind = "run.done" if to == "done" else "run.failed"
                tx.fact(kind, subject(changed), {"status": to, "digest": digested.whole(tx)}, run=id)
            elif now.status in ENDED and to not in ENDED:
                tx.fact("run.resumed", subject(changed), {"status": to}, run=id)
            return changed

        return self.ledger.write(change)

    def remove(self, id: str) -> None:
        """Deletes a run: it takes no writes and is not found, until it is restored, or removed for good."""
        self._to(id, "deleted", "run.deleted")

    def restore(self, id: str) -> None:
        """Brings a deleted run back."""
        self._to(id, "active", "run.restored")

    def _to(self, id: str, state: State, kind: str) -> None:
        def change(tx: Tx) -> None:
            now = self._found(tx, id)
            if now.state != state:
                tx.execute(_SQL["set_state"], state, clock.now(), id)
                tx.fact(kind, subject(now), {}, run=id)

        self.ledger.write(change)

    def _found(self, tx: Tx, id: str) -> Run:
        return found(tx.one(_SQL["find"], id), id, self.project)

    # what is logged

    def batch(self, id: str, *, params: Sequence[writing.Pair] = (), points: Sequence[Point] = (), tags: Sequence[writing.Pair] = ()) -> None:
        """Parameters, points and tags in one transaction; the same again changes nothing.

        NotFoundError for no run; ConflictError for a deleted one, or where a parameter has another value: then nothing is written.
        """
        settled, groups, labels = writing.checked(params), writing.grouped(points), writing.checked(tags)
        self.ledger.write(lambda tx: writing.write(tx, id, params=settled, points=groups, tags=labels, project=self.project))

    def set_params(self, id: str, params: Mapping[str, Any]) -> None:
        """Sets parameters once; ConflictError where one has another value already."""
        self.batch(id, params=[(key, str(value)) for key, value in params.items()])

    def set_tags(self, id: str, tags: Mapping[str, str | None]) -> None:
        """Sets tags; None removes one."""
        kept = writing.checked((key, value) for key, value in tags.items() if value is not None)

        def change(tx: Tx) -> None:
            writing.write(tx, id, tags=kept, project=self.project)
            for key, value in tags.items():
                if value is None:
                    writing.drop_tag(tx, id, key)

        self.ledger.write(change)

    def drop_tag(self, id: str, key: str) -> None:
        """Takes a tag away; NotFoundError where the run has none of that name."""

        def change(tx: Tx) -> None:
            writing.active(tx, id, self.project)
            if not writing.drop_tag(tx, id, key):
                raise NotFoundError(f'the run {id} has no tag "{key[:80]}"', hint="read its tags")

        self.ledger.write(change)

    def log(self, id: str, metrics: Mapping[str, float], *, step: int = 0, at: int | None = None) -> None:
        """Adds one point to each of several metrics, on disk when it returns."""
        when = clock.now() if at is None else at
        self.log_points(id, [Point(key, value, step, when) for key, value in metrics.items()])

    def log_points(self, id: str, points: Sequence[Point]) -> None:
        """Adds points. A point that is there already (a retry) is the same point."""
        self.batch(id, points=points)

    # what there is

    def get(self, id: str) -> Run:
        """The run with that id, deleted or not; NotFoundError."""
        return found(self.ledger.one(_SQL["find"], id), id, self.project)

    def params(self, id: str) -> dict[str, str]:
        """Parameters by name, as text."""
        return {row["key"]: row["value"] for row in self.ledger.all(_SQL["params"], id)}

    def tags(self, id: str) -> dict[str, str]:
        """Tags by name."""
        return {row["key"]: row["value"] for row in self.ledger.all(_SQL["tags"], id)}

    def metrics(self, id: str) -> dict[str, float]:
        """The newest value of each metric: that of the greatest step, then time."""
        return {point.key: point.value for point in latest(self.ledger, [id])[id]}

    def points(self, id: str, key: str) -> list[Point]:
        """All points of a metric, by step."""
        points, token = history(self.ledger, id, key, limit=_ALL)
        while token is not None:
            more, token = history(self.ledger, id, key, after=token, limit=_ALL)
            points += more
        return points

    # files

    def add_artifact(self, id: str, path: str, data: bytes | BinaryIO | Path) -> File:
        """Stores a file of the run; the same path again replaces it. ``path`` of what returns is inside the run."""
        files, folder = self._files(id, checked(path))
        chunks = data if isinstance(data, bytes | Path) else iter(lambda: data.read(1 << 20), b"")
        kept = files.put(f"{folder}/{path}", chunks)
        return File(path, kept.digest, kept.size, kept.at)

    def artifacts(self, id: str) -> list[File]:
        """The files of a run, by path inside it."""
        run = self.get(id)
        folder = folder_of(run)
        if folder is None or self._blobs is None:
            return []
        return [File(f.path[len(folder) + 1 :], f.digest, f.size, f.at) for f in Files(self.ledger, self._blobs, run.project).all(folder)]

    def read_artifact(self, id: str, path: str) -> bytes:
        """The content of a file, verified; NotFoundError, or CorruptError where the disk gave back other bytes."""
        files, folder = self._files(id, checked(path))
        return files.read(f"{folder}/{path}")

    def _files(self, id: str, path: str) -> tuple[Files, str]:
        run = self.get(id)
        folder = folder_of(run)
        if self._blobs is None:
            raise UsageError("these runs have no store for artifacts", hint="give Runs(ledger, blobs)")
        if folder is None:
            raise UsageError(f"the files of the run {id} lie in {run.root}, not here", where=path, hint="read and write them there")
        return Files(self.ledger, self._blobs, run.project), folder


def add(
    tx: Tx,
    project: str,
    experiment: int,
    *,
    id: str | None = None,
    name: str = "",
    started: int | None = None,
    actor: str,
    source: str = "",
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    parent: str | None = None,
    status: Status = "running",
    ended: int | None = None,
) -> Run:
    """Begins a run in a transaction of somebody else."""
    within, now = active_experiment(tx, project, experiment), clock.now()
    id = id or ids.new_id()
    run = Run(
        id=id,
        project=project,
        experiment=experiment,
        name=name or id,
        status=status,
        started=now if started is None else started,
        ended=ended,
        updated=now,
        parent=parent,
        root=f"{within.root.rstrip('/')}/{id}/artifacts",
        source=source,
        actor=actor,
    )
    if not tx.execute(_SQL["add"], *msgspec.structs.astuple(run)):
        raise ConflictError(f"the run {id} is there already", hint="leave out the id, or log to the run that has it")
    if params:
        tx.many(_SQL["add_param"], [(id, *pair) for pair in writing.checked(params.items())])
    if tags:
        tx.many(_SQL["add_tag"], [(id, *pair) for pair in writing.checked(tags.items())])
    tx.fact("run.started", subject(run), {"experiment": within.name, "name": run.name, "parent": parent}, run=id, actor=actor)
    return run


def ended(tx: Tx, run: Run, status: Status, at: int) -> None:
    """Ends a run in a transaction of somebody else; for runs with few points, since these are read for the digest in its fact."""
    tx.execute(_SQL["update"], status, at, run.name, clock.now(), run.id)
    tx.fact("run.done" if status == "done" else "run.failed", subject(run), {"status": status, "digest": content_digest(tx, run)}, run=run.id)
