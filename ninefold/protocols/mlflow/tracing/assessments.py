"""What was judged of traces, as clients write and read it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from ninefold import clock
from ninefold.ids import digest_of, new_id
from ninefold.protocols.mlflow import limits
from ninefold.protocols.mlflow.endpoint import WRITES, Endpoint
from ninefold.protocols.mlflow.errors import INVALID, WireError, invalid
from ninefold.protocols.mlflow.tracing.times import instant, moment
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import Message, need
from ninefold.runs.traces.assessments import Assessments
from ninefold.runs.traces.trace import Assessment
from ninefold.web.call import Call

_MASKS = {"assessmentname": "name", "name": "name", "feedback": "value", "expectation": "value", "rationale": "rationale", "metadata": "metadata",
          "valid": "valid", "source": "source"}  # fmt: skip


class Source(Message):
    """Who judged: a person, a model or code, and which."""

    source_type: str | None = None
    source_id: str | None = None


class Serialized(Message):
    """A nested value, which travels as the text of its JSON."""

    serialization_format: str | None = None
    value: str | None = None


class Value(Message):
    """What was judged: any JSON, the error that kept one from judging, or the name of an issue."""

    value: Any = None
    serialized_value: Serialized | None = None
    error: dict[str, Any] | None = None
    issue_name: str | None = None


class Fields(Message):
    """An assessment in a request; exactly one of ``feedback``, ``expectation`` and ``issue`` is given."""

    assessment_id: str | None = None
    assessment_name: str | None = None
    span_id: str | None = None
    source: Source | None = None
    create_time: str | None = None
    last_update_time: str | None = None
    feedback: Value | None = None
    expectation: Value | None = None
    issue: Value | None = None
    rationale: str | None = None
    metadata: dict[str, str] | None = None
    overrides: str | None = None
    valid: bool | None = None


class Body(Message):
    """An assessment to add, or to change in the fields that the mask names."""

    assessment: Fields | None = None
    update_mask: str | None = None


def create(place: Place, body: Body, call: Call) -> dict[str, Any]:
    """Judge a trace: feedback, or what would have been expected."""
    made = read(need(body.assessment, "assessment"), call.params["id"])
    made = msgspec.structs.replace(made, id=f"a-{new_id().replace('-', '')}")
    return {"assessment": shown(Assessments(place.ledger, place.project).add(made))}


def read(told: Fields, trace: str) -> Assessment:
    """What is said of an assessment, as a value of ours."""
    kind, value, error = _value(told)
    now, source = clock.now(), told.source or Source()
    return Assessment(
        id=told.assessment_id or "",
        trace=trace,
        kind=kind,
        name=need(told.assessment_name, "assessment.assessment_name"),
        value=value,
        source=(source.source_type or "", source.source_id or ""),
        span=told.span_id or None,
        rationale=told.rationale,
        metadata=told.metadata or {},
        error=error,
        replaces=told.overrides or None,
        valid=told.valid is not False,
        created=now if told.create_time is None else moment(told.create_time, "create_time"),
        updated=now if told.last_update_time is None else moment(told.last_update_time, "last_update_time"),
    )


def read_all(told: Sequence[Fields], trace: str) -> list[Assessment]:
    """What a client judged while the trace was active. An id that is left out follows from the content: sent again, it is the same one."""
    found, same = list[Assessment](), Counter[str]()
    for one in told:
        id = one.assessment_id
        if not id:
            said = digest_of([trace, msgspec.to_builtins(one)])
            same[said] += 1
            id = f"a-{digest_of([said, same[said]])[:32]}"
        found.append(msgspec.structs.replace(read(one, trace), id=limits.run_id(id, "assessment_id")))
    return found


def get(place: Place, query: Message, call: Call) -> dict[str, Any]:
    """An assessment."""
    return {"assessment": shown(Assessments(place.ledger, place.project).get(call.params["id"], call.params["assessment"]))}


def update(place: Place, body: Body, call: Call) -> dict[str, Any]:
    """Give an assessment other values: those that the mask names."""
    told, all_ = need(body.assessment, "assessment"), Assessments(place.ledger, place.project)
    masks = {path.strip().partition(".")[0].replace("_", "").lower() for path in (body.update_mask or "").split(",") if path.strip()}
    if not masks or masks - _MASKS.keys():
        raise invalid("update_mask", body.update_mask or "", f"it names some of {', '.join(_MASKS)}")
    now = all_.get(call.params["id"], call.params["assessment"])
    fields: dict[str, Any] = {}
    if masks & {"assessmentname", "name"}:
        fields["name"] = need(told.assessment_name, "assessment.assessment_name")
    if masks & {"feedback", "expectation"}:
        kind, value, error = _value(told)
        if kind != now.kind:
            raise WireError(INVALID, f"Cannot change the kind of an assessment: it is {now.kind}, not {kind}.")
        fields |= {"value": value, "error": error}
    if "rationale" in masks:
        fields["rationale"] = told.rationale
    if "metadata" in masks:
        fields["metadata"] = now.metadata | (told.metadata or {})
    if "valid" in masks:
        fields["valid"] = told.valid is not False
    if "source" in masks and told.source is not None:
        fields["source"] = (told.source.source_type or "", told.source.source_id or "")
    return {"assessment": shown(all_.change(now.trace, now.id, **fields))}


def delete(place: Place, body: Message, call: Call) -> dict[str, Any]:
    """Take an assessment away; one that is not there is none to take."""
    Assessments(place.ledger, place.project).remove(call.params["id"], call.params["assessment"])
    return {}


def shown(one: Assessment) -> dict[str, Any]:
    """An assessment as clients read it."""
    value: dict[str, Any] = {"issue_name": one.value} if one.kind == "issue" else _shown(one)
    told: dict[str, Any] = {
        "assessment_id": one.id,
        "assessment_name": one.name,
        "trace_id": one.trace,
        "span_id": one.span,
        "source": {"source_type": one.source[0], "source_id": one.source[1]},
        "create_time": instant(one.created),
        "last_update_time": instant(one.updated),
        one.kind: value,
        "rationale": one.rationale,
        "metadata": one.metadata or None,
        "overrides": one.replaces,
        "valid": one.valid,
    }
    return {key: value for key, value in told.items() if value is not None}


def _shown(one: Assessment) -> dict[str, Any]:
    nested = isinstance(one.value, dict) or (isinstance(one.value, list) and any(isinstance(v, dict | list) for v in one.value))
    if one.kind == "expectation" and nested:
        return {"serialized_value": {"serialization_format": "JSON_FORMAT", "value": msgspec.json.encode(one.value).decode()}}
    return {"value": one.value} | ({"error": one.error} if one.error else {})


def _value(told: Fields) -> tuple[Literal["feedback", "expectation", "issue"], Any, dict[str, Any] | None]:
    kinds: list[tuple[Literal["feedback", "expectation", "issue"], Value | None]]
    kinds = [("feedback", told.feedback), ("expectation", told.expectation), ("issue", told.issue)]
    given = [(name, value) for name, value in kinds if value is not None]
    if len(given) != 1:
        raise WireError(INVALID, "An assessment is one of feedback, expectation and issue.")
    name, value = given[0]
    if name == "issue":
        return "issue", need(value.issue_name, "assessment.issue.issue_name"), None
    if value.serialized_value is not None:
        try:
            return name, msgspec.json.decode(value.serialized_value.value or ""), value.error
        except (msgspec.DecodeError, RecursionError):
            raise invalid("assessment.expectation.serialized_value", value.serialized_value.value or "", "it is JSON") from None
    return name, value.value, value.error


ENDPOINTS = [
    Endpoint("POST", "traces/{id}/assessments", create, Body, WRITES, need="nice"),
    Endpoint("GET", "traces/{id}/assessments/{assessment}", get, Message, need="nice"),
    Endpoint("PATCH", "traces/{id}/assessments/{assessment}", update, Body, WRITES, need="nice"),
    Endpoint("DELETE", "traces/{id}/assessments/{assessment}", delete, Message, WRITES, need="nice"),
]
