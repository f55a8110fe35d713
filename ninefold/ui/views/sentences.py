"""A fact as one sentence."""

from collections.abc import Callable
from typing import Any

from ninefold.ledger import Fact
from ninefold.monitors.finding import day_text
from ninefold.ui.wording import number, release_state, several, share, short, span
from ninefold.units import DAY

Body = dict[str, Any]
LONGEST = 400  # characters of a sentence


def sentence(fact: Fact) -> str:
    """What a fact says, in words; what is not known here by its own words or its first values.

    >>> sentence(Fact(seq=1, id="", at=0, kind="run.done", subject="p/run", actor="", body={"ran": ["a"], "hits": 2, "seconds": 1.5}))
    'done in 1.5 s: 1 step ran, 2 were found'
    """
    teller = _TELLERS.get(fact.kind)
    if teller is not None:
        try:
            return teller(fact.body)
        except (KeyError, TypeError, ValueError):
            pass  # a fact of an older or newer form is still told, by its values
    return _plainly(fact.body)


def attention(fact: Fact) -> bool:
    """Whether somebody should look."""
    return fact.kind.endswith((".failed", ".refused", ".rolledback")) or fact.kind == "incident.opened"


def _plainly(body: Body) -> str:
    for name in ("text", "title", "why", "message", "reason", "error"):
        if isinstance(body.get(name), str) and body[name]:
            return cut(str(body[name]), LONGEST)
    plain = [f"{k} {number(v)}" for k, v in body.items() if isinstance(v, str | int | float) and not isinstance(v, bool) and k != "when"]
    return cut(", ".join(plain[:6]), LONGEST)


def cut(text: str, longest: int) -> str:
    """A text, or its beginning up to the last word that fits.

    >>> cut("one two three", 9)
    'one two …'
    """
    return text if len(text) <= longest else text[: longest - 1].rsplit(" ", 1)[0] + " …"


def _run_done(body: Body) -> str:
    found = f"{body['hits'] or 'none'} {'was' if body['hits'] == 1 else 'were'} found"
    return f"done in {span(body['seconds'] * 1e6)}: {several(len(body['ran']), 'step')} ran, {found}"


def _read(body: Body) -> str:
    return f"{several(body['rows'], 'row')} from {several(len(body['files']), 'file')}"


def _written(body: Body) -> str:
    held = f", {number(body['quarantined'])} in quarantine" if body["quarantined"] else ""
    return f"version {body['version']}: {several(body['rows'], 'row')}, {several(body['columns'], 'column')}{held}"


def _quarantined(body: Body) -> str:
    reasons = ", ".join(f"{rule} {number(n)}" for rule, n in body["reasons"].items() if n)
    return f"{several(body['rows'], 'row')} put aside: {reasons}"


def _judged(body: Body) -> str:
    verdicts = [c["verdict"] for c in body["criteria"]]
    counts = [f"{verdicts.count(v)} {v}" for v in ("met", "not met", "not yet known") if v in verdicts]
    return (f"{body['verdict']}; " if body.get("verdict") else "") + f"criteria: {', '.join(counts) or 'none'}"


def _policy(body: Body) -> str:
    if not body["before"]:
        return f"first policy, by {body['author']}"
    return f"policy changed by {body['author']}: " + "; ".join(body["changes"])


def _started(body: Body) -> str:
    part = "answers everybody" if body["state"] == "champion" else f"is tried on {share(body['share'])}" if body["share"] else "answers in the shadow"
    return f"{body['model']}@{body['version']} {part}; {body.get('reason', 'asked')}"


def _ended(body: Body) -> str:
    why = f"; {body['why']}" if body.get("why") else ""
    return f"{body['model']}@{body['version']}: {release_state(body['state'])}{why}"


def _found(findings: list[Body]) -> str:
    alarms = sum(f["severity"] == "alarm" for f in findings)
    return f"{several(alarms, 'alarm')}, {several(len(findings) - alarms, 'watch')}" if findings else "nothing found"


def _replayed(body: Body) -> str:
    compared = body.get("compared") or {}
    same = f"; {compared['values'] - compared['unequal']:,} of {compared['values']:,} values served equal the batch's" if compared else ""
    return "the replay is over: " + ", ".join(several(body[f"{what}s"], what) for what in ("question", "update", "event")) + same


_TELLERS: dict[str, Callable[[Body], str]] = {
    "run.started": lambda b: (
        "started" + (f", {b['reason']}" if b.get("reason") else "") + (f", only {', '.join(b['targets'])}" if b.get("targets") else "")
    ),
    "run.done": _run_done,
    "run.failed": lambda b: cut(str(b["error"]), LONGEST),
    "step.done": lambda b: f"{b['step']} in {span(b['seconds'] * 1e6)}",
    "step.failed": lambda b: cut(f"{b['step']}: {b['error']}: {b['message']}", LONGEST),
    "source.read": _read,
    "table.written": _written,
    "table.quarantined": _quarantined,
    "hypothesis.tested": lambda b: str(b["text"]),
    "model.version": lambda b: f"version {b['version']}: {b['reason']}",
    "model.judged": _judged,
    "problem.judged": _judged,
    "policy.changed": _policy,
    "policy.proposed": _policy,
    "release.started": _started,
    "release.ended": _ended,
    "release.rolledback": _ended,
    "release.refused": lambda b: f"version {b['version']} is not released: {b['why']}",
    "deploy.frozen": lambda b: f"{several(len(b['files']), 'file')} frozen as {short(b['digest'])}",
    "thing.renamed": lambda b: f"was called {b['from']} before",
    "approval.asked": lambda b: f"{b['role']} is asked to approve it for {b['endpoint']}",
    "approval.given": lambda b: f"{b['approver']} approved as {b['role']}" + (f": {b['because']}" if b.get("because") else ""),
    "monitor.looked": lambda b: f"looked at {several(b['volume'], 'answer')} of {day_text(b['day'])}: " + _found(b["findings"]),
    # the first of what was found; the incident's page has the others
    "incident.opened": lambda b: cut("; ".join(str(b["text"]).split("; ")[:2]), LONGEST),
    "replay.started": lambda b: f"a replay of {day_text(b['from'] // DAY)} to {day_text(b['to'] // DAY)} begins",
    "replay.done": _replayed,
    "replay.stopped": lambda b: f"the replay was stopped on {day_text(b['to'] // DAY)}",
    "project.declared": lambda b: several(len(b["things"]), "thing") + " declared, as the file says now",
    "source.simulated": lambda b: str(b["rule"]),
    "ledger.opened": lambda b: "the ledger begins",
}
