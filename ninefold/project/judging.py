"""Verdicts after a run: hypotheses corrected together, criteria judged on the evidence by the policy in force. Facts, once each."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ninefold.clock import now
from ninefold.engine.step import Output
from ninefold.ids import canonical, digest_of, new_id
from ninefold.models.records import by_digest
from ninefold.problems.criterion import Criterion
from ninefold.project.graph import Graph
from ninefold.project.home import Home
from ninefold.project.learning import Learning, metric_thing
from ninefold.project.policy import in_force

_LAST = "select body from verdicts where project = ? and subject = ? order by at desc, id desc limit 1"


def judge_hypotheses(graph: Graph, home: Home, outputs: Mapping[str, Output]) -> dict[str, Any]:
    """The verdict of every hypothesis whose step ran, corrected for all of them; a fact where anything differs from the last."""
    names = [n for n in graph.of("hypothesis") if f"hypothesis/{n}" in outputs]
    if not names:
        return {}
    look = digest_of([[n, outputs[f"hypothesis/{n}"].content] for n in names])
    found: dict[str, Any] = {}
    for name in names:
        last = home.ledger.last("hypothesis.tested", home.subject("hypothesis", name))
        if last is not None and last.body.get("look") == look:
            found[name] = last.body
    if len(found) == len(names):
        return found
    from ninefold.hypotheses.test import Tested, correct

    tested = correct([msgspec.convert(outputs[f"hypothesis/{n}"].ref["tested"], Tested) for n in names])
    for name, one in zip(names, tested, strict=True):
        more = {k: v for k, v in outputs[f"hypothesis/{name}"].ref.items() if k != "tested"}
        body = {"belief": graph.things[name].belief, "look": look, **msgspec.to_builtins(one), **more}  # type: ignore[attr-defined]
        home.ledger.record("hypothesis.tested", home.subject("hypothesis", name), body)
        found[name] = body
    return found


def judge_models(graph: Graph, home: Home, outputs: Mapping[str, Output]) -> dict[str, Any]:
    """Each model's newest version against the criteria of its problem, on its test span; once for each policy."""
    found: dict[str, Any] = {}
    for name in graph.of("model"):
        if f"model/{name}" not in outputs:
            continue
        learning = Learning.of(graph, name)
        version = by_digest(home.ledger, home.project, name, outputs[f"model/{name}"].content)
        policy = in_force(home, learning.problem_name)
        assert version is not None and policy is not None
        subject = home.subject("model", name, version.version)
        last = home.ledger.last("model.judged", subject)
        if last is None or last.body["policy"] != policy.body["digest"]:
            judged = criteria_on_evidence(graph, home, learning, outputs[f"model/{name}"], outputs[f"training/{name}"])
            body = {"policy": policy.body["digest"], "version": version.version, "criteria": judged, "problem": learning.problem_name}
            home.ledger.write(lambda tx, subject=subject, body=body: _record(tx, home, subject, body))  # type: ignore[misc]
            last = home.ledger.last("model.judged", subject)
        assert last is not None
        found[name] = last.body
    return found


def _record(tx: Any, home: Home, subject: str, body: dict[str, Any]) -> None:
    tx.fact("model.judged", subject, body)
    rows = [
        {
            "id": new_id(), "project": home.project, "subject": subject, "criterion": j["criterion"], "verdict": j["verdict"], "as_of": now(),
            "at": now(), "policy": body["policy"], "body": canonical(j).decode(),
        }
        for j in body["criteria"]
    ]
    if rows:
        tx.add("verdicts", rows)


def criteria_on_evidence(graph: Graph, home: Home, learning: Learning, version: Output, training: Output) -> list[dict[str, Any]]:
    """Every criterion on the rows of the test span. Those that only production can tell are not yet known."""
    proof = home.stored("evidence", learning.name).scan(version.ref["evidence"]).collect()
    frame = home.stored("training", learning.name).scan(training.ref["version"]).collect()[proof["row"]]
    return [_on_evidence(graph, learning, c, proof, frame) for c in learning.problem.solved_when]


def _on_evidence(graph: Graph, learning: Learning, criterion: Criterion, proof: Any, frame: Any) -> dict[str, Any]:
    from ninefold.metrics.judge import judge
    from ninefold.metrics.metric import Metric

    name, metric = metric_thing(graph, criterion.metric)
    if not isinstance(metric, Metric) or metric.name == "latency":
        body = msgspec.to_builtins(judge(criterion, None))
        return {**body, "text": f"{criterion}: not yet known, only production can tell", "production": True, "metric": name, "slices": []}
    measured = measure_rows(learning, metric, proof["label"], proof["score"], proof["decision"], proof["day"], frame)
    slices = [msgspec.to_builtins(s) for s in measured.slices]
    return {**msgspec.to_builtins(judge(criterion, measured)), "production": False, "metric": name, "slices": slices, "void": measured.void}


def measure_rows(learning: Learning, metric: Any, truth: Any, score: Any, decision: Any, day: Any, frame: Any) -> Any:
    """One built-in metric on rows with their outcome: the same for a test span and for production."""
    from ninefold.metrics.measure import measure

    return measure(
        metric, truth, score, day=day, decision=decision if learning.kind == "binary" else None, frame=frame, kind=learning.kind,  # type: ignore[arg-type]
    )
