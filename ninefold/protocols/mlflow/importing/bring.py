"""The import itself: thing by thing, each with a note of how far it is, so that it can be cut off anywhere and called again."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any

import msgspec

from ninefold.errors import NinefoldError, UsageError
from ninefold.ledger import Ledger, Tx
from ninefold.models.registry.load import PastName, PastVersion, load_name, stored_name, tell_name
from ninefold.models.registry.sources import origin
from ninefold.protocols.mlflow import limits
from ninefold.protocols.mlflow.importing.source import FileSet, Skipped, Source
from ninefold.runs.artifacts import Files, checked
from ninefold.runs.experiments import ROOT
from ninefold.runs.history import PastExperiment, PastModel, PastRun, PointRow
from ninefold.runs.imports import Brought, Imports
from ninefold.runs.load import Place, close_experiment, load_experiment, load_model, load_points, load_run
from ninefold.runs.tally import PointsTally, Told, stored_files, stored_model, stored_run, tell_model, tell_run

_AT_ONCE = 50_000  # points that are held and written together
Progress = Callable[[str, int], None]


class Import:
    """One source on its way into one project. ``prefix`` stands before the names of experiments and registered models.

    ``progress`` is told of each thing that is done: its kind, and how many points it had.
    """

    def __init__(self, source: Source, ledger: Ledger, files: Files, project: str, *, prefix: str = "", progress: Progress | None = None) -> None:
        self.source, self.ledger, self.files, self.project, self.prefix = source, ledger, files, project, prefix
        self.imports = Imports(ledger, f"{source.origin}#{project}")
        self._progress = progress or (lambda kind, points: None)
        self.brought = 0
        self._roots: list[tuple[str, str]] = []

    def run(self) -> None:
        """Brings everything that is not here yet."""
        runs, models, known = self.imports.all("run"), self.imports.all("model"), self.imports.all("experiment")
        for past in self.source.experiments():
            place = self._experiment(past, known.get(past.id))
            for run, stamp in self._checked(self.source.runs(past), "run"):
                self._run(past, place, run, stamp, runs.get(run.id))
            for model in self._checked(((m, "") for m in self.source.models(past)), "logged model"):
                self._model(past, place, model[0], models.get(model[0].id))
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
            place = load_experiment(
                tx, self.project, past, self.prefix + past.name, lambda id: f"{ROOT}{id}", ours=int(before.ours) if before else None
            )
            self.imports.note(tx, "experiment", past.id, str(place.experiment), "brought", {"name": past.name})
            return place

        place = self.ledger.write(write)
        if past.root:
            self._roots.append((past.root.rstrip("/"), place.root))
        self._progress("experiments", 0)
        return place

    def _run(self, experiment: PastExperiment, place: Place, past: PastRun, stamp: str, before: Brought | None) -> None:
        root = f"{place.root}/{past.id}/artifacts"
        self._roots.append((past.root.rstrip("/"), root))
        if before is not None and before.state != "begun" and before.body.get("stamp") == stamp:
            return self._progress("runs", 0)
        if before is None:
            self._begin("run", past.id, str(place.experiment))
        files = self._files(self.source.files(experiment, past), f"{place.experiment}/{past.id}/artifacts")
        tallies: dict[str, PointsTally] = {}
        known = before is not None
        for group in self._groups(past, tallies):
            self.ledger.write(lambda tx, group=group: self._write_points(tx, place, past, group, known=known))  # type: ignore[misc]
            known = True
        told = tell_run(past, tallies, files)

        def finish(tx: Tx) -> None:
            body = {"stamp": stamp, "experiment": place.experiment, "counts": told.counts, "digest": told.digest}
            tx.fact("run.imported", f"{self.project}/run/{past.id}", {"status": past.status, "digest": told.digest}, run=past.id)
            self.imports.note(tx, "run", past.id, str(place.experiment), "brought", body)

        self.ledger.write(finish)
        self.brought += 1
        self._progress("runs", told.counts["points"])
        return None

    def _write_points(self, tx: Tx, place: Place, past: PastRun, group: list[tuple[str, list[PointRow]]], *, known: bool) -> None:
        load_run(tx, place, past, known=known)
        for key, rows in group:
            load_points(tx, place, past.id, key, rows)

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
        root = f"{place.root}/models/{past.id}/artifacts"
        self._roots.append((past.root.rstrip("/"), root))
        told_now = tell_model(past, {})
        if before is not None and before.state != "begun" and before.body.get("stamp") == told_now.digest:
            return self._progress("logged models", 0)
        if before is None:
            self._begin("model", past.id, str(place.experiment))
        files = self._files(self.source.files(experiment, past), f"{place.experiment}/models/{past.id}/artifacts")
        told = tell_model(past, files)

        def write(tx: Tx) -> None:
            load_model(tx, place, past, known=before is not None)
            body = {"stamp": told_now.digest, "experiment": place.experiment, "counts": told.counts, "digest": told.digest}
            self.imports.note(tx, "model", past.id, str(place.experiment), "brought", body)

        self.ledger.write(write)
        self.brought += 1
        return self._progress("logged models", 0)

    def _registered(self, past: PastName, before: Brought | None) -> None:
        name = self.prefix + past.name
        try:
            past = msgspec.structs.replace(past, name=name, versions=[self._version(name, v) for v in past.versions])
        except NinefoldError as error:
            self.source.skipped.append(Skipped(f"the registered model {past.name[:80]!r}", error.message))
            return None
        told = tell_name(past)
        if before is not None and before.state != "begun" and before.body.get("digest") == told.digest:
            return self._progress("registered models", 0)

        def write(tx: Tx) -> None:
            load_name(tx, self.project, past, known=before is not None)
            self.imports.note(tx, "registered", name[len(self.prefix) :], name, "brought", {"counts": told.counts, "digest": told.digest})

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
        fits = [(there, here) for there, here in self._roots if there and (plain == there or plain.startswith(f"{there}/"))]
        if not fits or ".." in plain.split("/"):
            return None
        there, here = max(fits, key=lambda pair: len(pair[0]))
        return here + plain[len(there) :]

    def _begin(self, kind: str, id: str, ours: str) -> None:
        """Says that a thing is being brought, before anything of it is here: what is found of it later is from this import."""

        def write(tx: Tx) -> None:
            table = "runs" if kind == "run" else "logged_models"
            if tx.one(f"select 1 as one from {table} where id = ?", id) is None:
                self.imports.note(tx, kind, id, ours, "begun")

        self.ledger.write(write)

    def _files(self, found: FileSet | None, folder: str) -> dict[str, tuple[int, str]]:
        """Copies files that are not here yet; size and digest by path. A file that is here is read again: its digest must be the same."""
        kept: dict[str, tuple[int, str]] = {}
        if found is None:
            return kept
        for name in found.names():
            try:
                path = checked(f"{folder}/{name}")
            except UsageError as error:
                self.source.skipped.append(Skipped(name, error.message))
                continue
            file = self.files.put(path, found.read(name))
            kept[name] = (file.size, file.digest)
            self._progress("files", 0)
        return kept


class Row(msgspec.Struct, frozen=True):
    """One kind of things: how many there are there, how many here, how many of them differ."""

    kind: str
    there: int
    here: int
    differ: int


def verify(bringing: Import) -> list[Row]:
    """Reads back what was brought and not yet verified, and compares counts and digests with what was read from the source."""
    imports, ledger, project = bringing.imports, bringing.ledger, bringing.project
    sums: dict[str, list[int]] = {}

    def add(kind: str, there: int, here: int, differ: int) -> None:
        total = sums.setdefault(kind, [0, 0, 0])
        total[0], total[1], total[2] = total[0] + there, total[1] + here, total[2] + differ

    found = imports.all("experiment")
    add("experiments", len(found), len(found), 0)
    readers: dict[str, tuple[str, Callable[[Brought], Told | None]]] = {
        "run": ("runs", lambda b: stored_run(ledger, project, int(b.ours), b.id)),
        "model": ("logged models", lambda b: stored_model(ledger, project, int(b.ours), b.id)),
        "registered": ("registered models", lambda b: stored_name(ledger, project, b.ours)),
    }
    for kind, (words, read) in readers.items():
        for one in imports.all(kind).values():
            there: dict[str, int] = one.body.get("counts", {})
            if one.state == "verified":
                told: Told | None = Told(there, one.body["digest"])
            else:
                told = read(one)
            same = told is not None and one.state != "begun" and told.digest == one.body["digest"]
            add(words, 1, int(told is not None), int(not same))
            for name, count in there.items():
                here = told.counts.get(name, 0) if told is not None else 0
                add(
                    name if kind == "run" or name in {"files", "bytes", "versions", "aliases"} else f"{name} of {words}",
                    count,
                    here,
                    int(count != here),
                )
            if same and one.state == "brought":
                ledger.write(lambda tx, one=one, kind=kind: imports.note(tx, kind, one.id, one.ours, "verified", one.body))  # type: ignore[misc]
    return [Row(kind, *total) for kind, total in sums.items()]


def finish(bringing: Import, rows: list[Row]) -> None:
    """Says as a fact that an import was finished, what it brought, and whether all of it is the same."""
    if bringing.brought == 0:
        return
    body = {
        "from": bringing.source.origin,
        "there": {row.kind: row.there for row in rows},
        "here": {row.kind: row.here for row in rows},
        "differ": sum(row.differ for row in rows),
        "skipped": len(bringing.source.skipped),
    }
    bringing.ledger.record("import.finished", f"{bringing.project}/import", body)


def bring(bringing: Import) -> list[Row]:
    """The whole import: bring, read back, say it."""
    with closing(bringing.source):
        bringing.run()
    rows = verify(bringing)
    finish(bringing, rows)
    return rows


__all__ = ["Import", "Row", "bring", "finish", "stored_files", "verify"]
