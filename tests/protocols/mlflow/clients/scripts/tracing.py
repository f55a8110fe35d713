"""Traces: decorated functions, spans, search, tags, judgements, links to runs. For release 3; the tracker is named by MLFLOW_TRACKING_URI."""

import contextlib
import time

import mlflow
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, Feedback, SpanEvent
from mlflow.exceptions import MlflowException

client = MlflowClient()
mlflow.set_experiment("traces")


@mlflow.trace(span_type="CHAIN", attributes={"k": 1})
def answer(x):
    with mlflow.start_span("inner", span_type="TOOL") as span:
        span.set_inputs({"x": x})
        span.set_outputs([x + 1, 0.5, None])
        span.add_event(SpanEvent("cut", attributes={"q": 1}))
    mlflow.update_current_trace(tags={"color": "red"}, metadata={"m": "1"})
    if x == 3:
        raise ValueError("three")
    return x + 1


def found(filter_string=None, **more):
    return mlflow.search_traces(filter_string=filter_string, return_type="list", **more)


with mlflow.start_run() as run:
    answer(1)
time.sleep(0.01)  # traces begin at milliseconds, and are found by when they began
answer(2)
time.sleep(0.01)
with contextlib.suppress(ValueError):
    answer(3)
mlflow.flush_trace_async_logging()
id = mlflow.get_last_active_trace_id()

trace = mlflow.get_trace(id)
assert trace.info.state == "ERROR" and trace.info.tags["color"] == "red" and trace.info.trace_metadata["m"] == "1", trace.info
root, inner = trace.data.spans
assert (root.name, root.span_type, root.inputs, root.parent_id) == ("answer", "CHAIN", {"x": 3}, None)
assert (inner.parent_id, inner.outputs, inner.events[0].name) == (root.span_id, [4, 0.5, None], "cut")
assert any(event.name == "exception" for event in root.events) and root.status.description == "ValueError: three"

assert [t.info.request_preview for t in found()] == ['{"x": 3}', '{"x": 2}', '{"x": 1}']
for text, count in {
    "trace.status = 'ERROR'": 1, "tag.color = 'red'": 3, "attributes.name = 'answer'": 3, "span.name = 'inner'": 3, "span.type = 'TOOL'": 3,
    "metadata.m = '1'": 3, "execution_time_ms >= 0": 3, "tag.color = 'blue'": 0, "span.attributes.k = '1'": 3,
}.items():  # fmt: skip
    assert len(found(text)) == count, text
assert len(found(run_id=run.info.run_id)) == 1
assert [t.info.request_preview for t in found(order_by=["timestamp_ms ASC"], max_results=2)] == ['{"x": 1}', '{"x": 2}']

client.set_trace_tag(id, "note", "n")
client.delete_trace_tag(id, "color")
tags = mlflow.get_trace(id).info.tags
assert tags["note"] == "n" and "color" not in tags

good = mlflow.log_feedback(trace_id=id, name="good", value=True, rationale="r", source=AssessmentSource(source_type="HUMAN", source_id="ada"))
want = mlflow.log_expectation(trace_id=id, name="want", value={"a": [1]})
assert [(a.name, a.value) for a in mlflow.get_trace(id).info.assessments] == [("good", True), ("want", {"a": [1]})]
mlflow.update_assessment(trace_id=id, assessment_id=good.assessment_id, assessment=Feedback(name="good", value=False))
assert mlflow.get_assessment(id, good.assessment_id).value is False
mlflow.override_feedback(trace_id=id, assessment_id=good.assessment_id, value=0.5)
mlflow.delete_assessment(id, want.assessment_id)
assert [(a.value, a.valid) for a in mlflow.get_trace(id).info.assessments] == [(False, False), (0.5, True)]
assert len(found("feedback.good = '0.5'")) == 1 and found("feedback.good = 'true'") == []

mlflow.delete_assessment(id, want.assessment_id)  # once more: nothing is there to delete

client.link_traces_to_run([id], run.info.run_id)
assert {t.info.trace_id for t in found(run_id=run.info.run_id)} >= {id}
assert client.delete_traces(experiment_id=run.info.experiment_id, trace_ids=[id]) == 1
assert mlflow.get_trace(id) is None and len(found()) == 2
assert len(found("name RLIKE '^a.*r$'")) == 2 and found("tag.color RLIKE '^blue|green$'") == []
try:
    found(r"name RLIKE '(a)\1'")
except MlflowException as error:
    assert "regular expression" in str(error)
else:
    raise AssertionError("a regular expression with a back reference was compared")


@mlflow.trace
def judged():
    active = mlflow.get_current_active_span().trace_id
    mlflow.log_feedback(trace_id=active, name="x", value=1)
    mlflow.log_expectation(trace_id=active, name="e", value={"a": 1})
    mlflow.log_expectation(trace_id=active, name="w", value="w")
    client.link_traces_to_run([active], run.info.run_id)  # its export comes later


judged()
trace = mlflow.get_trace(mlflow.get_last_active_trace_id(), flush=True)
assert {a.name: a.value for a in trace.info.assessments} == {"x": 1, "e": {"a": 1}, "w": "w"}, trace.info.assessments
assert {t.info.trace_id for t in found(run_id=run.info.run_id)} >= {trace.info.trace_id}
assert [len(found(f"expectation.w = '{text}'")) for text in ("w", '"w"', "v")] == [1, 1, 0]
