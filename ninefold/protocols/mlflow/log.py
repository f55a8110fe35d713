"""What is logged to a run: parameters, metrics, tags. One request is one transaction; the answer comes when it is on disk."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from ninefold.errors import ConflictError, NotFoundError
from ninefold.ledger import Tx
from ninefold.protocols.mlflow import limits, shown
from ninefold.protocols.mlflow.endpoint import WRITES, Endpoint
from ninefold.protocols.mlflow.errors import INVALID, WireError, invalid, missing
from ninefold.protocols.mlflow.runs import Tag, Which, known, no_run
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import LATEST, Int64, Message, need
from ninefold.runs.logged import add_points
from ninefold.runs.points import Point
from ninefold.runs.writing import Pair, checked, grouped, tag_of, write
from ninefold.web.call import Call

HISTORY = "mlflow.log-model.history"
_DONE: dict[str, Any] = {}


class Metric(Message, gc=False):  # thousands of them come at once, and none refers to another
    """One point of one metric, of a run and perhaps of a logged model on a dataset."""

    key: str | None = None
    value: float | None = None
    timestamp: Int64 | None = None
    step: Int64 | None = None
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class LogMetric(Metric, gc=False):
    """One point of one metric of a run."""

    run_id: str | None = None
    run_uuid: str | None = None


class LogParam(Which):
    """One parameter."""

    key: str | None = None
    value: str | None = None


class SetTag(LogParam):
    """One tag."""


class LogModel(Which):
    """A model that an older client saved, described in JSON."""

    model_json: str | None = None


class Batch(Which):
    """Metrics, parameters and tags of one run."""

    metrics: list[Metric] | None = None
    params: list[Tag] | None = None
    tags: list[Tag] | None = None


async def log_metric(place: Place, body: LogMetric, call: Call) -> dict[str, Any]:
    """Add a point to a metric."""
    await _write(place, need(body.run_id or body.run_uuid, "run_id"), points=[_point(body)], metrics=(body,))
    return _DONE


async def log_param(place: Place, body: LogParam, call: Call) -> dict[str, Any]:
    """Set a parameter, once."""
    await _write(place, body.run, params=[limits.param(body.key, body.value)])
    return _DONE


async def set_tag(place: Place, body: SetTag, call: Call) -> dict[str, Any]:
    """Set a tag of a run."""
    await _write(place, body.run, tags=[limits.tag(body.key, body.value)])
    return _DONE


async def log_batch(place: Place, body: Batch, call: Call) -> dict[str, Any]:
    """Metrics, parameters and tags at once: all of them, or none."""
    metrics, params, tags = body.metrics or [], body.params or [], body.tags or []
    limits.batch(len(metrics), len(params), len(tags))
    points = _points(metrics)
    settled = [limits.param(p.key, p.value, f"params[{place}].key") for place, p in enumerate(params)]
    if len({key for key, _ in settled}) < len(settled):
        twice = sorted({key for key, _ in settled if sum(other == key for other, _ in settled) > 1})
        raise WireError(INVALID, f"Duplicate parameter keys have been submitted: {twice}. Please ensure the request contains only one value per key.")
    labels = [limits.tag(t.key, t.value, f"tags[{place}].key") for place, t in enumerate(tags)]
    await _write(place, body.run, params=settled, points=points, tags=labels, metrics=metrics)
    return _DONE


def log_model(place: Place, body: LogModel, call: Call) -> dict[str, Any]:
    """Add a model to the list of those that a run saved, which older clients keep in a tag."""
    text = need(body.model_json, "model_json")
    try:
        said = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        raise WireError(INVALID, f"Malformed model info: {text[:200]!r} is not a JSON object.") from None
    lacking = sorted({"artifact_path", "flavors", "utc_time_created", "run_id"} - set(said))
    if lacking:
        raise WireError(INVALID, f"Model json is missing mandatory fields: {', '.join(lacking)}")
    run = known(place, body.run)

    def change(tx: Tx) -> None:
        try:
            history = msgspec.json.decode(tag_of(tx, run.id, HISTORY) or "[]", type=list[Any])
        except msgspec.MsgspecError:
            raise ConflictError(f"the tag {HISTORY} is no list", hint="delete it") from None
        history = [*(each for each in history if each != said), said]
        write(tx, run.id, tags=checked([(HISTORY, msgspec.json.encode(history).decode())]), project=place.project)

    place.ledger.write(change)
    return _DONE


def delete_tag(place: Place, body: LogParam, call: Call) -> dict[str, Any]:
    """Take a tag of a run away."""
    place.runs.drop_tag(body.run, limits.key(body.key, "key"))
    return _DONE


async def _write(
    place: Place, run: str, *, params: Sequence[Pair] = (), points: Sequence[Point] = (), tags: Sequence[Pair] = (), metrics: Sequence[Metric] = ()
) -> None:
    about = [(metric, point) for metric, point in zip(metrics, points, strict=True) if metric.model_id]
    try:
        if about:
            await _with_models(place, run, params, points, tags, about)
        else:
            settled, groups, labels = checked(params), grouped(points), checked(tags)
            await place.ledger.awaited(lambda tx: write(tx, run, params=settled, points=groups, tags=labels, project=place.project))
    except NotFoundError as error:
        raise (no_run(run) if run in error.message else error) from None
    for key, value in tags:
        if key == shown.NAME:
            await asyncio.to_thread(place.runs.update, run, name=value)


async def _with_models(
    place: Place, run: str, params: Sequence[Pair], points: Sequence[Point], tags: Sequence[Pair], about: Sequence[tuple[Metric, Point]]
) -> None:
    """The run's points, and those that are of logged models beside, in one transaction."""
    settled, groups, labels = checked(params), grouped(points), checked(tags)

    def change(tx: Tx) -> None:
        write(tx, run, params=settled, points=groups, tags=labels, project=place.project)
        for metric, point in about:
            dataset, digest = metric.dataset_name or "", metric.dataset_digest or ""
            add_points(tx, place.project, metric.model_id or "", run, [point], dataset=dataset, digest=digest)

    await place.ledger.awaited(change)


def _points(metrics: list[Metric]) -> list[Point]:
    seen: set[str | None] = set()
    points = []
    for place, metric in enumerate(metrics):
        key, value, at = metric.key, metric.value, metric.timestamp
        if key not in seen:
            limits.key(key, f"metrics[{place}].name")
            seen.add(key)
        if key is None or value is None or at is None or not 0 <= at <= LATEST:
            raise _mistake(metric, f"metrics[{place}].")
        points.append(Point(key, value, metric.step or 0, at * 1000))
    return points


def _point(metric: Metric) -> Point:
    key, value, at = limits.key(metric.key, "key"), metric.value, metric.timestamp
    if value is None or at is None or not 0 <= at <= LATEST:
        raise _mistake(metric, "")
    return Point(key, value, metric.step or 0, at * 1000)


def _mistake(metric: Metric, where: str) -> WireError:
    if metric.value is None:
        return missing(f"{where}value")
    if metric.timestamp is None:
        return missing(f"{where}timestamp")
    return invalid(f"{where}timestamp", metric.timestamp, "it must be a time in milliseconds since 1970, not negative, within the year 9999")


ENDPOINTS = [
    Endpoint("POST", "runs/log-metric", log_metric, LogMetric, WRITES),
    Endpoint("POST", "runs/log-parameter", log_param, LogParam, WRITES),
    Endpoint("POST", "runs/set-tag", set_tag, SetTag, WRITES),
    Endpoint("POST", "runs/delete-tag", delete_tag, LogParam, WRITES),
    Endpoint("POST", "runs/log-batch", log_batch, Batch, WRITES),
    Endpoint("POST", "runs/log-model", log_model, LogModel, WRITES),
]
