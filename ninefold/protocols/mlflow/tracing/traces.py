"""Traces: begun by clients, filled with spans by OpenTelemetry's export, found, tagged, linked to runs, deleted."""

import asyncio
from typing import Any

import msgspec

from ninefold.errors import LimitError, NotFoundError
from ninefold.protocols.mlflow import grammar, limits
from ninefold.protocols.mlflow.endpoint import ROOT, WRITES, Endpoint
from ninefold.protocols.mlflow.errors import GONE, WireError, invalid, missing
from ninefold.protocols.mlflow.grammar import read_filter, read_order
from ninefold.protocols.mlflow.tracing import assessments, otlp, spans
from ninefold.protocols.mlflow.tracing import older as traces2
from ninefold.protocols.mlflow.tracing.assessments import Fields
from ninefold.protocols.mlflow.tracing.older import NAME, SOURCE_RUN, Pair
from ninefold.protocols.mlflow.tracing.times import duration, instant, moment
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import Int64, Message, experiment, filled, micros, need
from ninefold.runs.experiments import ROOT as FILES
from ninefold.runs.traces.records import Traces
from ninefold.runs.traces.search import search_traces
from ninefold.runs.traces.trace import Trace, Whole
from ninefold.web.call import Answer, Call

SESSION = "mlflow.trace.session"
_LOCATION, _SPANS, _SCHEMA = "mlflow.artifactLocation", "mlflow.trace.spansLocation", "mlflow.trace_schema.version"
_STATES = {"STATE_UNSPECIFIED", "OK", "ERROR", "IN_PROGRESS"}
_HEADER = "x-mlflow-experiment-id"
_PAGE, _AT_ONCE = 500, 1000


class Where(Message):
    """An experiment by its id."""

    experiment_id: str | None = None


class Location(Message):
    """Where a trace is kept; only experiments are known."""

    type: str | int | None = None
    mlflow_experiment: Where | None = None


class Info(Message):
    """What a client says of a trace. Its time is a timestamp of RFC 3339, its duration seconds such as ``1.5s``."""

    trace_id: str | None = None
    client_request_id: str | None = None
    trace_location: Location | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    request_time: str | None = None
    execution_duration: str | None = None
    state: str | None = None
    trace_metadata: dict[str, str] | None = None
    tags: dict[str, str] | None = None
    assessments: list[Fields] | None = None


class Told(Message):
    """The envelope in which release 3 sends what it says of a trace."""

    trace_info: Info | None = None


class Start(Where):
    """Both ages of the request: ``trace`` of release 3, the other fields of release 2."""

    trace: Told | None = None
    timestamp_ms: Int64 | None = None
    request_metadata: list[Pair] | None = None
    tags: list[Pair] | None = None


class Ids(Message):
    """Several traces."""

    trace_ids: list[str] = msgspec.field(default_factory=list)


class Which(Message):
    """One trace."""

    trace_id: str | None = None


class Search(Message):
    """Which traces of which experiments, in what order, how many at most."""

    locations: list[Location] | None = None
    filter: str | None = None
    max_results: Int64 | None = None
    order_by: list[str] | None = None
    page_token: str | None = None


class Delete(Where):
    """Traces by their ids, or the oldest of an experiment: those begun until a time, at most so many."""

    max_timestamp_millis: Int64 | None = None
    max_traces: Int64 | None = None
    request_ids: list[str] | None = None
    trace_ids: list[str] | None = None


class Link(Ids):
    """A run, and the traces that belong to it from now on."""

    run_id: str | None = None


def start(place: Place, body: Start, call: Call) -> dict[str, Any]:
    """Say what a trace is, and what was judged of it while it was active; its spans come by themselves."""
    if body.trace is None:
        begun = traces2.Begin(
            experiment_id=body.experiment_id, timestamp_ms=body.timestamp_ms, request_metadata=body.request_metadata, tags=body.tags
        )
        return traces2.begin(place, begun)
    told = need(body.trace.trace_info, "trace.trace_info")
    trace = read_info(told)
    judged = assessments.read_all(told.assessments or (), trace.id)
    tags, metadata = _checked(told.tags or {}), _checked(told.trace_metadata or {})
    Traces(place.ledger, place.project).begin(trace, tags=tags, metadata=metadata, judged=judged)
    return {"trace": {"trace_info": _get(place, trace.id)}}


def read_info(told: Info) -> Trace:
    """What a client says of a trace, as a value of ours."""
    number = _experiment(told.trace_location)
    id = limits.run_id(need(told.trace_id, "trace.trace_info.trace_id"), "trace_id")
    metadata, tags = told.trace_metadata or {}, told.tags or {}
    state = told.state or "STATE_UNSPECIFIED"
    if state not in _STATES:
        raise invalid("state", state, f"it is one of {', '.join(sorted(_STATES))}")
    return Trace(
        id=id,
        experiment=number,
        name=tags.get(NAME, ""),
        status=state,
        started=moment(need(told.request_time, "trace.trace_info.request_time"), "request_time"),
        took=duration(told.execution_duration),
        client=told.client_request_id or "",
        run=metadata.get(SOURCE_RUN) or None,
        session=metadata.get(SESSION, ""),
        request=told.request_preview or "",
        response=told.response_preview or "",
        told=True,
    )


async def export(place: Place, query: Message, call: Call) -> Answer:
    """Take spans as OpenTelemetry exports them, in protobuf or JSON, also compressed."""
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"application/x-protobuf", "application/json"}:
        raise invalid("Content-Type", kind, "send application/x-protobuf or application/json")
    number = experiment(call.headers.get(_HEADER), _HEADER)
    body = bytearray()
    async for chunk in call.stream():
        body += chunk
    encoding = call.headers.get("content-encoding", "").strip().lower()
    await asyncio.to_thread(_take, place, number, bytes(body), kind, encoding)
    return Answer(b"{}" if "json" in kind else b"", type=kind)


def _take(place: Place, number: int, body: bytes, kind: str, encoding: str) -> None:
    found = otlp.read(otlp.unpacked(body, encoding), kind)
    for span in found:
        limits.run_id(span.trace)
    if found:
        here = {span.trace: {_SPANS: "TRACKING_STORE"} for span in found}
        Traces(place.ledger, place.project).add_spans(found, experiment=number, tags=here)


def get(place: Place, query: Message, call: Call) -> dict[str, Any]:
    """What a trace is, without its spans."""
    return {"trace": {"trace_info": _get(place, call.params["id"])}}


def get_whole(place: Place, query: Which, call: Call) -> dict[str, Any]:
    """A trace with its spans."""
    found = Traces(place.ledger, place.project).get(need(query.trace_id, "trace_id"), spans=True)
    return {"trace": _whole(found)}


def batch(place: Place, query: Ids, call: Call) -> dict[str, Any]:
    """Several traces with their spans."""
    return filled(traces=[_whole(found) for found in Traces(place.ledger, place.project).many(_ids(query.trace_ids), spans=True)])


def batch_infos(place: Place, body: Ids, call: Call) -> dict[str, Any]:
    """What several traces are."""
    return filled(trace_infos=[shown(found) for found in Traces(place.ledger, place.project).many(_ids(body.trace_ids))])


def search(place: Place, body: Search, call: Call) -> dict[str, Any]:
    """Traces of experiments that meet a filter, the newest first, page by page."""
    limit = 100 if body.max_results is None else body.max_results
    if not 1 <= limit <= _PAGE:
        raise invalid("max_results", limit, f"it is at least 1 and at most {_PAGE}")
    ids, token = search_traces(
        place.ledger,
        place.project,
        [_experiment(location) for location in body.locations or ()],
        read_filter(body.filter, grammar.TRACES),
        order=read_order(body.order_by or (), grammar.TRACES),
        limit=limit,
        token=body.page_token,
    )
    return filled(traces=[shown(found) for found in Traces(place.ledger, place.project).many(ids)], next_page_token=token)


def delete(place: Place, body: Delete, call: Call) -> dict[str, Any]:
    """Delete traces: those named, or those begun until a time."""
    number, ids = experiment(body.experiment_id), [*(body.request_ids or ()), *(body.trace_ids or ())]
    if bool(ids) == (body.max_timestamp_millis is not None):
        raise invalid("request_ids", ids, "give either the ids of traces, or max_timestamp_millis")
    if body.max_traces is not None and (ids or body.max_traces <= 0):
        raise invalid("max_traces", body.max_traces, "it is positive, and goes with max_timestamp_millis")
    until = None if body.max_timestamp_millis is None else micros(body.max_timestamp_millis, "max_timestamp_millis")
    return {"traces_deleted": Traces(place.ledger, place.project).remove(number, ids=_ids(ids), until=until, most=body.max_traces)}


def set_tag(place: Place, body: Pair, call: Call) -> dict[str, Any]:
    """Set a tag of a trace."""
    Traces(place.ledger, place.project).set_tag(call.params["id"], *limits.tag(body.key, body.value))
    return {}


def delete_tag(place: Place, body: Pair, call: Call) -> dict[str, Any]:
    """Take a tag of a trace away."""
    Traces(place.ledger, place.project).drop_tag(call.params["id"], need(body.key, "key"))
    return {}


def link(place: Place, body: Link, call: Call) -> dict[str, Any]:
    """Say that traces belong to a run, also those that come later: the client exports them in the background."""
    run = need(body.run_id, "run_id")
    if not body.trace_ids or len(body.trace_ids) > 100:
        raise invalid("trace_ids", len(body.trace_ids), "give 1 to 100 of them")
    try:
        place.runs.get(run)
    except NotFoundError:
        raise WireError(GONE, f"Run with id={run[:300]} not found") from None
    Traces(place.ledger, place.project).link([limits.run_id(id, "trace_ids") for id in body.trace_ids], run)
    return {}


def shown(found: Whole) -> dict[str, Any]:
    """A trace as clients read it, without its spans."""
    trace = found.trace
    tags = {_LOCATION: f"{FILES}{trace.experiment}/traces/{trace.id}/artifacts", **({NAME: trace.name} if trace.name else {}), **found.tags}
    return filled(
        trace_id=trace.id,
        client_request_id=trace.client or None,
        trace_location={"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": str(trace.experiment)}},
        request_time=instant(trace.started),
        execution_duration=None if trace.took is None else f"{trace.took / 1_000_000:.6f}".rstrip("0").rstrip(".") + "s",
        state=trace.status,
        trace_metadata={_SCHEMA: "3", **found.metadata},
        assessments=[assessments.shown(one) for one in found.assessments],
        tags=tags,
        request_preview=trace.request or None,
        response_preview=trace.response or None,
    )


def _whole(found: Whole) -> dict[str, Any]:
    return {"trace_info": shown(found), "spans": [spans.shown(span) for span in found.spans]}


def _get(place: Place, id: str) -> dict[str, Any]:
    return shown(Traces(place.ledger, place.project).get(id))


def _experiment(location: Location | None) -> int:
    if location is None or location.mlflow_experiment is None:
        raise missing("trace_location.mlflow_experiment")
    return experiment(location.mlflow_experiment.experiment_id)


def _checked(pairs: dict[str, str]) -> dict[str, str]:
    return dict(limits.tag(key, value) for key, value in pairs.items())


def _ids(given: list[str]) -> list[str]:
    if len(given) > _AT_ONCE:
        raise LimitError(f"{len(given)} traces were named, at most {_AT_ONCE} at once", hint="ask for them in several requests")
    return given


ENDPOINTS = [
    Endpoint("POST", "traces", start, Start, WRITES, need="nice"),
    Endpoint("POST", "v1/traces", export, Message, WRITES, need="nice", under=ROOT, kind="upload", max_body=otlp.MOST, encodings=("gzip", "deflate")),
    Endpoint("GET", "traces/get", get_whole, Which, need="nice"),
    Endpoint("GET", "traces/batchGet", batch, Ids, need="nice"),
    Endpoint("POST", "traces/batchGetInfos", batch_infos, Ids, need="nice"),
    Endpoint("POST", "traces/search", search, Search, need="nice", searches=True),
    Endpoint("POST", "traces/delete-traces", delete, Delete, WRITES, need="nice"),
    Endpoint("POST", "traces/link-to-run", link, Link, WRITES, need="nice"),
    Endpoint("GET", "traces/{id}", get, Message, need="nice"),
    Endpoint("PATCH", "traces/{id}/tags", set_tag, Pair, WRITES, need="nice"),
    Endpoint("DELETE", "traces/{id}/tags", delete_tag, Pair, WRITES, need="nice"),
    *traces2.ENDPOINTS,
    *assessments.ENDPOINTS,
]
