"""The sections of a card that tell what happened since: releases and gates, monitors and incidents, approvals, the policy."""

from collections.abc import Iterator
from typing import Any

from ninefold.governance.case import Case
from ninefold.governance.document import Section
from ninefold.governance.proved import moment
from ninefold.governance.wording import listed, when
from ninefold.ledger import Fact
from ninefold.units import many

RELEASES = ("release.started", "release.ended", "release.rolledback", "release.refused", "canary.judged")
_RETRAININGS = ("retrain.started", "retrain.done", "retrain.failed", "retrain.skipped")
_VERB = {
    "release.started": "released",
    "release.ended": "ended",
    "release.rolledback": "rolled back",
    "release.refused": "refused",
    "canary.judged": "judged",
}


def releases(case: Case) -> Section:
    """When this version answered, how much of the questions, and what the gate said."""
    section = Section("Releases and gates")
    for endpoint in case.endpoints:
        facts = [f for f in case.of(*RELEASES, endpoint=endpoint) if f.body.get("version") == case.made.version]
        section.table(["endpoint", "when", "what", "as", "share", "why"], (release_row(endpoint, f) for f in facts), right=[4])
        for fact in facts:
            if fact.kind == "release.started" and fact.body.get("gate"):
                section.say(f"The gate to “{endpoint}” weighed: {'; '.join(fact.body['gate'])}.", fact.seq)
        frozen = [f for f in facts if f.body.get("frozen")]
        for fact in frozen[-1:]:
            _frozen(section, fact, [f for f in case.of("deploy.frozen", endpoint=endpoint) if f.body["digest"] == fact.body["frozen"]])
    if not section.parts:
        section.lacks("a release of this version")
    return section


def _frozen(section: Section, release: Fact, deployed: list[Fact]) -> None:
    """The code that answers: its digest, and the commit that it was frozen from."""
    section.say(f"The code that it runs with is frozen as {release.body['frozen']}.", release.seq, *(f.seq for f in deployed[-1:]))
    body = deployed[-1].body if deployed else {}
    if body.get("commit"):
        files = body.get("uncommitted") or []
        changed = f", with uncommitted changes in {listed(files)}" if files else ", without uncommitted changes"
        section.say(f"It was deployed from the commit {body['commit']}{changed}.", deployed[-1].seq)
    else:
        section.lacks("the commit of the code that answers")
    if body.get("packages"):
        packages = ", ".join(f"{name} {version}" for name, version in sorted(body["packages"].items()))
        section.say(f"Packages: {packages}.", deployed[-1].seq)


def release_row(endpoint: str, fact: Fact) -> tuple[list[object], list[int]]:
    """A fact about a release as a row of a table, with its number."""
    body = fact.body
    share = f"{body['share']:.0%}" if isinstance(body.get("share"), int | float) else ""
    return [
        endpoint,
        when(moment(fact)),
        _VERB[fact.kind],
        body.get("state") or body.get("decision", ""),
        share,
        body.get("why") or body.get("text") or body.get("reason", ""),
    ], [fact.seq]


def monitors(case: Case) -> Section:
    """What is watched, and what was found."""
    section, policy = Section("Monitors and incidents"), case.policy
    for name, rules in policy.body["policy"]["monitors"].items() if policy is not None else ():
        assert policy is not None
        section.say(
            f"“{name}” looks every {rules['every']}: {listed(_check(c) for c in rules['checks'])}; false alarms allowed: {rules['false_alarms']}.",
            policy.seq,
        )
        subject = case.home.subject("monitor", name)
        looks = case.home.ledger.facts(kind="monitor.looked", subject=subject)
        if looks:
            section.say(f"It has looked {many(len(looks), 'time')}, last at {when(moment(looks[-1]))}.", looks[0].seq, looks[-1].seq)
        else:
            section.lacks(f"a look of “{name}”")
    opened = case.home.ledger.facts(kind=("incident.opened", "incident.closed"), prefix=case.home.project + "/")
    section.table(["when", "incident", "what"], (_incident(f) for f in opened))
    tried = case.home.ledger.facts(kind=_RETRAININGS, prefix=case.home.project + "/")
    section.table(["when", "retraining", "what"], (_retrained(f) for f in tried))
    if not section.parts:
        section.lacks("monitors")
    return section


def _check(check: dict[str, Any]) -> str:
    by = f" by {listed(check['by'])}" if check.get("by") else ""
    then = check.get("then")
    return f"{check['kind']}{by}" + (f" (then {then['kind']}{' ' + then['whom'] if then.get('whom') else ''})" if then else "")


def _incident(fact: Fact) -> tuple[list[object], list[int]]:
    return [when(moment(fact)), fact.kind.partition(".")[2], fact.body["text"]], [fact.seq]


def _retrained(fact: Fact) -> tuple[list[object], list[int]]:
    body = fact.body  # what was skipped or failed says why, what is done says what came of it, what was started only its reason
    return [when(moment(fact)), fact.kind.partition(".")[2], body.get("why") or body.get("text") or body["reason"]], [fact.seq]


def approvals(case: Case) -> Section:
    """Who said yes, to what, under which policy."""
    section = Section("Approvals")
    facts = case.home.ledger.facts(kind="approval.given", subject=case.made.subject)
    section.table(["when", "who", "as", "bundle", "policy", "because"], (_approval(f) for f in facts))
    author = case.born.actor
    section.say(f"The version was made by {author}.", case.born.seq)
    policy = case.policy
    if policy is not None:
        asked = policy.body["policy"]["risk"]["approve"]
        have = {f.body["role"] for f in facts if f.body["bundle"] == case.made.digest and f.body["policy"] == policy.body["digest"]}
        waiting = [role for role in asked if role not in have]
        if waiting:
            section.say(f"Still to approve: {listed(waiting)}.", policy.seq)
    if not facts:
        section.lacks("an approval")
    return section


def _approval(fact: Fact) -> tuple[list[object], list[int]]:
    body = fact.body
    return [when(fact.at), body["approver"], body["role"], body["bundle"][:12], body["policy"][:12], body.get("because", "")], [fact.seq]


def policy(case: Case) -> Section:
    """The rules in force when the version was judged, and how they changed."""
    section = Section("Policy and its changes")
    if not case.policies:
        section.lacks("a policy")
        return section
    if case.policy is not None:
        rules, seq = case.policy.body["policy"], case.policy.seq
        before = " before it was measured" if seq < case.judged[-1].seq else ""
        section.say(
            f"Evidence was judged by the policy {case.policy.body['digest']}, in force{before}; production is judged over {rules['window']}.",
            seq,
            case.judged[-1].seq,
        )
    section.table(["when", "what", "by", "changes"], _policies(case.policies))
    return section


def _policies(facts: list[Fact]) -> Iterator[tuple[list[object], list[int]]]:
    for fact in facts:
        body = fact.body
        what = "proposed" if fact.kind == "policy.proposed" else "in force"
        by = f"{body['author']}, approved by {body['approved_by']}" if body.get("approved_by") else body["author"]
        yield [when(fact.at), f"{what} {body['digest'][:12]}", by, "; ".join(body["changes"]) or "the first"], [fact.seq]
