"""The gate before a release: criteria on evidence, approvals where the risk asks for them. Facts decide."""

from dataclasses import dataclass, field
from typing import Any

from ninefold.errors import NotFoundError
from ninefold.governance.approvals import missing
from ninefold.models.records import Version
from ninefold.project.home import Home
from ninefold.project.policy import in_force


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a version may be released; ``why`` says what was weighed, ``blocks`` what is against it, ``waits`` for whom; ``policy``
    is the digest of the one in force.
    """

    passes: bool
    why: list[str]
    blocks: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    policy: str = ""


def gate(home: Home, made: Version) -> Gate:
    """Not met stops a release; not yet known lets it into the canary, said aloud; at high risk all must be met but those that
    only production can tell, and each approver must have said yes. Evidence that was measured before the policy in force was
    declared needs its owner's yes.
    """
    if "registered" in made.body:
        return Gate(True, [f"{made.body['reason']}; no problem says what is good, so nothing was judged"])
    judged = home.ledger.last("model.judged", made.subject)
    if judged is None:
        raise NotFoundError(f"{made.subject} has not been judged", hint="run the project again: ninefold run")
    policy = in_force(home, judged.body["problem"])
    assert policy is not None
    high = policy.body["policy"]["risk"]["level"] == "high"
    criteria: list[dict[str, Any]] = judged.body["criteria"]
    blocks = [c["text"] for c in criteria if c["verdict"] == "not met"]
    if high:
        blocks += [c["text"] for c in criteria if c["verdict"] == "not yet known" and not c.get("production")]
    if judged.body["policy"] != policy.body["digest"]:
        blocks.append("the policy has changed since the evidence was judged: run the project again")
    waits = missing(home, made, policy.body["policy"], policy.body["digest"], after_the_fact=bool(judged.body.get("after_the_fact")))
    return Gate(not blocks and not waits, [c["text"] for c in criteria], blocks, waits, policy.body["digest"])
