"""Verdicts after a run: hypotheses corrected together, criteria judged on the evidence by the policy in force. Facts, once each."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.clock import now
from ninefold.engine.step import Output
from ninefold.ids import canonical, digest_of, new_id
from ninefold.ledger import Fact
from ninefold.metrics.metric import Metric
from ninefold.models.records import by_digest, newest
from ninefold.problems.criterion import Criterion
from ninefold.project.home import Home
from ninefold.project.learning import Learning, metric_thing
from ninefold.project.policy import criteria_of, in_force, in_force_before
from ninefold.project.reading.graph import Graph

if TYPE_CHECKING:
    from ninefold.metrics.measurement import Measurement

_LAST = "select body from verdicts where project = ? and subject = ? order by at desc, id desc limit 1"


def judge_hypotheses(graph: Graph, home: Home, outputs: Mapping[str, Output]) -> dict[str, Any]:
    """The verdict of every hypothesis whose step ran, corrected for all of them; a fact where anything differs from the last.

    A new verdict is taken on newer data only: without them the old one stands, and the fact tells what this look saw.
    """
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

    first = [msgspec.convert(outputs[f"hypothesis/{n}"].ref["tested"], Tested) for n in names]
    looks = [_looks(home, n, outputs[f"hypothesis/{n}"]) for n in names]
    # each further look at the same data costs: its p-value counts as many times
    tested = correct([msgspec.structs.replace(one, p=min(1.0, one.p * n)) for one, n in zip(first, looks, strict=True)])
    for name, one, raw, seen in zip(names, tested, first, looks, strict=True):
        output = outputs[f"hypothesis/{name}"]
        more = {k: v for k, v in output.ref.items() if k != "tested"}
        told = {**msgspec.to_builtins(one), "p": raw.p, "looks": seen}
        if (stands := _standing(home, name, output)) is not None:
            told = {
                **told,
                **stands,
                "text": f"{stands['said']}; it stands{_of(stands)} until newer data come: look {seen} at these gives {one.text}",
            }
        else:
            made = newest(home.ledger, home.project, more["model"]) if "model" in more else None
            told |= {"said": one.text, "version": made.version if made is not None else None, "model": more.get("model")}
            told["text"] = one.text + (f"; look {seen} at the same data" if seen > 1 else "")
        body = {"belief": graph.things[name].belief, "look": look, **more, **told, "content": output.content}  # type: ignore[attr-defined]
        home.ledger.record("hypothesis.tested", home.subject("hypothesis", name), body)
        found[name] = body
    return found


_VERDICT = ("verdict", "effect", "low", "high", "p", "p_corrected", "n", "days", "unit", "claim", "negligible", "said", "version")


def _standing(home: Home, name: str, output: Output) -> dict[str, Any] | None:
    """The verdict that stands: the last one, where the same belief was tested on data that ended where this data ends."""
    last = home.ledger.last("hypothesis.tested", home.subject("hypothesis", name))
    if (
        last is None
        or last.body.get("effect") is None
        or "said" not in last.body
        or output.ref.get("test") is None
        or output.ref.get("until") is None
    ):
        return None
    same = all(last.body.get(part) == output.ref[part] for part in ("test", "until"))
    return {part: last.body[part] for part in _VERDICT} if same else None


def _of(stands: Mapping[str, Any]) -> str:
    return f" (from version {stands['version']})" if stands["version"] is not None else ""


def _looks(home: Home, name: str, output: Output) -> int:
    """How many times the hypothesis has been tested on data that ended where this data ends, this time included."""
    last = home.ledger.last("hypothesis.tested", home.subject("hypothesis", name))
    if last is None or output.ref.get("until") is None or last.body.get("until") != output.ref["until"]:
        return 1
    looks: int = last.body["looks"]
    return looks + int(last.body["content"] != output.content)


def judge_models(graph: Graph, home: Home, outputs: Mapping[str, Output]) -> dict[str, Any]:
    """Each model's newest version against the criteria of its problem, on its test span: by the policy that was in force before
    the evidence was measured. A policy that came later judges it again, and the fact says that it was after the fact.
    """
    found: dict[str, Any] = {}
    for name in graph.of("model"):
        if f"model/{name}" not in outputs:
            continue
        learning = Learning.of(graph, name)
        version = by_digest(home.ledger, home.project, name, outputs[f"model/{name}"].content)
        assert version is not None
        subject = home.subject("model", name, version.version)
        for policy, before in _policies(home, learning.problem_name, subject):
            criteria = criteria_on_evidence(graph, home, learning, criteria_of(policy), outputs[f"model/{name}"], outputs[f"training/{name}"])
            body = {
                "policy": policy.body["digest"],
                "version": version.version,
                "criteria": criteria,
                "problem": learning.problem_name,
                "measured_under": before.body["digest"],
                "after_the_fact": policy.body["digest"] != before.body["digest"],
            }
            home.ledger.write(lambda tx, subject=subject, body=body: _record(tx, home, subject, body))  # type: ignore[misc]
        last = home.ledger.last("model.judged", subject)
        assert last is not None
        found[name] = last.body
    return found


def _policies(home: Home, problem: str, version: str) -> list[tuple[Fact, Fact]]:
    """The policies by which a version is still to be judged, each with the one that was in force before its evidence was measured."""
    made, now_in_force = home.ledger.last("model.version", version), in_force(home, problem)
    assert made is not None and now_in_force is not None  # a run declares the policy before its first step
    before = in_force_before(home, problem, made.seq) or now_in_force
    last = home.ledger.last("model.judged", version)
    todo = [before] if last is None else []
    judged_by = last.body["policy"] if last is not None else before.body["digest"]
    if judged_by != now_in_force.body["digest"]:
        todo.append(now_in_force)
    return [(policy, before) for policy in todo]


def last_verdicts(home: Home, outputs: Mapping[str, Output]) -> dict[str, Any] | None:
    """What was judged of these outputs; None where something has not been judged, or by another policy than the one in force."""
    found: dict[str, dict[str, Any]] = {"hypotheses": {}, "models": {}}
    for step, output in outputs.items():
        kind, _, name = step.partition("/")
        if kind == "hypothesis":
            tested = home.ledger.last("hypothesis.tested", home.subject("hypothesis", name))
            if tested is None or tested.body["content"] != output.content:
                return None
            found["hypotheses"][name] = tested.body
        elif kind == "model":
            version = by_digest(home.ledger, home.project, name, output.content)
            judged = home.ledger.last("model.judged", version.subject) if version is not None else None
            policy = in_force(home, judged.body["problem"]) if judged is not None else None
            if judged is None or policy is None or judged.body["policy"] != policy.body["digest"]:
                return None
            found["models"][name] = judged.body
    return found


def _record(tx: Any, home: Home, subject: str, body: dict[str, Any]) -> None:
    tx.fact("model.judged", subject, body)
    rows = [
        {
            "id": new_id(),
            "project": home.project,
            "subject": subject,
            "criterion": j["criterion"],
            "verdict": j["verdict"],
            "as_of": now(),
            "at": now(),
            "policy": body["policy"],
            "body": canonical(j).decode(),
        }
        for j in body["criteria"]
    ]
    if rows:
        tx.add("verdicts", rows)


def criteria_on_evidence(
    graph: Graph, home: Home, learning: Learning, criteria: Sequence[Criterion], version: Output, training: Output
) -> list[dict[str, Any]]:
    """Every criterion on the rows of the test span. Those that only production can tell are not yet known."""
    proof = home.stored("evidence", learning.name).scan(version.ref["evidence"]).collect()
    frame = home.stored("training", learning.name).scan(training.ref["version"]).collect()[proof["row"]]
    classes = levels(home, version.ref["bundle"])
    return [_on_evidence(graph, learning, c, proof, frame, classes) for c in criteria]


def _on_evidence(graph: Graph, learning: Learning, criterion: Criterion, proof: Any, frame: Any, classes: Sequence[Any]) -> dict[str, Any]:
    from ninefold.metrics.judge import judge

    name, metric = metric_thing(graph, criterion.metric)
    if not isinstance(metric, Metric) or metric.name == "latency":
        body = msgspec.to_builtins(judge(criterion, None))
        return {**body, "text": f"{criterion}: not yet known, only production can tell", "production": True, "metric": name, "slices": []}
    measured = measure_rows(learning, metric, proof["label"], proof["score"], proof["decision"], proof["day"], frame, classes=classes)
    slices = [msgspec.to_builtins(s) for s in measured.slices]
    return {**msgspec.to_builtins(judge(criterion, measured)), "production": False, "metric": name, "slices": slices, "void": measured.void}


def levels(home: Home, bundle: str) -> list[Any]:
    """The classes of a bundle's scores, in their order; none unless there are more than two."""
    return list(msgspec.json.decode(home.path("bundles", bundle, "scoring.json").read_bytes())["classes"])


def measure_rows(
    learning: Learning,
    metric: Metric,
    truth: Any,
    score: Any,
    decision: Any,
    day: Any,
    frame: Any,
    *,
    classes: Sequence[Any] = (),
    weight: Any = None,
) -> "Measurement":
    """One built-in metric on rows with their outcome: the same for a test span and for production.

    Today's practice, where the problem names one, stands for the constant policy; rows for which it says nothing are then
    left out. For several classes ``score`` has a list for each row, in the order of ``classes``.
    """
    import numpy as np

    from ninefold.metrics.measure import measure

    practice: Any = learning.problem.baseline
    if isinstance(practice, str):
        said = (frame[practice].is_not_null() & frame[practice].cast(float).is_finite()).fill_null(False)
        frame, truth, score, decision, day = (part.filter(said) for part in (frame, truth, score, decision, day))
        weight = weight.filter(said) if weight is not None else None
        practice = frame[practice]
    if learning.kind == "multiclass":
        matrix = np.array(score.to_list(), np.float64).reshape(len(score), len(classes))
        return measure(metric, truth, matrix, day=day, frame=frame, kind="multiclass", classes=list(classes), baseline=practice, weight=weight)
    chosen = decision if learning.kind == "binary" else None
    return measure(metric, truth, score, day=day, decision=chosen, frame=frame, kind=learning.kind, baseline=practice, weight=weight)
