"""Traces as other trackers keep them, as values of ours: rows of a database, and answers of a server."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from ninefold.protocols.mlflow.importing import words
from ninefold.protocols.mlflow.importing.remote import Remote
from ninefold.protocols.mlflow.importing.tables import Tables
from ninefold.protocols.mlflow.tracing import assessments, older, otlp, spans, traces
from ninefold.runs.pasts.history import PastExperiment
from ninefold.runs.traces.trace import Assessment, Event, Span, Trace, Whole

LOCATION = "mlflow.artifactLocation"
_PAGE = 100


def from_tables(tables: Tables, experiment: PastExperiment) -> Iterator[Whole]:
    """The traces of an experiment in a database: release 2.14 and newer have them, spans and assessments since release 3."""
    if not tables.columns("trace_info"):
        return
    fields = ("request_id", "timestamp_ms", "execution_time_ms", "status", "client_request_id", "request_preview", "response_preview")
    for row in list(_rows(tables, "trace_info", fields, "experiment_id", int(experiment.id))):
        id = row["request_id"]
        tags, metadata = _pairs(tables, "trace_tags", id), _pairs(tables, "trace_request_metadata", id)
        trace = Trace(
            id=id,
            experiment=0,
            name=tags.get(older.NAME, ""),
            status=words.text(row["status"]) or "STATE_UNSPECIFIED",
            started=words.micros(row["timestamp_ms"]),
            took=None if row["execution_time_ms"] is None else words.micros(row["execution_time_ms"]),
            client=words.text(row["client_request_id"]),
            run=metadata.get(older.SOURCE_RUN) or None,
            session=metadata.get(traces.SESSION, ""),
            request=words.text(row["request_preview"]),
            response=words.text(row["response_preview"]),
            told=True,
        )
        judged = [_assessment(r) for r in _rows(tables, "assessments", _ASSESSED, "trace_id", id)]
        kept = [_span(r["content"]) for r in _rows(tables, "spans", ("content",), "trace_id", id)]
        yield ordered(Whole(trace, tags, metadata, judged, kept))


def from_server(remote: Remote, experiment: PastExperiment) -> Iterator[Whole]:
    """The traces of an experiment, from a server of release 3."""
    where = [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment.id}}]
    found = remote.pages(
        "traces",
        lambda token: remote.post("traces/search", api=3, locations=where, max_results=_PAGE, order_by=["timestamp_ms ASC"], page_token=token),
    )
    group: list[dict[str, Any]] = []
    for info in found:
        group.append(info)
        if len(group) == _PAGE:
            yield from _with_spans(remote, group)
            group = []
    yield from _with_spans(remote, group)


def ordered(whole: Whole) -> Whole:
    """A trace whose parts stand in the order in which they are read here."""
    judged = sorted(whole.assessments, key=lambda one: (one.created, one.id))
    parts = sorted(whole.spans, key=lambda span: (span.began // 1000, span.parent is not None, span.id))
    return Whole(whole.trace, dict(sorted(whole.tags.items())), dict(sorted(whole.metadata.items())), judged, parts)


def _with_spans(remote: Remote, infos: Sequence[dict[str, Any]]) -> Iterator[Whole]:
    if not infos:
        return
    answer = remote.get("traces/batchGet", api=3, trace_ids=[info["trace_id"] for info in infos])
    kept = {one["trace_info"]["trace_id"]: [otlp.span_of(span) for span in one.get("spans", ())] for one in answer.get("traces", ())}
    for info in infos:
        told = msgspec.convert(info, traces.Info, strict=False)
        judged = [assessments.read(msgspec.convert(one, assessments.Fields, strict=False), info["trace_id"]) for one in info.get("assessments", ())]
        trace = msgspec.structs.replace(traces.read_info(told), experiment=0)
        yield ordered(Whole(trace, told.tags or {}, told.trace_metadata or {}, judged, kept.get(trace.id, [])))


_ASSESSED = ("assessment_id", "trace_id", "name", "assessment_type", "value", "error", "created_timestamp", "last_updated_timestamp", "source_type",
             "source_id", "span_id", "rationale", "overrides", "valid", "assessment_metadata")  # fmt: skip


def _assessment(row: Mapping[str, Any]) -> Assessment:
    kind, value = row["assessment_type"], msgspec.json.decode(row["value"])
    return Assessment(
        id=row["assessment_id"],
        trace=row["trace_id"],
        kind=kind if kind in {"feedback", "expectation"} else "issue",
        name=row["name"],
        value=value.get("issue_name") if kind == "issue" and isinstance(value, dict) else value,
        source=(words.text(row["source_type"]), words.text(row["source_id"])),
        span=row["span_id"],
        rationale=row["rationale"],
        metadata=msgspec.json.decode(row["assessment_metadata"]) if row["assessment_metadata"] else {},
        error=msgspec.json.decode(row["error"]) if row["error"] else None,
        replaces=row["overrides"],
        valid=bool(row["valid"]),
        created=words.micros(row["created_timestamp"]),
        updated=words.micros(row["last_updated_timestamp"]),
    )


def _span(content: str) -> Span:
    """A span as the tables keep it: ids in base 64, attributes as texts of JSON."""
    told = msgspec.json.decode(content)
    attributes = {str(key): _unpacked(value) for key, value in (told.get("attributes") or {}).items()}
    events = [Event(str(e["name"]), int(e["time_unix_nano"]), dict(e.get("attributes") or {})) for e in told.get("events") or ()]
    status = told.get("status") or {}
    code = {"STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}.get(status.get("code", ""), 0)
    root, id, parent = (spans.hexadecimal(told.get(name)) for name in ("trace_id", "span_id", "parent_span_id"))
    began, ended = int(told["start_time_unix_nano"]), int(told.get("end_time_unix_nano") or 0)
    return spans.span_of(root, id, parent, str(told["name"]), began, ended, attributes, events, code, status.get("message") or "")


def _unpacked(value: Any) -> Any:
    try:
        return msgspec.json.decode(value) if isinstance(value, str) else value
    except msgspec.DecodeError:
        return value


def _rows(tables: Tables, table: str, fields: Sequence[str], by: str, value: Any) -> Iterator[dict[str, Any]]:
    columns = tables.columns(table)
    if columns:
        chosen = ", ".join(name if name in columns else f"null as {name}" for name in fields)
        for row in tables.stream(f"select {chosen} from {table} where {by} = ?", [value]):
            yield dict(zip(fields, row, strict=True))


def _pairs(tables: Tables, table: str, id: str) -> dict[str, str]:
    return {words.text(r["key"]): words.text(r["value"]) for r in _rows(tables, table, ("key", "value"), "request_id", id)}
