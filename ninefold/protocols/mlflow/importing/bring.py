"""The import itself: thing by thing, each with a note of how far it is, so that it can be cut off anywhere and called again."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from ninefold.errors import ConflictError, NinefoldError, UsageError
from ninefold.ledger import Tx
from ninefold.models.registry.load import PastName, PastVersion, load_name, tell_name
from ninefold.models.registry.names import model_name
from ninefold.models.registry.sources import origin
from ninefold.protocols.mlflow import limits
from ninefold.protocols.mlflow.importing.roots import NoFiles
from ninefold.protocols.mlflow.importing.source import FileSet, Skipped, Source
from ninefold.protocols.mlflow.importing.traced import LOCATION
from ninefold.runs.artifacts import Files, checked
from ninefold.runs.experiments import ROOT
from ninefold.runs.pasts.history import PastExperiment, PastModel, PastRun, PointRow
from ninefold.runs.pasts.imports import Brought, Imports
from ninefold.runs.pasts.load import Place, close_experiment, load_experiment, load_model, load_points, load_run, owner_of
from ninefold.runs.pasts.tally import PointsTally, tell_model, tell_run
from ninefold.runs.traces.load import load_trace, tell_trace
from ninefold.runs.traces.trace import Whole

_AT_ONCE = 50_000  # points that are held and written together
_THREADS = 8  # files that are copied at once: their transactions share an fsync
Progress = Callable[[str, int], None]


class Import:
    """One source on its way into one project. ``prefix`` stands before the names of experiments and registered models;
    without ``artifacts`` no file is copied.

    ``progress`` is told of each thing that is done: its kind, and how many points it had.
    """

    def __init__(self, source: Source, files: Files, *, prefix: str = "", artifacts: bool = True, progress: Progress | None = None) -> None:
        self.source, self.ledger, self.files, self.project, self.prefix = source, files.ledger, files, files.project, prefix
        self.artifacts = artifacts
        self.imports = Imports(files.ledger, f"{source.origin}#{files.project}")
        self._progress = progress or (lambda kind, points: None)
        self.brought = 0
        self._roots: list[tuple[str, str]] = []

    def run(self) -> None:
        """Brings everything that is not here yet, or is not any more what it is there."""
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="import") as self._pool:
            self._everything()

    def _everything(self) -> None:
        runs, models, traces = self.imports.all("run"), self.imports.all("model"), self.imports.all("trace")
        known = self.imports.all("experiment")
        for past in self.source.experiments():
            place = self._experiment(past, known.get(past.id))
            for run, stamp in self._checked(self.source.runs(past), "run"):
                self._run(past, place, run, stamp, runs.get(run.id))
            for model in self._checked(((m, "") for m in self.source.models(past)), "logged model"):
                self._model(past, place, model[0], models.get(model[0].id))
            for whole in self.source.traces(past):
                self._trace(past, place, whole, traces.get(whole.trace.id))
            self.ledger.write(lambda tx, past=past, place=place: close_experiment(tx, place, past))  # type: ignore[misc]
        names = self.imports.all("registered")
        for name in self.source.registered():
            self._registered(name, names.get(name.name))

    def _checked(self, found: Iterable[tuple[Any, str]], what: str) -> Iterator[tuple[Any, str]]:
        """Ids become parts of paths: those that cannot are told as skipped."""
        for past, stamp in found:
            try:
                limits.run_id(past.id)
            except NinefoldError as error:
                self.source.skipped.append(Skipped(f"the {what} {past.id[:80]!r}", error.message))
                continue
            yield past, stamp

    def _experiment(self, past: PastExperiment, before: Brought | None) -> Place:
        def write(tx: Tx) -> Place:
            twin = before or self._twin(tx, "experiment", past.id, past.name, past.created)
            number = int(twin.ours) if twin else None
            place = load_experiment(tx, self.project, past, self.prefix + past.name, lambda id: f"{ROOT}{id}", ours=number)
            self.imports.note(tx, "experiment", past.id, str(place.experiment), "brought", {"name": past.name, "created": past.created})
            return place

        place = self.ledger.write(write)
        self._roots.append((past.root.rstrip("/"), place.root))
        self._progress("experiments", 0)
        return place

    def _run(self, experiment: PastExperiment, place: Place, past: PastRun, stamp: str, before: Brought | None) -> None:
        self._roots.append((past.root.rstrip("/"), f"{place.root}/{past.id}/artifacts"))
        stamp += self._with_files
        if _done(before, stamp):
            return self._progress("runs", 0)
        known = self._begin("run", past.id, place, before)
        files, lost = self._files(experiment, past, f"{place.experiment}/{past.id}/artifacts")
        tallies: dict[str, PointsTally] = {}
        skipped = len(self.source.skipped)
        for group in self._groups(past, tallies):
            self.ledger.write(lambda tx, group=group, known=known: _write_run(tx, place, past, group, known=known))  # type: ignore[misc]
            known = True
        lost += len(self.source.skipped) - skipped  # metrics that cannot be read: they are asked for again, and told again
        told = tell_run(past, tallies, files)

        def finish(tx: Tx) -> None:
            tx.fact("run.imported", f"{self.project}/run/{past.id}", {"status": past.status, "digest": told.digest}, run=past.id)
            body = {"stamp": stamp, "lost": lost, "counts": told.counts, "digest": told.digest}
            self.imports.note(tx, "run", past.id, str(place.experiment), "brought", body)

        self.ledger.write(finish)
        self.brought += 1
        return self._progress("runs", told.counts["points"])

    def _groups(self, past: PastRun, tallies: dict[str, PointsTally]) -> Iterator[list[tuple[str, list[PointRow]]]]:
        """The points in groups that fit into memory and one transaction; at least one, for a run without points."""
        group: list[tuple[str, list[PointRow]]] = []
        held = 0
        for key, rows in self.source.points(past):
            tallies.setdefault(key, PointsTally()).add(rows)
            group.append((key, rows))
            held += len(rows)
            if held >= _AT_ONCE:
                yield group
                group, held = [], 0
        yield group

    def _model(self, experiment: PastExperiment, place: Place, past: PastModel, before: Brought | None) -> None:
        self._roots.append((past.root.rstrip("/"), f"{place.root}/models/{past.id}/artifacts"))
        stamp = tell_model(past, {}).digest + self._with_files
        if _done(before, stamp):
            return self._progress("logged models", 0)
        known = self._begin("model", past.id, place, before)
        files, lost = self._files(experiment, past, f"{place.experiment}/models/{past.id}/artifacts")
        told = tell_model(past, files)

        def write(tx: Tx) -> None:
            load_model(tx, place, past, known=known)
            body = {"stamp": stamp, "lost": lost, "counts": told.counts, "digest": told.digest}
            self.imports.note(tx, "model", past.id, str(place.experiment), "brought", body)

        self.ledger.write(write)
        self.brought += 1
        return self._progress("logged models", 0)

    def _trace(self, experiment: PastExperiment, place: Place, past: Whole, before: Brought | None) -> None:
        stamp = tell_trace(past).digest + self._with_files
        if _done(before, stamp):
            return self._progress("traces", 0)
        id = limits.run_id(past.trace.id)
        folder = f"{place.experiment}/traces/{id}/artifacts"
        known = self._begin("trace", id, place, before)
        _, lost = self._files(experiment, past, folder)
        ours = {**past.tags, **({LOCATION: f"{ROOT}{folder}"} if LOCATION in past.tags else {})}
        here = msgspec.structs.replace(past, trace=msgspec.structs.replace(past.trace, experiment=place.experiment), tags=ours)
        told = tell_trace(here)

        def write(tx: Tx) -> None:
            load_trace(tx, self.project, here, known=known)
            body = {"stamp": stamp, "lost": lost, "counts": told.counts, "digest": told.digest}
            self.imports.note(tx, "trace", id, str(place.experiment), "brought", body)

        self.ledger.write(write)
        self.brought += 1
        return self._progress("traces", 0)

    def _registered(self, past: PastName, before: Brought | None) -> None:
        try:
            name = model_name(self.prefix + past.name)
        except UsageError as error:
            self.source.skipped.append(Skipped(f"the registered model {past.name[:80]!r}", error.message))
            return None
        past, there = msgspec.structs.replace(past, name=name, versions=[self._version(name, v) for v in past.versions]), past.name
        told = tell_name(past)
        if _done(before, told.digest):
            return self._progress("registered models", 0)

        def write(tx: Tx) -> None:
            twin = before or self._twin(tx, "registered", there, there, past.created)
            load_name(tx, self.project, past, known=twin is not None and twin.ours == name)
            body = {"stamp": told.digest, "name": there, "created": past.created, "counts": told.counts, "digest": told.digest}
            self.imports.note(tx, "registered", there, name, "brought", body)

        self.ledger.write(write)
        self.brought += 1
        return self._progress("registered models", 0)

    def _version(self, name: str, past: PastVersion) -> PastVersion:
        """A version whose files lie here: its source is rewritten where it was a place there; other forms name ids, which are the same."""
        source = past.source
        if not source.startswith(("models:/", "runs:/")):
            source = self._rewritten(source) or source
        try:
            root = origin(self.ledger.one, self.project, source, past.run, past.model).root
        except UsageError as error:
            root = self._rewritten(past.root) or ""
            if not root:
                self.source.skipped.append(Skipped(f"the files of version {past.version} of {name}", error.hint or error.message))
        return msgspec.structs.replace(past, source=source, root=root)

    def _rewritten(self, uri: str) -> str | None:
        """Where something that lay at ``uri`` there lies here: below the longest root that it began with."""
        plain = uri.rstrip("/")
        # what an entry names is only ever compared with roots of this import; nothing is opened by it
        fits = [(there, here) for there, here in self._roots if there and (plain == there or plain.startswith(f"{there}/"))]
        if not fits or ".." in plain.split("/"):
            return None
        there, here = max(fits, key=lambda pair: len(pair[0]))
        return here + plain[len(there) :]

    def _begin(self, kind: str, id: str, place: Place, before: Brought | None) -> bool:
        """Says that a thing is being brought, before anything of it is here: what is found of it later came from this import.

        Whether what may be here of it is ours to complete: ids are unique, so one that came from another address of the same
        tracker is the same thing.
        """
        if before is not None:
            return True

        def write(tx: Tx) -> bool:
            owner, came = owner_of(tx, kind, id), self.imports.came(tx, kind, id)
            if owner is not None and owner != self.project and owner in came:
                hint = f"it has one place: bring the rest there too (--to {owner}), or begin in a home of its own"
                raise ConflictError(f"the {kind} {id} was imported into the project {owner}", hint=hint)
            ours = owner is None or (owner == self.project and owner in came)
            if ours:
                self.imports.note(tx, kind, id, str(place.experiment), "begun")
            return ours

        return self.ledger.write(write)

    def _twin(self, tx: Tx, kind: str, id: str, name: str, created: int) -> Brought | None:
        """The same thing, brought from another address: its id, name and time of creation are the same."""
        found = self.imports.elsewhere(tx, kind, id)
        return found if found is not None and found.body.get("name") == name and found.body.get("created") == created else None

    @property
    def _with_files(self) -> str:
        return "+files" if self.artifacts else ""

    def _files(self, experiment: PastExperiment, owner: PastRun | PastModel | Whole, folder: str) -> tuple[dict[str, tuple[int, str]], int]:
        """Copies files: size and digest by path, and how many things could not be copied."""
        if not self.artifacts:
            return {}, 0
        before = len(self.source.skipped)
        found: FileSet | None = NoFiles()
        if not isinstance(owner, Whole) or LOCATION in owner.tags:
            found = self.source.files(experiment, owner)
        paths: dict[str, str] = {}
        for name in found.names() if found is not None else ():
            try:
                paths[name] = checked(f"{folder}/{name}")
            except UsageError as error:
                self.source.skipped.append(Skipped(name, error.message))

        def copy(name: str) -> tuple[str, tuple[int, str]]:
            assert found is not None
            file = self.files.put(paths[name], found.read(name))
            self._progress("files", 0)
            return name, (file.size, file.digest)

        kept = dict(self._pool.map(copy, paths))
        return kept, len(self.source.skipped) - before + (found is None)


def _write_run(tx: Tx, place: Place, past: PastRun, group: list[tuple[str, list[PointRow]]], *, known: bool) -> None:
    load_run(tx, place, past, known=known)
    for key, rows in group:
        load_points(tx, place, past.id, key, rows)


def _done(before: Brought | None, stamp: str) -> bool:
    """Whether a thing is here as it is there, with everything that belongs to it."""
    return before is not None and before.body.get("stamp") == stamp and not before.body.get("lost")
