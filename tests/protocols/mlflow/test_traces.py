"""Traces over plain HTTP: begun, exported in every form, found by every field, judged, deleted; and what is refused."""

import gzip
import json
import struct
from typing import Any

import pytest
from asked import Asked

from ninefold.protocols.mlflow.tracing import otlp

V3 = "/api/3.0/mlflow/"
TRACE, SPAN, CHILD = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
ID = f"tr-{TRACE}"
BEGAN = 1_700_000_000_000_000_123  # nanoseconds: all of them come back


def _value(value: Any) -> dict[str, Any]:
    return {"stringValue": value} if isinstance(value, str) else {"intValue": str(value)}


def _span(id: str = SPAN, parent: str = "", trace: str = TRACE, **attributes: Any) -> dict[str, Any]:
    return {
        "traceId": trace, "spanId": id, "parentSpanId": parent, "name": "answer" if not parent else "look", "startTimeUnixNano": str(BEGAN),
        "endTimeUnixNano": str(BEGAN + 5_000_000), "attributes": [{"key": k, "value": _value(v)} for k, v in attributes.items()],
        "events": [{"timeUnixNano": str(BEGAN), "name": "cut", "attributes": []}], "status": {"code": 2, "message": "no"},
    }  # fmt: skip


def _export(*spans: dict[str, Any]) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}).encode()


def _send(asked: Asked, body: bytes, kind: str = "application/json", **headers: str) -> Any:
    return asked.call("POST", "/v1/traces", body, kind, **{"x-mlflow-experiment-id": "0", **headers})


def _told(**more: Any) -> dict[str, Any]:
    return {
        "trace_id": ID, "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "request_time": "2023-11-14T22:13:20.123Z", "execution_duration": "0.25s", "state": "OK", "request_preview": "in",
        "trace_metadata": {"m": "1"}, "tags": {"mlflow.traceName": "answer", "color": "red"}, **more,
    }  # fmt: skip


@pytest.fixture
def trace(asked: Asked) -> str:
    """A trace with two spans."""
    asked.done(V3 + "traces", trace={"trace_info": _told()})
    assert _send(asked, _export(_span(), _span(CHILD, SPAN, **{"mlflow.spanType": "TOOL", "kind": "deep", "n": 7}))).status == 200
    return ID


def _search(asked: Asked, filter: str = "", **more: Any) -> list[str]:
    where = [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}]
    return [found["trace_id"] for found in asked.done(V3 + "traces/search", locations=where, filter=filter, **more).get("traces", [])]


def test_what_was_said_is_read_again(asked: Asked, trace: str) -> None:
    info = asked.get(f"{V3}traces/{trace}").json["trace"]["trace_info"]
    assert {k: info[k] for k in ("request_time", "execution_duration", "state", "request_preview")} == {
        "request_time": "2023-11-14T22:13:20.123Z", "execution_duration": "0.25s", "state": "OK", "request_preview": "in",
    }  # fmt: skip
    assert info["tags"]["color"] == "red" and info["tags"]["mlflow.trace.spansLocation"] == "TRACKING_STORE" and info["trace_metadata"]["m"] == "1"
    (whole,) = asked.get(f"{V3}traces/batchGet", trace_ids=[trace, "tr-none"]).json["traces"]
    root, child = whole["spans"]
    assert (root["start_time_unix_nano"], root["status"]) == (BEGAN, {"code": "STATUS_CODE_ERROR", "message": "no"})
    assert child["parent_span_id"] == root["span_id"] and {"key": "n", "value": {"int_value": 7}} in child["attributes"]


def test_spans_may_come_first_and_make_the_trace(asked: Asked) -> None:
    _send(asked, _export(_span(CHILD, SPAN)))
    assert asked.get(f"{V3}traces/{ID}").json["trace"]["trace_info"]["state"] == "IN_PROGRESS"
    _send(asked, _export(_span()))
    info = asked.get(f"{V3}traces/{ID}").json["trace"]["trace_info"]
    assert (info["state"], info["execution_duration"], info["tags"]["mlflow.traceName"]) == ("ERROR", "0.005s", "answer")
    asked.done(V3 + "traces", trace={"trace_info": _told()})
    assert asked.get(f"{V3}traces/{ID}").json["trace"]["trace_info"]["state"] == "OK"


def test_all_forms_of_an_export_are_one(asked: Asked) -> None:
    body = _export(_span(x="y"))
    for at, (sent, kind, more) in enumerate([
        (body, "application/json", {}),
        (gzip.compress(body), "application/json", {"content-encoding": "gzip"}),
        (_protobuf(), "application/x-protobuf", {}),
        (gzip.compress(_protobuf()), "application/x-protobuf; charset=x", {"content-encoding": "gzip"}),
    ]):  # fmt: skip
        assert _send(asked, sent, kind, **more).status == 200, at
        (span,) = asked.get(f"{V3}traces/get", trace_id=ID).json["trace"]["spans"]
        assert (span["name"], span["start_time_unix_nano"], span["attributes"]) == ("answer", BEGAN, [{"key": "x", "value": {"string_value": "y"}}])


def _protobuf() -> bytes:
    span = otlp._classes()["Span"](
        trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(SPAN), name="answer", start_time_unix_nano=BEGAN, end_time_unix_nano=BEGAN + 5_000_000
    )
    pair = span.attributes.add(key="x")
    pair.value.string_value = "y"
    export = otlp._classes()["Export"]()
    export.resource_spans.add().scope_spans.add().spans.append(span)
    return bytes(export.SerializeToString())


@pytest.mark.parametrize(
    ("body", "kind", "headers"),
    [
        (b"\xff\xff\xff", "application/x-protobuf", {}),
        (b"{", "application/json", {}),
        (b"[]", "application/json", {}),
        (b'{"resourceSpans": 7}', "application/json", {}),
        (_export({"traceId": "zz", "spanId": "1"}), "application/json", {}),
        (_export(_span() | {"startTimeUnixNano": "99999999999999999999"}), "application/json", {}),
        (_export(_span() | {"attributes": [{"value": {}}]}), "application/json", {}),
        (_export(_span(**{"mlflow.traceRequestId": "../../etc"})), "application/json", {}),
        (b"hello", "application/json", {"content-encoding": "gzip"}),
        (gzip.compress(_export(_span()))[:-9], "application/json", {"content-encoding": "gzip"}),
        (b"", "text/plain", {}),
        (_export(_span()), "application/json", {"x-mlflow-experiment-id": "x"}),
        (_export(_span()), "application/json", {"x-mlflow-experiment-id": "99"}),
        (
            _export(_span() | {"attributes": [{"key": "d", "value": json.loads('{"arrayValue":{"values":[' * 200 + "]}}" * 200)}]}),
            "application/json",
            {},
        ),
    ],
)
def test_what_is_no_export_is_refused(asked: Asked, body: bytes, kind: str, headers: dict[str, str]) -> None:
    assert _send(asked, body, kind, **headers).code


def test_a_bomb_is_not_unpacked(asked: Asked) -> None:
    bomb = gzip.compress(b" " * (otlp.MOST + 1))
    assert len(bomb) < 1 << 20 and _send(asked, bomb, content_encoding="gzip").status in {400, 413}


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("trace.status = 'OK'", True), ("status = 'ERROR'", False), ("attributes.name = 'answer'", True), ("name LIKE 'ans%'", True),
        ("tag.color = 'red'", True), ("tag.color != 'red'", False), ("metadata.m = '1'", True), ("timestamp_ms > 0", True),
        ("execution_time_ms >= 250", True), ("execution_time_ms > 251", False), ("span.name = 'look'", True), ("span.type = 'TOOL'", True),
        ("span.status = 'ERROR'", True), ("span.attributes.kind = 'deep'", True), ("span.attributes.n = '7'", True),
        ("span.attributes.kind LIKE '%ee%'", True), ("request_id = '{id}'", True), ("feedback.good = 'true'", True),
        ("expectation.want = 'yes'", True), ("expectation.want = '\"yes\"'", True), ("expectation.want != '\"yes\"'", False),
        ("expectation.want = '\"\\u0000\"'", False), ("feedback.bad = 'true'", False), ("run_id = '{run}'", True), ("run_id = 'other'", False),
        ("name RLIKE '^ans.er$'", True), ("name RLIKE '^swe'", False), ("tag.color RLIKE 'r.d|blue'", True), ("metadata.m RLIKE '[^0-9]'", False),
        ("span.name RLIKE '^l(oo)k'", True), ("span.attributes.kind RLIKE 'e+p$'", True), ("expectation.want RLIKE '^y.s$'", True),
        ("name RLIKE 'answer' AND tag.color RLIKE 'blue'", False), ("tag.nothing RLIKE '.*'", False),
    ],
)  # fmt: skip
def test_traces_are_found(asked: Asked, trace: str, run: str, filter: str, found: bool) -> None:
    judged = {"trace_id": trace, "source": {"source_type": "HUMAN", "source_id": "ada"}}
    asked.done(f"{V3}traces/{trace}/assessments", assessment=judged | {"assessment_name": "good", "feedback": {"value": True}})
    asked.done(f"{V3}traces/{trace}/assessments", assessment=judged | {"assessment_name": "want", "expectation": {"value": "yes"}})
    asked.done("traces/link-to-run", trace_ids=[trace], run_id=run)
    assert _search(asked, filter.format(id=trace, run=run)) == ([trace] if found else [])


def test_pages_are_walked_by_key(asked: Asked) -> None:
    for n in range(5):
        time = f"2023-11-14T22:13:2{n}.000Z"
        asked.done(V3 + "traces", trace={"trace_info": _told(trace_id=f"tr-{n}", request_time=time)})
    where, token, seen = [{"mlflow_experiment": {"experiment_id": "0"}}], None, list[str]()
    while True:
        page = asked.done(V3 + "traces/search", locations=where, max_results=2, page_token=token)
        seen += [found["trace_id"] for found in page["traces"]]
        if (token := page.get("next_page_token")) is None:
            break
    assert seen == ["tr-4", "tr-3", "tr-2", "tr-1", "tr-0"]
    assert _search(asked, order_by=["timestamp_ms ASC"], max_results=1) == ["tr-0"]


def test_a_correction_makes_the_judgement_before_it_invalid(asked: Asked, trace: str) -> None:
    path = f"{V3}traces/{trace}/assessments"
    first = asked.done(path, assessment={"assessment_name": "good", "feedback": {"value": True}, "rationale": "r"})["assessment"]
    second = asked.done(path, assessment={"assessment_name": "good", "feedback": {"value": 0.5}, "overrides": first["assessment_id"]})["assessment"]
    one = f"{path}/{first['assessment_id']}"
    assert asked.get(one).json["assessment"]["valid"] is False
    patch = {"assessment": {"assessment_name": "good", "feedback": {"value": False}}, "update_mask": "assessmentName,feedback"}
    changed = asked.call("PATCH", one, json.dumps(patch).encode()).json["assessment"]
    assert (changed["feedback"], changed["rationale"]) == ({"value": False}, "r")
    assert asked.call("DELETE", f"{path}/{second['assessment_id']}", b"{}").status == 200
    assert asked.get(one).json["assessment"]["valid"] is True
    assert asked.call("DELETE", f"{path}/{second['assessment_id']}", b"{}").status == 200
    assert asked.call("DELETE", f"{V3}traces/tr-none/assessments/a-1", b"{}").code == "RESOURCE_DOES_NOT_EXIST"
    assert asked.call("GET", f"/~other{one}").code == "RESOURCE_DOES_NOT_EXIST"


def _judged(asked: Asked, id: str = ID) -> list[tuple[str, Any, bool]]:
    said = asked.get(f"{V3}traces/{id}").json["trace"]["trace_info"].get("assessments", [])
    return sorted(((a["assessment_name"], a.get("feedback") or a["expectation"], a["valid"]) for a in said), key=str)


def test_what_was_judged_of_an_active_trace_comes_with_it_once(asked: Asked) -> None:
    good: dict[str, Any] = {"assessment_name": "good", "feedback": {"value": 0.5}, "trace_id": "", "create_time": "2023-11-14T22:13:20.123Z"}
    want = {"assessment_name": "want", "expectation": {"serialized_value": {"serialization_format": "JSON_FORMAT", "value": '{"a":1}'}}}
    first = {"assessment_id": "a-1", "assessment_name": "is", "feedback": {"value": "no"}}
    second = {"assessment_id": "a-2", "assessment_name": "is", "feedback": {"value": "yes"}, "overrides": "a-1"}
    for _ in range(2):
        asked.done(V3 + "traces", trace={"trace_info": _told(assessments=[good, good, want, second, first])})
        assert _judged(asked) == [
            ("good", {"value": 0.5}, True), ("good", {"value": 0.5}, True), ("is", {"value": "no"}, False), ("is", {"value": "yes"}, True),
            ("want", want["expectation"], True),
        ]  # fmt: skip
    asked.done(V3 + "traces", trace={"trace_info": _told(assessments=[second | {"feedback": {"value": "so"}}])})
    assert ("is", {"value": "so"}, True) in _judged(asked)
    assert _search(asked, "feedback.good = '0.5'") == [ID]


def test_a_trace_takes_no_assessment_of_another(asked: Asked) -> None:
    one = {"assessment_id": "a-1", "assessment_name": "good", "feedback": {"value": True}}
    asked.done(V3 + "traces", trace={"trace_info": _told(assessments=[one])})
    other = _told(trace_id="tr-2", assessments=[one | {"feedback": {"value": False}}])
    assert asked.post(V3 + "traces", trace={"trace_info": other}).code
    assert asked.get(f"{V3}traces/tr-2").status == 404 and _judged(asked) == [("good", {"value": True}, True)]


def test_a_link_may_come_before_its_trace(asked: Asked, run: str) -> None:
    assert asked.done("traces/link-to-run", trace_ids=[ID, "tr-never"], run_id=run) == {}
    assert _search(asked, f"run_id = '{run}'") == []
    asked.done(V3 + "traces", trace={"trace_info": _told()})
    assert _search(asked, f"run_id = '{run}'") == [ID]
    asked.done("traces/delete-traces", experiment_id="0", request_ids=[ID])
    asked.done(V3 + "traces", trace={"trace_info": _told()})
    assert _search(asked, f"run_id = '{run}'") == []


def test_a_link_shows_no_trace_of_another_project(asked: Asked, trace: str) -> None:
    there = "/~other/api/2.0/mlflow/"
    asked.call("POST", there + "experiments/create", b'{"name": "x"}')
    run = asked.call("POST", there + "runs/create", b'{"experiment_id": "0"}').json["run"]["info"]["run_id"]
    body = json.dumps({"trace_ids": [trace], "run_id": run}).encode()
    assert asked.call("POST", there + "traces/link-to-run", body).status == 200
    where = {"locations": [{"mlflow_experiment": {"experiment_id": "0"}}], "filter": f"run_id = '{run}'"}
    assert asked.call("POST", "/~other" + V3 + "traces/search", json.dumps(where).encode()).json == {}
    assert _search(asked, f"run_id = '{run}'") == []


def test_tags_and_removal(asked: Asked, trace: str) -> None:
    assert asked.call("PATCH", f"traces/{trace}/tags", b'{"key": "note", "value": "n"}').status == 200
    assert asked.call("DELETE", f"traces/{trace}/tags", b'{"key": "color"}').status == 200
    tags = asked.get(f"{V3}traces/{trace}").json["trace"]["trace_info"]["tags"]
    assert tags["note"] == "n" and "color" not in tags
    assert asked.done("traces/delete-traces", experiment_id="0", request_ids=[trace, "tr-none"]) == {"traces_deleted": 1}
    assert asked.get(f"{V3}traces/{trace}").code == "RESOURCE_DOES_NOT_EXIST" and _search(asked) == []
    assert asked.home.ledger.all("select 1 from spans") == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("traces", {}),
        ("traces", {"trace": {"trace_info": _told(trace_id="../x")}}),
        ("traces", {"trace": {"trace_info": _told(request_time="soon")}}),
        ("traces", {"trace": {"trace_info": _told(execution_duration="-1s")}}),
        ("traces", {"trace": {"trace_info": _told(state="FINE")}}),
        ("traces", {"trace": {"trace_info": _told(trace_location={"mlflow_experiment": {"experiment_id": "77"}})}}),
        ("traces/search", {"locations": [{}]}),
        ("traces/search", {"max_results": 0}),
        ("traces/search", {"locations": [{"mlflow_experiment": {"experiment_id": "0"}}], "filter": "name RLIKE '(a'"}),
        ("traces/search", {"locations": [{"mlflow_experiment": {"experiment_id": "0"}}], "filter": 'span.attributes."x\\"y" = \'z\''}),
        ("traces/delete-traces", {"experiment_id": "0"}),
        ("traces/link-to-run", {"trace_ids": ["tr-x"], "run_id": "none"}),
        ("traces/link-to-run", {"trace_ids": ["../x"], "run_id": "{run}"}),
        ("traces/tr-none/assessments", {"assessment": {"assessment_name": "a", "feedback": {"value": 1}}}),
        ("traces/tr-none/assessments", {"assessment": {"assessment_name": "a"}}),
        ("traces", {"trace": {"trace_info": _told(assessments=[{"assessment_name": "a"}])}}),
        ("traces", {"trace": {"trace_info": _told(assessments=[{"feedback": {"value": 1}}])}}),
        ("traces", {"trace": {"trace_info": _told(assessments=[{"assessment_id": "../x", "assessment_name": "a", "feedback": {"value": 1}}])}}),
        ("traces", {"trace": {"trace_info": _told(assessments={"assessment_name": "a"})}}),
    ],
)
def test_a_mistake_is_the_callers(asked: Asked, run: str, path: str, body: dict[str, Any]) -> None:
    said = asked.call("POST", V3 + path, json.dumps(body).replace("{run}", run).encode())
    assert said.code


def test_a_span_of_another_project_is_not_taken_over(asked: Asked, trace: str) -> None:
    asked.call("POST", "/~other/api/2.0/mlflow/experiments/create", b'{"name": "x"}')
    said = asked.call("POST", "/~other/v1/traces", _export(_span()), **{"x-mlflow-experiment-id": "0"})
    assert said.status == 404, struct.pack("<i", said.status)


def test_clients_of_release_2_begin_and_end(asked: Asked) -> None:
    tags = [{"key": "mlflow.traceName", "value": "old"}]
    begun = asked.done("traces", experiment_id="0", timestamp_ms=1000, tags=tags, request_metadata=[{"key": "m", "value": "1"}])["trace_info"]
    assert begun["status"] == "IN_PROGRESS" and {"key": "m", "value": "1"} in begun["request_metadata"]
    (place,) = [tag["value"] for tag in begun["tags"] if tag["key"] == "mlflow.artifactLocation"]
    path = place.removeprefix("mlflow-artifacts:/") + "/traces.json"
    assert asked.call("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{path}", b"{}").status == 200
    body = json.dumps({"timestamp_ms": 1250, "status": "OK"}).encode()
    assert asked.call("PATCH", f"traces/{begun['request_id']}", body).json["trace_info"]["execution_time_ms"] == 250
    (found,) = asked.get("traces", experiment_ids=["0"], filter="name = 'old'").json["traces"]
    assert found == asked.get(f"traces/{begun['request_id']}/info").json["trace_info"] and found["status"] == "OK"
