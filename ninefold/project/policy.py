"""The policy: criteria, costs, split, risk, approvers, releases and monitor limits, as one value with one digest.

Evidence is judged by the policy that was in force before it was measured. A change is a fact with both values: the owner
makes it; at high risk it waits for an approver who is not its author, and until then the old policy stays in force.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.ids import canonical, digest_of
from ninefold.ledger import Fact
from ninefold.monitors.monitor import Monitor
from ninefold.problems.criterion import Criterion
from ninefold.problems.problem import Problem
from ninefold.project.criteria import restored, stored
from ninefold.project.home import Home
from ninefold.units import duration_text

if TYPE_CHECKING:
    from ninefold.project.reading.graph import Graph


def policy_of(graph: "Graph", name: str) -> dict[str, Any]:
    """The policy of the problem ``name``, as JSON: what decides about it, and nothing that does not."""
    problem = graph.things[name]
    assert isinstance(problem, Problem)
    models = {n: m for n, m in graph.of("model").items() if graph.resolve(m.problem, ("problem",))[0] == name}
    asked = {n: e for n, e in graph.of("endpoint").items() if e.registered is None}
    endpoints = {n: e for n, e in asked.items() if graph.resolve(e.model, ("model",))[0] in models}
    monitors = {n: m for n, m in graph.of("monitor").items() if graph.resolve(m.endpoint, ("endpoint",))[0] in endpoints}
    said = {
        "criteria": [str(c) for c in problem.solved_when],
        "rules": [stored(c) for c in problem.solved_when],
        "costs": str(problem.costs) if problem.costs is not None else None,
        "decide": asdict(problem.decide) if problem.decide else None,
        "baseline": problem.baseline,
        "window": duration_text(problem.window),
        "owner": problem.owner,
        "risk": {"level": problem.risk.level, "because": problem.risk.because, "approve": list(problem.risk.approve)},
        "splits": {n: {k: v for k, v in asdict(m.split).items() if v is not None} for n, m in models.items()},
        "releases": {n: {**asdict(e.release), "holdout": e.holdout, "log": e.log} for n, e in endpoints.items()},
        "monitors": {n: _monitor(m) for n, m in monitors.items()},
    }
    plain: dict[str, Any] = msgspec.json.decode(canonical(said))  # as a fact gives it back: tuples are lists
    return plain


def _monitor(monitor: Monitor) -> dict[str, Any]:
    checks = [
        {"kind": c.kind, "by": list(c.by), "columns": list(c.columns), **dict(c.params), "then": asdict(c.then) if c.then else None}
        for c in monitor.checks
    ]
    return {"every": str(monitor.every), "checks": checks, "false_alarms": monitor.false_alarms}


def in_force(home: Home, problem: str) -> Fact | None:
    """The fact of the policy in force; None before the first run."""
    return home.ledger.last("policy.changed", home.subject("problem", problem))


def in_force_before(home: Home, problem: str, seq: int) -> Fact | None:
    """The fact of the policy that was in force before the fact ``seq``; of several policies, the one that evidence is judged by."""
    facts = home.ledger.facts(kind="policy.changed", subject=home.subject("problem", problem), newest_first=True)
    return next((f for f in facts if f.seq < seq), None)


def criteria_of(policy: Fact) -> list[Criterion]:
    """The criteria of a policy, as they were when it was declared."""
    return [restored(rule) for rule in policy.body["policy"]["rules"]]


def proposed(home: Home, problem: str) -> Fact | None:
    """The fact of a policy that waits for its approval; None where none waits."""
    fact = home.ledger.last("policy.proposed", home.subject("problem", problem))
    current = in_force(home, problem)
    return fact if fact and (current is None or fact.seq > current.seq) else None


def declare(home: Home, problem: str, policy: dict[str, Any], author: str) -> Fact:
    """Record the policy that the file declares, where it differs from the one in force, and return the one that is in force.

    At high risk (before or after the change) a change is only proposed; ``adopt`` puts it in force. Going back to the policy in
    force withdraws what was proposed.
    """
    current = in_force(home, problem)
    new = digest_of(policy)
    if current is not None and current.body["digest"] == new:
        waiting = proposed(home, problem)
        if waiting is None:
            return current
        body = {**current.body, "before": policy, "changes": ["a proposed change was withdrawn"], "withdraws": waiting.seq, "author": author}
        return home.ledger.record("policy.changed", current.subject, body)
    subject = home.subject("problem", problem)
    before = current.body["policy"] if current else None
    body = {"digest": new, "policy": policy, "before": before, "changes": changes(before, policy), "author": author}
    high = "high" in {policy["risk"]["level"], (before or {}).get("risk", {}).get("level")}
    if current is not None and high:
        waiting = proposed(home, problem)
        if waiting is None or waiting.body["digest"] != new:
            home.ledger.record("policy.proposed", subject, body)
        return current
    return home.ledger.record("policy.changed", subject, body)


def adopt(home: Home, problem: str, approver: str) -> Fact | None:
    """Put the proposed policy in force; its author may not. None where none waits."""
    fact = proposed(home, problem)
    if fact is None:
        return None
    return home.ledger.record("policy.changed", fact.subject, {**fact.body, "approved_by": approver})


def changes(before: dict[str, Any] | None, after: dict[str, Any]) -> list[str]:
    """What a change of policy changes, in words.

    >>> changes({"window": "30d", "owner": "a"}, {"window": "60d", "owner": "a"})
    ['window: "30d" → "60d"']
    """
    if before is None:
        return []
    named = sorted({*before, *after} - {"rules"})  # the criteria say the same in words
    return [f"{key}: {_short(before.get(key))} → {_short(after.get(key))}" for key in named if before.get(key) != after.get(key)]


def _short(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
