"""Is the problem solved? The criteria judged on production, by the policy in force; a fact whenever it is judged."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ninefold.ids import canonical, new_id
from ninefold.metrics.judge import Judged
from ninefold.project.home import Home
from ninefold.project.policy import in_force

_FIELDS = set(Judged.__struct_fields__)


def said(criteria: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """The verdict on the problem and why: solved where every criterion is met, not solved where one is not met.

    >>> said([{"verdict": "met", "text": "roc_auc >= 0.7: met"}, {"verdict": "not yet known", "text": "cost <= 1: not yet known"}])
    ('not yet known', 'cost <= 1: not yet known')
    """
    if not criteria:
        return "not yet known", "the problem has no criteria"
    for verdict, name in (("not met", "not solved"), ("not yet known", "not yet known")):
        which = [c["text"] for c in criteria if c["verdict"] == verdict]
        if which:
            return name, "; ".join(which)
    return "solved", "every criterion is met"


def judged(criteria: Sequence[dict[str, Any]]) -> list[Judged]:
    """The criteria as the quality check reads them."""
    return [msgspec.convert({k: v for k, v in c.items() if k in _FIELDS}, Judged) for c in criteria]


def record(tx: Any, home: Home, problem: str, endpoint: str, criteria: Sequence[dict[str, Any]], *, when: int) -> dict[str, Any]:
    """Write the verdict on a problem with its criteria; its fact's body, with ``changed`` where the verdict is another one than before."""
    verdict, why = said(criteria)
    subject = home.subject("problem", problem)
    last, policy = home.ledger.last("problem.judged", subject), in_force(home, problem)
    body = {
        "when": when,
        "endpoint": endpoint,
        "verdict": verdict,
        "why": why,
        "criteria": list(criteria),
        "policy": policy.body["digest"] if policy else "",
        "before": last.body["verdict"] if last else None,
    }
    tx.fact("problem.judged", subject, body)
    rows = [
        {
            "id": new_id(),
            "project": home.project,
            "subject": subject,
            "criterion": c["criterion"],
            "verdict": c["verdict"],
            "as_of": when,
            "at": when,
            "policy": body["policy"],
            "body": canonical({k: v for k, v in c.items() if k != "slices"}).decode(),
        }
        for c in criteria
    ]
    if rows:
        tx.add("verdicts", rows)
    # that a problem without outcomes is not yet known is no news
    return {**body, "changed": (body["before"] or "not yet known") != verdict}


def sentence(problem: str, judged: dict[str, Any]) -> str:
    """The verdict in a sentence: the first criterion that decided it, and how many more did.

    >>> sentence("delays", {"verdict": "not solved", "criteria": [{"verdict": "not met", "text": "cost <= 1: not met, 1.2"}]})
    'delays: not solved (cost <= 1: not met, 1.2)'
    """
    decisive = {"not solved": "not met", "not yet known": "not yet known"}.get(judged["verdict"], "met")
    which = [c["text"] for c in judged["criteria"] if c["verdict"] == decisive]
    more = f" and {len(which) - 1} more" if len(which) > 1 else ""
    return f"{problem}: {judged['verdict']}" + (f" ({which[0]}{more})" if which and decisive != "met" else "")


def unmet(criteria: Sequence[dict[str, Any]]) -> list[str]:
    """What speaks against the problem being solved: criteria that are not met, then those whose estimate lies on the wrong side."""
    wrong = []
    for c in sorted(criteria, key=lambda c: c["verdict"] != "not met"):
        value, limit = c["value"], c["limit"]
        if c["verdict"] == "not met" or (c["verdict"] == "not yet known" and value is not None and (value < limit) == (">=" in c["criterion"])):
            wrong.append(c["text"])
    return wrong
