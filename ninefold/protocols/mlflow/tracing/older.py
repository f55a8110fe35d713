"""Traces as clients of release 2 know them: begun and ended in two requests, their spans in a file that they keep among the artifacts."""

from typing import Any

import msgspec

from ninefold.ids import new_hex
from ninefold.protocols.mlflow import grammar, limits
from ninefold.protocols.mlflow.endpoint import WRITES, Endpoint
from ninefold.protocols.mlflow.errors import invalid
from ninefold.protocols.mlflow.grammar import read_filter, read_order
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import Int64, Message, experiment, filled, micros, millis, need, pairs
from ninefold.runs.experiments import ROOT
from ninefold.runs.traces.records import Traces
from ninefold.runs.traces.search import search_traces
from ninefold.runs.traces.trace import Trace, Whole
from ninefold.web.call import Call

NAME, SOURCE_RUN = "mlflow.traceName", "mlflow.sourceRun"
_STATES: dict[str | int, str] = {0: "STATE_UNSPECIFIED", 1: "OK", 2: "ERROR", 3: "IN_PROGRESS"}
_STATES |= {"TRACE_STATUS_UNSPECIFIED": "STATE_UNSPECIFIED", "OK": "OK", "ERROR": "ERROR", "IN_PROGRESS": "IN_PROGRESS"}
_PAGE = 500


class Pair(Message):
    """A tag, or an entry of a trace's metadata."""

    key: str | None = None
    value: str | None = None


class Begin(Message):
    """Of which experiment a trace is and when it began; the server gives it an id."""

    experiment_id: str | None = None
    timestamp_ms: Int64 | None = None
    request_metadata: list[Pair] | None = None
    tags: list[Pair] | None = None


class End(Message):
    """When a trace ended and how, by the name or the number of its status; tags and metadata are added."""

    timestamp_ms: Int64 | None = None
    status: str | int | None = None
    request_metadata: list[Pair] | None = None
    tags: list[Pair] | None = None


class Search(Message):
    """Which traces of which experiments, in what order, how many at most."""

    experiment_ids: list[str] = msgspec.field(default_factory=list)
    filter: str | None = None
    max_results: Int64 | None = None
    order_by: list[str] = msgspec.field(default_factory=list)
    page_token: str | None = None


def begin(place: Place, body: Begin) -> dict[str, Any]:
    """Begin a trace under an id that the server gives."""
    number, id = experiment(body.experiment_id), f"tr-{new_hex()}"
    started = micros(need(body.timestamp_ms, "timestamp_ms"), "timestamp_ms")
    tags, metadata = _pairs(body.tags), _pairs(body.request_metadata)
    tags["mlflow.artifactLocation"] = f"{ROOT}{number}/traces/{id}/artifacts"
    trace = Trace(id=id, experiment=number, name=tags.get(NAME, ""), started=started, run=metadata.get(SOURCE_RUN) or None, told=True)
    traces = Traces(place.ledger, place.project)
    traces.begin(trace, tags=tags, metadata=metadata)
    return {"trace_info": _shown(traces.get(id))}


def end(place: Place, body: End, call: Call) -> dict[str, Any]:
    """Say how a trace ended."""
    traces = Traces(place.ledger, place.project)
    trace = traces.get(call.params["id"]).trace
    if body.status not in _STATES:
        raise invalid("status", body.status, "it is OK, ERROR or IN_PROGRESS")
    took = max(0, micros(need(body.timestamp_ms, "timestamp_ms"), "timestamp_ms") - trace.started)
    tags, metadata = _pairs(body.tags), _pairs(body.request_metadata)
    status, name = _STATES[body.status or 0], tags.get(NAME, trace.name)
    traces.begin(msgspec.structs.replace(trace, status=status, took=took, name=name, told=True), tags=tags, metadata=metadata)
    return {"trace_info": _shown(traces.get(trace.id))}


def info(place: Place, query: Message, call: Call) -> dict[str, Any]:
    """What a trace is."""
    return {"trace_info": _shown(Traces(place.ledger, place.project).get(call.params["id"]))}


def search(place: Place, query: Search, call: Call) -> dict[str, Any]:
    """Traces of experiments that meet a filter, page by page."""
    limit = 100 if query.max_results is None else query.max_results
    if not 1 <= limit <= _PAGE:
        raise invalid("max_results", limit, f"it is at least 1 and at most {_PAGE}")
    ids, token = search_traces(
        place.ledger,
        place.project,
        [experiment(text, "experiment_ids") for text in query.experiment_ids],
        read_filter(query.filter, grammar.TRACES),
        order=read_order(query.order_by, grammar.TRACES),
        limit=limit,
        token=query.page_token,
    )
    return filled(traces=[_shown(found) for found in Traces(place.ledger, place.project).many(ids)], next_page_token=token)


def _shown(found: Whole) -> dict[str, Any]:
    trace = found.trace
    return filled(
        request_id=trace.id,
        experiment_id=str(trace.experiment),
        timestamp_ms=millis(trace.started),
        execution_time_ms=None if trace.took is None else millis(trace.took),
        status="TRACE_STATUS_UNSPECIFIED" if trace.status == "STATE_UNSPECIFIED" else trace.status,
        request_metadata=pairs(found.metadata),
        tags=pairs(found.tags),
    )


def _pairs(given: list[Pair] | None) -> dict[str, str]:
    return dict(limits.tag(pair.key, pair.value) for pair in given or ())


ENDPOINTS = [
    Endpoint("GET", "traces", search, Search, need="nice", searches=True),
    Endpoint("PATCH", "traces/{id}", end, End, WRITES, need="nice"),
    Endpoint("GET", "traces/{id}/info", info, Message, need="nice"),
]
