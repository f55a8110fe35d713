"""A folder of files (``mlruns``) as a source: the layout of MLflow's store of files, releases 1 to 3."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from ninefold.errors import DataError, NinefoldError, UsageError
from ninefold.models.registry.load import PastName, PastVersion
from ninefold.protocols.mlflow.importing import words
from ninefold.protocols.mlflow.importing.meta import read_meta, read_text
from ninefold.protocols.mlflow.importing.roots import LocalFiles, Roots
from ninefold.protocols.mlflow.importing.source import FileSet, RunStamp, Skipped, readable
from ninefold.protocols.mlflow.importing.walking import files, folders, names, plain
from ninefold.runs.pasts.history import PastExperiment, PastInput, PastLink, PastModel, PastModelPoint, PastRun, PointRow
from ninefold.runs.traces.trace import Whole

_TRASH, _REGISTRY = ".trash", "models"
_KEPT_FOR_OTHERS = {"tags", "datasets", "traces", "models", "assessments"}
_PIECE = 20_000


class Folder:
    """Reads below one folder and follows no link. Files of runs are where the layout has them, else where ``roots`` allows."""

    def __init__(self, root: Path, roots: Roots) -> None:
        if (root / "meta.yaml").is_file():
            raise UsageError(f"{root} is one experiment, or a part of one", hint=f"name the folder above: {_above(root)}")
        if not root.is_dir() or not any((root / name / "meta.yaml").is_file() for name in names(root)):
            hint = "name the folder that holds the experiments' folders, usually mlruns"
            raise UsageError(f"{root} is no folder of MLflow's runs", hint=hint)
        self.origin, self.skipped = root.resolve().as_uri(), roots.skipped
        self._root, self._roots = root.resolve(), roots
        self._places: dict[str, Path] = {}

    def experiments(self) -> list[PastExperiment]:
        found = []
        for folder in [*folders(self._root), *folders(self._root / _TRASH)]:
            if folder.parent == self._root and folder.name in {_TRASH, _REGISTRY}:
                continue
            meta = self._meta(folder)
            if meta is None:
                continue
            past = readable(self.skipped, str(folder), partial(self._experiment, folder, meta))
            if past is not None:
                self._places[past.id] = folder
                found.append(past)
        return found

    def _experiment(self, folder: Path, meta: dict[str, Any]) -> PastExperiment:
        return PastExperiment(
            id=folder.name,
            name=words.text(meta.get("name")) or folder.name,
            state="deleted" if folder.parent != self._root else words.state(meta.get("lifecycle_stage")),
            created=words.micros(meta.get("creation_time")),
            updated=words.micros(meta.get("last_update_time")),
            root=words.text(meta.get("artifact_location")),
            tags=self._pairs(folder / "tags"),
        )

    def runs(self, experiment: PastExperiment) -> Iterator[RunStamp]:
        of_runs = [folder for folder in folders(self._places[experiment.id]) if folder.name not in _KEPT_FOR_OTHERS]
        read = [(folder, meta) for folder in of_runs if (meta := self._meta(folder)) is not None]
        found = [(at, folder, meta) for folder, meta in read if (at := self._started(folder, meta)) is not None]
        for _, folder, meta in sorted(found, key=lambda one: (one[0], one[1].name)):
            past = readable(self.skipped, str(folder), partial(self._run, experiment, folder, meta))
            if past is not None:
                states = [(name, status.st_size, status.st_mtime_ns) for name, path in files(folder / "metrics") if (status := path.lstat())]
                yield past, words.stamp(past, sorted(states))

    def _started(self, folder: Path, meta: dict[str, Any]) -> int | None:
        return readable(self.skipped, str(folder), lambda: words.micros(meta.get("start_time")))

    def _run(self, experiment: PastExperiment, folder: Path, meta: dict[str, Any]) -> PastRun:
        inputs, links = self._inputs(experiment, folder)
        info = meta | {"id": folder.name, "name": meta.get("run_name") or meta.get("name")}
        return words.past_run(info, self._pairs(folder / "params"), self._pairs(folder / "tags"), inputs=inputs, links=links)

    def points(self, run: PastRun) -> Iterator[tuple[str, list[PointRow]]]:
        """The metrics whose files can be read whole; half a history would pass for a whole one."""
        for name, path in sorted(files(self._run_folder(run) / "metrics")):
            rows = readable(self.skipped, f"the metric {name} of the run {run.id}", partial(_points, path))
            ordered = iter(words.once(sorted(rows or ())))
            while piece := list(islice(ordered, _PIECE)):
                yield name, piece

    def models(self, experiment: PastExperiment) -> Iterator[PastModel]:
        for folder in folders(self._places[experiment.id] / "models"):
            meta = self._meta(folder)
            past = None if meta is None else readable(self.skipped, str(folder), partial(self._model, folder, meta))
            if past is not None:
                yield past

    def _model(self, folder: Path, meta: dict[str, Any]) -> PastModel:
        return PastModel(
            id=folder.name,
            name=words.text(meta.get("name")),
            kind=words.text(meta.get("model_type")),
            run=meta.get("source_run_id") or None,
            status=words.model_status(meta.get("status")),
            message=words.text(meta.get("status_message")),
            state=words.state(meta.get("lifecycle_stage")),
            created=words.micros(meta.get("creation_timestamp")),
            updated=words.micros(meta.get("last_updated_timestamp")),
            root=words.text(meta.get("artifact_location")),
            params=self._pairs(folder / "params"),
            tags=self._pairs(folder / "tags"),
            points=[point for name, path in files(folder / "metrics") for point in _model_points(name, path)],
        )

    def traces(self, experiment: PastExperiment) -> Iterator[Whole]:
        """None: this store keeps them in a form of its own; a server on it gives them out."""
        left = sum(1 for _ in folders(self._places[experiment.id] / "traces"))
        if left:
            why = "a folder's traces are brought from a server: mlflow server --backend-store-uri FOLDER"
            self.skipped.append(Skipped(f"{left} traces of {experiment.name!r}", why))
        return iter(())

    def registered(self) -> Iterator[PastName]:
        for folder in folders(self._root / _REGISTRY):
            meta = self._meta(folder)
            past = None if meta is None else readable(self.skipped, str(folder), partial(self._registered, folder, meta))
            if past is not None:
                yield past

    def _registered(self, folder: Path, meta: dict[str, Any]) -> PastName:
        aliases = {name: value.strip() for name, value in self._pairs(folder / "aliases").items()}
        return PastName(
            name=words.text(meta.get("name")) or folder.name,
            description=words.text(meta.get("description")),
            created=words.micros(meta.get("creation_timestamp")),
            updated=words.micros(meta.get("last_updated_timestamp")),
            tags=self._pairs(folder / "tags"),
            aliases={name: words.integer(value, f"alias {name}") for name, value in aliases.items() if value.isdigit()},
            versions=list(self._versions(folder)),
        )

    def files(self, experiment: PastExperiment, owner: PastRun | PastModel | Whole) -> FileSet | None:
        if isinstance(owner, Whole):
            return None
        middle = "models" if isinstance(owner, PastModel) else ""
        folder = self._places[experiment.id] / middle / owner.id / "artifacts"
        if folder.is_dir() and not folder.is_symlink() and any(folder.iterdir()):
            return LocalFiles(folder, self.skipped)
        elsewhere = owner.root and not owner.root.rstrip("/").endswith(f"{middle}/{owner.id}/artifacts".lstrip("/"))
        if elsewhere or not folder.is_dir():
            return self._roots.files(owner.root, f"{experiment.id}/{middle}/{owner.id}/artifacts".replace("//", "/"))
        return LocalFiles(folder, self.skipped)

    def counts(self) -> Mapping[str, int]:
        told = len(self.skipped)
        experiments = self.experiments()
        del self.skipped[told:]  # it is told where it is brought
        runs = [folder for e in experiments for folder in folders(self._places[e.id]) if folder.name not in _KEPT_FOR_OTHERS]
        models = [folder for e in experiments for folder in folders(self._places[e.id] / "models")]
        return {
            "experiments": len(experiments),
            "runs": sum((folder / "meta.yaml").is_file() for folder in runs),
            "metrics": sum(1 for folder in runs for _ in files(folder / "metrics")),
            "params": sum(1 for folder in runs for _ in files(folder / "params")),
            "tags": sum(1 for folder in runs for _ in files(folder / "tags")),
            "files": sum(1 for folder in [*runs, *models] for _ in files(folder / "artifacts")),
            "logged models": len(models),
            "registered models": len(list(folders(self._root / _REGISTRY))),
        }

    def close(self) -> None:
        """There is nothing to let go of."""

    def _run_folder(self, run: PastRun) -> Path:
        return next(place / run.id for place in self._places.values() if (place / run.id / "meta.yaml").is_file())

    def _inputs(self, experiment: PastExperiment, folder: Path) -> tuple[list[PastInput], list[PastLink]]:
        inputs, links = list[PastInput](), list[PastLink]()
        for one in folders(folder / "inputs"):
            meta = self._meta(one)
            if meta is None:
                continue
            if meta.get("source_type") != "DATASET":
                links.append(PastLink(words.text(meta.get("destination_id")), "in", words.integer(meta.get("step"), "step")))
                continue
            data = self._meta(self._places[experiment.id] / "datasets" / plain(meta.get("source_id")))
            if data is not None:
                said = meta.get("tags")
                tags = {words.text(k): words.text(v) for k, v in said.items()} if isinstance(said, dict) else {}
                name, digest = words.text(data.get("name")), words.text(data.get("digest"))
                kind, source = words.text(data.get("source_type")), words.text(data.get("source"))
                inputs.append(PastInput(name=name, digest=digest, kind=kind, source=source, schema=data.get("schema"),
                                        profile=data.get("profile"), tags=tags))  # fmt: skip
        for one in folders(folder / "outputs"):
            if (meta := self._meta(one)) is not None:
                links.append(PastLink(words.text(meta.get("destination_id")), "out", words.integer(meta.get("step"), "step")))
        return inputs, links

    def _versions(self, folder: Path) -> Iterator[PastVersion]:
        for one in folders(folder):
            number = one.name.removeprefix("version-")
            if one.name == number or not number.isdigit() or (meta := self._meta(one)) is None:
                continue
            if meta.get("current_stage") != "Deleted_Internal":
                info = meta | {"version": number, "creation_time": meta.get("creation_timestamp"),
                               "last_updated_time": meta.get("last_updated_timestamp")}  # fmt: skip
                yield words.past_version(info, self._pairs(one / "tags"))

    def _pairs(self, folder: Path) -> dict[str, str]:
        found = {}
        for name, path in files(folder):
            try:
                found[words.text(name)] = words.text(read_text(path))
            except NinefoldError as error:
                self.skipped.append(Skipped(str(path), error.message))
        return found

    def _meta(self, folder: Path) -> dict[str, Any] | None:
        """What a folder's ``meta.yaml`` says; None, and told as skipped, where it cannot be read."""
        try:
            return read_meta(folder / "meta.yaml")
        except NinefoldError as error:
            self.skipped.append(Skipped(str(folder), error.message))
            return None


def _above(folder: Path) -> Path:
    """The folder of the whole store that a part of it lies in."""
    above = (p for p in folder.parents if p.name not in {_TRASH, _REGISTRY} and not (p / "meta.yaml").is_file())
    return next(above, folder.absolute().parent)


def _point(path: Path, line: str) -> tuple[PointRow, list[str]]:
    """One line of a metric: time, value, step, and what more it says."""
    parts = line.split(" ")
    try:
        return words.row(parts[2] if len(parts) > 2 else 0, parts[0], parts[1]), parts[3:]
    except (DataError, IndexError):
        raise DataError(f"a line of it is {line[:80]!r}, expected a time, a value and a step", where=str(path), hint="restore the file") from None


def _points(path: Path) -> list[PointRow]:
    return [_point(path, line)[0] for line in read_text(path).splitlines() if line.strip()]


def _model_points(name: str, path: Path) -> Iterator[PastModelPoint]:
    for line in read_text(path).splitlines():
        if line.strip():
            row, more = _point(path, line)
            data = (" ".join(more[1:-1]), more[-1]) if len(more) > 2 else ("", "")
            yield PastModelPoint(key=name, run=more[0] if more else "", row=row, dataset=data[0], digest=data[1])
