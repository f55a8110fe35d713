"""Approvals over HTTP: whoever is signed in says yes, in their own name."""

from typing import Any

import msgspec

from ninefold.accounts.caller import LOCAL
from ninefold.errors import DeniedError, UsageError
from ninefold.governance.approvals import approve, approve_policy
from ninefold.project.home import Home
from ninefold.web.call import Call
from ninefold.web.route import Route, route

APPROVES = ("approver",)


class Approval(msgspec.Struct):
    """``role``: the one that the policy asks; ``because``: why."""

    role: str
    because: str = ""


class Given(msgspec.Struct):
    """The fact that says so."""

    fact: int
    subject: str
    approver: str


def routes(home: Home) -> list[Route]:
    """Approving versions and policies of the project that is served."""

    def version(call: Call, body: Approval, name: str, version: str) -> Given:
        """Approve a version of a model, in the name of whoever is signed in. Whoever made it may not."""
        who = _signed_in(call)
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            raise UsageError(f'"{version[:40]}" is no version', hint="write its number: /api/models/forecast/3/approve")
        fact = approve(home, name, int(version), approver=who, role=body.role, because=body.because, actor=who)
        return Given(fact.seq, fact.subject, who)

    def policy(call: Call, body: Approval, name: str) -> Given:
        """Put the proposed policy of a problem in force, in the name of whoever is signed in. Its author may not."""
        who = _signed_in(call)
        fact = approve_policy(home, name, approver=who, role=body.role)
        return Given(fact.seq, fact.subject, who)

    given: Any = {"who": APPROVES, "reach": "served", "blocking": True}
    return [route("POST", "/api/models/{name}/{version}/approve", version, **given), route("POST", "/api/problems/{name}/approve", policy, **given)]


def _signed_in(call: Call) -> str:
    if call.who is LOCAL:
        raise DeniedError("nobody is signed in, and an approval has a name", hint="say who: ninefold approve MODEL@VERSION --as ROLE --by NAME")
    return str(call.who.name)
