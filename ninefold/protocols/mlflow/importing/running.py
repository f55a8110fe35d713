"""A running server of MLflow as a source: read through the requests that its clients send."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from ninefold.errors import NotFoundError
from ninefold.models.registry.load import PastName, PastVersion
from ninefold.protocols.mlflow.importing import traced, words
from ninefold.protocols.mlflow.importing.remote import Remote, model_files, proxied, run_files
from ninefold.protocols.mlflow.importing.roots import NoFiles
from ninefold.protocols.mlflow.importing.source import FileSet, RunStamp, Skipped, readable
from ninefold.runs.pasts.history import PastExperiment, PastInput, PastLink, PastModel, PastModelPoint, PastRun, PointRow
from ninefold.runs.traces.trace import Whole

_HISTORY, _RUNS, _MODELS = 25_000, 500, 50


class Server:
    """Reads runs page by page, and each metric's history in pieces of 25,000 points."""

    def __init__(self, remote: Remote, *, artifacts: bool = True) -> None:
        self.origin = remote.url
        self.skipped: list[Skipped] = []
        self._remote, self._artifacts = remote, artifacts
        self._newest: dict[str, list[str]] = {}

    def experiments(self) -> list[PastExperiment]:
        found = self._remote.pages(
            "experiments", lambda token: self._remote.post("experiments/search", max_results=1000, view_type="ALL", page_token=token)
        )
        return sorted((_experiment(one) for one in found), key=lambda e: int(e.id) if e.id.isdigit() else 0)

    def runs(self, experiment: PastExperiment) -> Iterator[RunStamp]:
        ask: dict[str, Any] = {
            "experiment_ids": [experiment.id],
            "run_view_type": "ALL",
            "max_results": _RUNS,
            "order_by": ["attributes.start_time ASC"],
        }
        for one in self._remote.pages("runs", lambda token: self._remote.post("runs/search", **ask, page_token=token)):
            if one.get("outputs") is None or "inputs" not in one:
                one = self._remote.get("runs/get", run_id=one["info"]["run_id"])["run"]  # noqa: PLW2901  older servers list runs without these
            past = readable(self.skipped, f"the run {one['info'].get('run_id')}", partial(_run, one))
            if past is None:
                continue
            newest = one.get("data", {}).get("metrics", [])
            self._newest[past.id] = sorted(metric["key"] for metric in newest)
            yield past, words.stamp(past, sorted([m["key"], str(m.get("value")), m.get("timestamp"), m.get("step")] for m in newest))

    def points(self, run: PastRun) -> Iterator[tuple[str, list[PointRow]]]:
        for key in self._newest.pop(run.id, ()):
            rows = self._remote.pages(
                "metrics",
                lambda token, key=key: self._remote.get(  # type: ignore[misc]
                    "metrics/get-history", run_id=run.id, run_uuid=run.id, metric_key=key, max_results=_HISTORY, page_token=token
                ),
            )
            # pages come by time, points are kept by step: one metric of one run is held at once
            read = readable(self.skipped, f"the metric {words.text(key)} of the run {run.id}", partial(_points, rows))
            if read is not None:
                yield words.text(key), read

    def models(self, experiment: PastExperiment) -> Iterator[PastModel]:
        try:
            yield from map(
                _model,
                self._remote.pages(
                    "models",
                    lambda token: self._remote.post("logged-models/search", experiment_ids=[experiment.id], max_results=_MODELS, page_token=token),
                ),
            )
        except NotFoundError:
            return  # MLflow 2 has none

    def traces(self, experiment: PastExperiment) -> Iterator[Whole]:
        try:
            yield from traced.from_server(self._remote, experiment)
        except NotFoundError:
            return  # MLflow 2 has another form of them

    def registered(self) -> Iterator[PastName]:
        for one in self._remote.pages(
            "registered_models", lambda token: self._remote.get("registered-models/search", max_results=1000, page_token=token)
        ):
            name = one["name"]
            quoted = name.replace("'", "\\'")
            versions = self._remote.pages(
                "model_versions",
                lambda token, quoted=quoted: self._remote.get(  # type: ignore[misc]
                    "model-versions/search", filter=f"name = '{quoted}'", max_results=1000, page_token=token
                ),
            )
            yield PastName(
                name=name,
                description=words.text(one.get("description")),
                created=words.micros(one.get("creation_timestamp")),
                updated=words.micros(one.get("last_updated_timestamp")),
                tags=_pairs(one.get("tags")),
                aliases={alias["alias"]: int(alias["version"]) for alias in one.get("aliases", ())},
                versions=sorted((self._version(v) for v in versions if v["name"] == name), key=lambda v: v.version),
            )

    def files(self, experiment: PastExperiment, owner: PastRun | PastModel | Whole) -> FileSet | None:
        if isinstance(owner, Whole):
            root = owner.tags.get(traced.LOCATION, "")
            return proxied(self._remote, root) if root.startswith("mlflow-artifacts:") else NoFiles()
        if not self._artifacts:
            return None
        return run_files(self._remote, owner.id, owner.root) if isinstance(owner, PastRun) else model_files(self._remote, owner.id, owner.root)

    def counts(self) -> Mapping[str, int]:
        experiments, told = self.experiments(), len(self.skipped)
        counted = {
            "experiments": len(experiments),
            "runs": sum(1 for one in experiments for _ in self.runs(one)),
            "logged models": sum(1 for one in experiments for _ in self.models(one)),
            "registered models": sum(1 for _ in self.registered()),
        }
        del self.skipped[told:]  # it is told where it is brought
        return counted

    def close(self) -> None:
        self._remote.close()

    def _version(self, one: dict[str, Any]) -> PastVersion:
        info = one | {"creation_time": one.get("creation_timestamp"), "last_updated_time": one.get("last_updated_timestamp")}
        return words.past_version(info, _pairs(one.get("tags")))


def _experiment(one: dict[str, Any]) -> PastExperiment:
    return PastExperiment(
        id=str(one["experiment_id"]),
        name=words.text(one["name"]),
        state=words.state(one.get("lifecycle_stage")),
        created=words.micros(one.get("creation_time")),
        updated=words.micros(one.get("last_update_time")),
        root=words.text(one.get("artifact_location")),
        tags=_pairs(one.get("tags")),
    )


def _run(one: dict[str, Any]) -> PastRun:
    info, data = one["info"], one.get("data", {})
    inputs, outputs = one.get("inputs") or {}, one.get("outputs") or {}
    links = [PastLink(m["model_id"], "in") for m in inputs.get("model_inputs", ())]
    links += [PastLink(m["model_id"], "out", words.integer(m.get("step"), "step")) for m in outputs.get("model_outputs", ())]
    read = [
        PastInput(
            name=d["dataset"]["name"],
            digest=d["dataset"]["digest"],
            kind=words.text(d["dataset"].get("source_type")),
            source=words.text(d["dataset"].get("source")),
            schema=d["dataset"].get("schema"),
            profile=d["dataset"].get("profile"),
            tags=_pairs(d.get("tags")),
        )
        for d in inputs.get("dataset_inputs", ())
    ]
    fields = info | {"id": info.get("run_id") or info["run_uuid"], "name": info.get("run_name")}
    return words.past_run(fields, _pairs(data.get("params")), _pairs(data.get("tags")), inputs=read, links=links)


def _points(rows: Iterable[dict[str, Any]]) -> list[PointRow]:
    return words.once(sorted(words.row(m.get("step"), m.get("timestamp"), m.get("value")) for m in rows))


def _model(one: dict[str, Any]) -> PastModel:
    info, data = one["info"], one.get("data", {})
    points = [
        PastModelPoint(
            key=words.text(m["key"]),
            run=words.text(m.get("run_id")),
            row=words.row(m.get("step"), m.get("timestamp"), m.get("value")),
            dataset=words.text(m.get("dataset_name")),
            digest=words.text(m.get("dataset_digest")),
        )
        for m in data.get("metrics", ())
    ]
    return PastModel(
        id=info["model_id"],
        name=words.text(info.get("name")),
        kind=words.text(info.get("model_type")),
        run=info.get("source_run_id") or None,
        status=words.model_status(info.get("status")),
        message=words.text(info.get("status_message")),
        created=words.micros(info.get("creation_timestamp_ms")),
        updated=words.micros(info.get("last_updated_timestamp_ms")),
        root=words.text(info.get("artifact_uri")),
        params=_pairs(data.get("params")),
        tags=_pairs(info.get("tags")),
        points=points,
    )


def _pairs(found: Any) -> dict[str, str]:
    return {words.text(one["key"]): words.text(one.get("value")) for one in found or ()}
