"""What was deleted long enough ago is removed for good: runs, saved models, experiments, and files that nobody else needs.

A run goes in one transaction, but for its points, which may be millions: these go in parts, so that others write in between.
A removal that was cut off is finished by the next one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from ninefold import clock
from ninefold.errors import UsageError
from ninefold.ledger import Ledger, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs import contents
from ninefold.runs.experiments import ROOT
from ninefold.runs.run import found, subject
from ninefold.storage.blobs import Blobs
from ninefold.storage.local import LocalStore

_SQL = Statements(Path(__file__).with_name("removal.sql"))
_AT_ONCE = 500  # runs looked for at once
_PART = 20_000  # points of one transaction
_FACTS = 10_000  # facts read at once
_DIGEST = re.compile(r"[0-9a-f]{64}")
_END = "\U0010ffff"
UNUSED = 24 * 3600.0  # seconds: a content that came later may be on its way to a name


class Removed(msgspec.Struct):
    """What was removed. ``bytes`` are those of contents that nobody else needed; ``kept`` files belong to registered versions."""

    runs: int = 0
    models: int = 0
    experiments: int = 0
    files: int = 0
    kept: int = 0
    contents: int = 0
    bytes: int = 0


def remove_for_good(ledger: Ledger, blobs: Blobs, project: str, *, older: int) -> Removed:
    """Removes what was deleted more than ``older`` microseconds ago. It cannot be brought back; each removal is a fact."""
    if older < 0:
        raise UsageError(f"the age is {older} microseconds", hint="give none, or more: 30d")
    return _Removal(ledger, blobs, project, clock.now() - older).all()


class _Files(msgspec.Struct):
    """How many names were taken away, and how many were kept."""

    taken: int = 0
    kept: int = 0


class _Removal:
    def __init__(self, ledger: Ledger, blobs: Blobs, project: str, before: int) -> None:
        self.ledger, self.blobs, self.project, self.before = ledger, blobs, project, before
        self.removed = Removed()

    def all(self) -> Removed:
        for id in self._ids("runs"):
            self.removed.runs += self._take(self.ledger.write(lambda tx, id=id: self._run(tx, id)))  # type: ignore[misc]
            self._points()
        for id in self._ids("models"):
            self.removed.models += self._take(self.ledger.write(lambda tx, id=id: self._model(tx, id)))  # type: ignore[misc]
        self._points()
        for row in self.ledger.all(_SQL["experiments"], self.project, self.before):
            self.removed.experiments += self.ledger.write(lambda tx, id=row["id"]: self._experiment(tx, id))  # type: ignore[misc]
        self._contents()
        return self.removed

    def _ids(self, name: str) -> Iterator[str]:
        while rows := self.ledger.all(_SQL[name], self.project, self.before, _AT_ONCE):
            yield from (row["id"] for row in rows)

    def _take(self, files: "_Files | None") -> int:
        if files is None:  # restored this instant
            return 0
        self.removed.files, self.removed.kept = self.removed.files + files.taken, self.removed.kept + files.kept
        return 1

    def _run(self, tx: Tx, id: str) -> _Files | None:
        row = tx.one(_SQL["run"], id, self.before)
        if row is None:
            return None
        run = found(row, id)
        files = self._files(tx, run.root)
        for name in ("drop_params", "drop_tags", "drop_inputs", "drop_links", "disown_series", "disown"):
            tx.execute(_SQL[name], id)
        tx.fact("run.removed", subject(run), {"name": run.name, "experiment": run.experiment, "files": files.taken}, run=id)
        return files

    def _model(self, tx: Tx, id: str) -> _Files | None:
        row = tx.one(_SQL["model"], id, self.before)
        if row is None:
            return None
        files = self._files(tx, row["root"])
        for name in ("drop_model_params", "drop_model_tags", "drop_model_points", "drop_model_links", "drop_model"):
            tx.execute(_SQL[name], id)
        tx.fact("logged_model.removed", f"{self.project}/logged_model/{id}", {"files": files.taken})
        return files

    def _experiment(self, tx: Tx, id: int) -> int:
        row = tx.one(_SQL["experiment"], self.project, id)
        if row is None:
            return 0
        for name in ("drop_experiment_tags", "drop_datasets", "drop_experiment"):
            tx.execute(_SQL[name], self.project, id)
        tx.fact("experiment.removed", f"{self.project}/experiment/{id}", {"name": row["name"]})
        return 1

    def _files(self, tx: Tx, root: str) -> _Files:
        """Takes the names of files below a root away, but those of registered versions."""
        if not root.startswith(ROOT):
            return _Files()
        used = [row["root"][len(ROOT) :].strip("/") for row in tx.all(_SQL["used"], self.project, root, root + _END)]
        begins = root[len(ROOT) :].strip("/") + "/"
        loose: dict[str, int] = {}
        kept = count = 0
        for row in tx.all(_SQL["files"], self.project, begins, begins + _END):
            if any(f"{row['path']}/".startswith(f"{folder}/") for folder in used):
                kept += 1
                continue
            count += tx.execute(_SQL["drop_file"], self.project, row["path"])
            loose[row["digest"]] = row["size"]
        contents.loosen(tx, loose)
        return _Files(count, kept)

    def _points(self) -> None:
        """Removes the points of runs that are in no project, part by part, and then these."""
        while (row := self.ledger.one(_SQL["disowned"])) is not None:
            series = row["id"]
            while (end := self.ledger.one(_SQL["part"], series, _PART)) is not None:
                self.ledger.write(lambda tx, series=series, end=end: tx.execute(_SQL["drop_part"], series, *end))  # type: ignore[misc]

            def last(tx: Tx, series: int = series) -> None:
                tx.execute(_SQL["drop_points"], series)
                tx.execute(_SQL["drop_series"], series)

            self.ledger.write(last)
        self.ledger.write(lambda tx: tx.execute(_SQL["drop_runs"]))

    def _contents(self) -> None:
        """Removes contents that have lost a name where no file, no step, no version and no fact names them. A blob that came just now
        may be on its way to a name: it stays until a later time.
        """
        sizes = self._loose()
        # looked for before the transactions, which others wait for: a store may be far away
        blobs = [digest for digest in sizes if self.blobs.has(digest)]
        others = sorted(sizes.keys() - set(blobs))
        for begin in range(0, len(others), _AT_ONCE):
            self._drop(others[begin : begin + _AT_ONCE], sizes, stored=False)
        for digest in blobs:
            self._drop([digest], sizes, stored=True)
        if isinstance(self.blobs.store, LocalStore):
            self.blobs.store.sweep(older=UNUSED)

    def _drop(self, digests: Sequence[str], sizes: Mapping[str, int], *, stored: bool) -> None:
        def drop(tx: Tx) -> list[str]:
            contents.settle(tx)
            gone = list[str]()
            for digest in digests:
                if tx.one(_SQL["named"], digest) is not None:
                    continue
                dropped = contents.drop(tx, digest)
                removed = stored and self.blobs.remove(digest, older=UNUSED)
                if removed or not stored:
                    contents.forget(tx, digest)
                if removed or dropped:
                    gone.append(digest)
            return gone

        gone = self.ledger.write(drop)
        self.removed.contents += len(gone)
        self.removed.bytes += sum(sizes[digest] for digest in gone)

    def _loose(self) -> dict[str, int]:
        """Contents that have lost a name, with their sizes, but for those that steps, versions, uploads and facts speak of."""
        loose: dict[str, int] = {}
        last = ""
        while rows := self.ledger.all(_SQL["loose"], last, _AT_ONCE):
            last = rows[-1]["digest"]
            loose |= {row["digest"]: row["size"] for row in rows}
        if not loose:
            return {}
        said = {digest for row in self.ledger.all(_SQL["mentions"]) for digest in _DIGEST.findall(row["said"])}
        after = 0
        while rows := self.ledger.all(_SQL["facts"], after, _FACTS):
            after = rows[-1]["seq"]
            said.update(digest for row in rows for digest in _DIGEST.findall(row["content"]) if digest in loose)
        return {digest: size for digest, size in loose.items() if digest not in said}
