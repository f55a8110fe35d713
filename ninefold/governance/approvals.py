"""Approvals: a named person says yes to one version under one policy; whoever made it may not."""

from typing import Any

from ninefold.errors import DeniedError, NotFoundError
from ninefold.ledger import Fact
from ninefold.models.records import Version, version
from ninefold.project.home import Home
from ninefold.project.policy import adopt, in_force, proposed


def problem_of(home: Home, made: Version) -> str:
    """The problem that a version was made for, from the fact of its judgement."""
    judged = home.ledger.last("model.judged", made.subject)
    if judged is None:
        raise NotFoundError(f"{made.subject} has not been judged yet", hint="run the project first")
    return str(judged.body["problem"])


def approve(home: Home, model: str, number: int, *, approver: str, role: str, because: str = "", actor: str | None = None) -> Fact:
    """Approve a version as ``role``; the approval binds to its bundle and to the policy in force: changing either voids it.

    The owner accepts evidence that was measured before the policy was changed; below high risk that may be its author.
    ``actor`` is who did it where that is not the user of this process. Raises DeniedError where the approver made the version, or
    the policy does not ask for that role.
    """
    made = version(home.ledger, home.project, model, number)
    problem = problem_of(home, made)
    policy = in_force(home, problem)
    assert policy is not None
    risk, owner = policy.body["policy"]["risk"], policy.body["policy"]["owner"]
    asked = [*risk["approve"], owner]
    if role not in asked:
        raise DeniedError(f'the policy of "{problem}" does not ask "{role}"', hint=f"it asks {', '.join(dict.fromkeys(asked))}")
    author = author_of(home, made)
    if approver == author and (role != owner or risk["level"] == "high"):
        raise DeniedError(f'"{approver}" made {made.subject} and may not approve it', hint="somebody else has to")
    body = {"approver": approver, "role": role, "bundle": made.digest, "policy": policy.body["digest"], "because": because, "author": author}
    return home.ledger.record("approval.given", made.subject, body, actor=actor)


def approve_policy(home: Home, problem: str, *, approver: str, role: str) -> Fact:
    """Put a proposed policy in force, as a role that the policy in force asks, or its owner. Its author may not."""
    waiting = proposed(home, problem)
    if waiting is None:
        hint = "a change waits once the project was run with it: ninefold run"
        raise NotFoundError(f'no change of the policy of "{problem}" waits for an approval', hint=hint)
    if approver == waiting.body["author"]:
        raise DeniedError(f'"{approver}" proposed the policy and may not approve it', hint="somebody else has to")
    now = in_force(home, problem)
    asked = [*now.body["policy"]["risk"]["approve"], now.body["policy"]["owner"]] if now is not None else []
    if role not in asked:
        raise DeniedError(f'the policy of "{problem}" does not ask "{role}"', hint=f"it asks {', '.join(dict.fromkeys(asked))}")
    adopted = adopt(home, problem, approver)
    assert adopted is not None
    return adopted


def author_of(home: Home, made: Version) -> str:
    """Who made a version: the actor of its fact."""
    fact = home.ledger.last("model.version", made.subject)
    return fact.actor if fact is not None else ""


def given(home: Home, made: Version, policy: str) -> dict[str, str]:
    """Role → approver, of the approvals that hold for this bundle under this policy."""
    facts = home.ledger.facts(kind="approval.given", subject=made.subject)
    return {f.body["role"]: f.body["approver"] for f in facts if f.body["bundle"] == made.digest and f.body["policy"] == policy}


def missing(home: Home, made: Version, policy: dict[str, Any], digest: str, *, after_the_fact: bool = False) -> list[str]:
    """Roles whose approval a release still needs: at high risk those that the policy names, and the owner where the evidence was
    measured before the policy (``after_the_fact``).
    """
    asked = list(policy["risk"]["approve"]) if policy["risk"]["level"] == "high" else []
    if after_the_fact:
        asked.append(policy["owner"])
    have = given(home, made, digest)
    return [role for role in dict.fromkeys(asked) if role not in have]
