"""A database of MLflow as a source: the tables of its releases 2 and 3."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby, islice
from typing import Any

from ninefold.models.registry.load import PastName, PastVersion
from ninefold.protocols.mlflow.importing import traced, words
from ninefold.protocols.mlflow.importing.roots import Roots
from ninefold.protocols.mlflow.importing.source import FileSet, RunStamp, readable
from ninefold.protocols.mlflow.importing.tables import Tables
from ninefold.runs.pasts.history import PastExperiment, PastInput, PastLink, PastModel, PastModelPoint, PastRun, PointRow
from ninefold.runs.traces.trace import Whole

_PAGE, _PIECE = 200, 20_000
_COUNTED = {
    "experiments": "experiments", "runs": "runs", "params": "params", "tags": "tags", "points": "metrics", "logged models": "logged_models",
    "registered models": "registered_models", "traces": "trace_info",
}  # fmt: skip


class Database:
    """Reads the tables in order of their keys, some hundred runs at a time."""

    def __init__(self, tables: Tables, roots: Roots, workspace: str = "default") -> None:
        self.origin, self.skipped = tables.name, roots.skipped
        self._tables, self._roots, self._workspace = tables, roots, workspace

    def experiments(self) -> list[PastExperiment]:
        fields = ("experiment_id", "name", "artifact_location", "lifecycle_stage", "creation_time", "last_update_time")
        tags = self._grouped("experiment_tags", "experiment_id", "key", "value")
        return [
            PastExperiment(
                id=str(r["experiment_id"]),
                name=words.text(r["name"]),
                state=words.state(r["lifecycle_stage"]),
                created=words.micros(r["creation_time"]),
                updated=words.micros(r["last_update_time"]),
                root=words.text(r["artifact_location"]),
                tags=tags.get(r["experiment_id"], {}),
            )
            for r in self._rows("experiments", fields, *self._ours("experiments"), order="experiment_id")
        ]

    def runs(self, experiment: PastExperiment) -> Iterator[RunStamp]:
        fields = ("run_uuid", "name", "source_name", "user_id", "status", "start_time", "end_time", "lifecycle_stage", "artifact_uri")
        found = iter(list(self._rows("runs", fields, "experiment_id = ?", [int(experiment.id)], order="start_time, run_uuid")))
        while page := list(islice(found, _PAGE)):
            yield from self._described(page)

    def points(self, run: PastRun) -> Iterator[tuple[str, list[PointRow]]]:
        sql = "select key, step, timestamp, value, is_nan from metrics where run_uuid = ? order by key, step, timestamp, value, is_nan"
        for key, rows in groupby(self._tables.stream(sql, [run.id]), key=lambda r: r[0]):
            last: PointRow | None = None
            what = f"the metric {words.text(key)} of the run {run.id}"
            while piece := readable(self.skipped, what, lambda rows=rows: [words.row(*r[1:]) for r in islice(rows, _PIECE)]):  # type: ignore[misc]
                kept = words.once(piece, last)
                last, what = piece[-1], f"the rest of the metric {words.text(key)} of the run {run.id}"
                yield words.text(key), kept

    def models(self, experiment: PastExperiment) -> Iterator[PastModel]:
        fields = ("model_id", "name", "artifact_location", "creation_timestamp_ms", "last_updated_timestamp_ms", "status", "lifecycle_stage",
                  "model_type", "source_run_id", "status_message")  # fmt: skip
        number = int(experiment.id)
        params = self._grouped("logged_model_params", "model_id", "param_key", "param_value", "experiment_id = ?", [number])
        tags = self._grouped("logged_model_tags", "model_id", "tag_key", "tag_value", "experiment_id = ?", [number])
        for r in self._rows("logged_models", fields, "experiment_id = ?", [number], order="creation_timestamp_ms, model_id"):
            id = r["model_id"]
            yield PastModel(
                id=id,
                name=words.text(r["name"]),
                kind=words.text(r["model_type"]),
                run=r["source_run_id"] or None,
                status=words.model_status(r["status"]),
                message=words.text(r["status_message"]),
                state=words.state(r["lifecycle_stage"]),
                created=words.micros(r["creation_timestamp_ms"]),
                updated=words.micros(r["last_updated_timestamp_ms"]),
                root=words.text(r["artifact_location"]),
                params=params.get(id, {}),
                tags=tags.get(id, {}),
                points=list(self._model_points(id)),
            )

    def traces(self, experiment: PastExperiment) -> Iterator[Whole]:
        return traced.from_tables(self._tables, experiment)

    def registered(self) -> Iterator[PastName]:
        tags = self._grouped("registered_model_tags", "name", "key", "value", *self._ours("registered_model_tags"))
        aliases = self._grouped("registered_model_aliases", "name", "alias", "version", *self._ours("registered_model_aliases"))
        versions: dict[str, list[PastVersion]] = {}
        for version in self._versions():
            versions.setdefault(version[0], []).append(version[1])
        fields = ("name", "description", "creation_time", "last_updated_time")
        for r in self._rows("registered_models", fields, *self._ours("registered_models"), order="name"):
            yield PastName(
                name=r["name"],
                description=words.text(r["description"]),
                created=words.micros(r["creation_time"]),
                updated=words.micros(r["last_updated_time"]),
                tags=tags.get(r["name"], {}),
                aliases={alias: int(version) for alias, version in aliases.get(r["name"], {}).items()},
                versions=versions.get(r["name"], []),
            )

    def files(self, experiment: PastExperiment, owner: PastRun | PastModel | Whole) -> FileSet | None:
        if isinstance(owner, Whole):
            return self._roots.files(owner.tags.get(traced.LOCATION, ""), f"{experiment.id}/traces/{owner.trace.id}/artifacts")
        models = "models/" if isinstance(owner, PastModel) else ""
        return self._roots.files(owner.root, f"{experiment.id}/{models}{owner.id}/artifacts")

    def counts(self) -> Mapping[str, int]:
        there = {kind: table for kind, table in _COUNTED.items() if self._tables.columns(table)}
        return {kind: int(next(self._tables.stream(f"select count(*) from {table}"))[0]) for kind, table in there.items()}

    def close(self) -> None:
        self._tables.close()

    def _described(self, page: Sequence[dict[str, Any]]) -> Iterator[RunStamp]:
        ids = [r["run_uuid"] for r in page]
        params = self._of("params", "run_uuid", ids, "key", "value")
        tags = self._of("tags", "run_uuid", ids, "key", "value")
        newest = self._of("latest_metrics", "run_uuid", ids, "key", "value", "timestamp", "step", "is_nan")
        inputs, links = self._inputs(ids), self._links(ids)
        for r in page:
            id = r["run_uuid"]
            told = {words.text(k): words.text(v) for k, v in tags.get(id, ())}
            given = {words.text(k): words.text(v) for k, v in params.get(id, ())}
            make = partial(words.past_run, r | {"id": id}, given, told, inputs=inputs.get(id, []), links=links.get(id, []))
            past = readable(self.skipped, f"the run {id}", make)
            if past is not None:
                yield past, words.stamp(past, sorted(newest.get(id, ())))

    def _inputs(self, ids: Sequence[str]) -> dict[str, list[PastInput]]:
        if not self._tables.columns("inputs"):
            return {}
        sql = (
            "select i.destination_id, i.input_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source, d.dataset_schema, d.dataset_profile"
            f" from inputs i join datasets d on d.dataset_uuid = i.source_id"
            f" where i.source_type = 'DATASET' and i.destination_type = 'RUN' and i.destination_id in ({_marks(ids)}) order by i.input_uuid"
        )
        rows = list(self._tables.stream(sql, ids))
        said = self._of("input_tags", "input_uuid", [r[1] for r in rows], "name", "value")
        found: dict[str, list[PastInput]] = {}
        for run, input_, name, digest, kind, source, schema, profile in rows:
            tags = dict(said.get(input_, ()))
            one = PastInput(name=name, digest=digest, kind=words.text(kind), source=words.text(source), schema=schema, profile=profile, tags=tags)
            if not any((i.name, i.digest) == (name, digest) for i in found.setdefault(run, [])):
                found[run].append(one)
        return found

    def _links(self, ids: Sequence[str]) -> dict[str, list[PastLink]]:
        columns = self._tables.columns("inputs")
        if not columns:
            return {}
        step = "step" if "step" in columns else "0"
        sql = (
            f"select source_id, source_type, destination_id, {step} from inputs where destination_type in ('MODEL_INPUT', 'MODEL_OUTPUT')"
            f" and source_id in ({_marks(ids)}) order by input_uuid"
        )
        found: dict[str, list[PastLink]] = {}
        for run, kind, model, at in self._tables.stream(sql, ids):
            found.setdefault(run, []).append(PastLink(model, "out" if kind == "RUN_OUTPUT" else "in", words.integer(at, "step")))
        return found

    def _model_points(self, id: str) -> Iterator[PastModelPoint]:
        fields = ("metric_name", "run_id", "metric_step", "metric_timestamp_ms", "metric_value", "dataset_name", "dataset_digest")
        for r in self._rows("logged_model_metrics", fields, "model_id = ?", [id], order="metric_name"):
            name, run, step, at, value, dataset, digest = r.values()
            yield PastModelPoint(
                key=words.text(name), run=run, row=words.row(step, at, value), dataset=words.text(dataset), digest=words.text(digest)
            )

    def _versions(self) -> Iterator[tuple[str, PastVersion]]:
        fields = ("name", "version", "creation_time", "last_updated_time", "description", "user_id", "current_stage", "source", "run_id", "status",
                  "status_message", "storage_location")  # fmt: skip
        where, args = self._ours("model_version_tags")
        tags: dict[tuple[str, int], dict[str, str]] = {}
        for r in self._rows("model_version_tags", ("name", "version", "key", "value"), where, args, order="name"):
            tags.setdefault((r["name"], r["version"]), {})[words.text(r["key"])] = words.text(r["value"])
        for r in self._rows("model_versions", fields, *self._ours("model_versions"), order="name, version"):
            if r["current_stage"] == "Deleted_Internal":
                continue
            yield r["name"], words.past_version(r, tags.get((r["name"], r["version"]), {}))

    def _ours(self, table: str) -> tuple[str, list[Any]]:
        return ("workspace = ?", [self._workspace]) if "workspace" in self._tables.columns(table) else ("", [])

    def _rows(self, table: str, fields: Sequence[str], where: str = "", args: Sequence[Any] = (), *, order: str) -> Iterator[dict[str, Any]]:
        """Rows as dictionaries; columns that this release does not have are None."""
        columns = self._tables.columns(table)
        if not columns:
            return
        chosen = ", ".join(name if name in columns else f"null as {name}" for name in fields)
        sql = f"select {chosen} from {table}{f' where {where}' if where else ''} order by {order}"
        for row in self._tables.stream(sql, args):
            yield dict(zip(fields, row, strict=True))

    def _of(self, table: str, by: str, ids: Sequence[str], *fields: str) -> dict[str, list[tuple[Any, ...]]]:
        found: dict[str, list[tuple[Any, ...]]] = {}
        if ids and self._tables.columns(table):
            for row in self._tables.stream(f"select {by}, {', '.join(fields)} from {table} where {by} in ({_marks(ids)})", ids):
                found.setdefault(row[0], []).append(row[1:])
        return found

    def _grouped(self, table: str, by: str, key: str, value: str, where: str = "", args: Sequence[Any] = ()) -> dict[Any, dict[str, str]]:
        found: dict[Any, dict[str, str]] = {}
        for row in self._rows(table, (by, key, value), where, args, order=by):
            found.setdefault(row[by], {})[words.text(row[key])] = words.text(row[value])
        return found


def _marks(ids: Iterable[str]) -> str:
    return ", ".join("?" for _ in ids)
