"""Why: from one answer back to the release, the version and why it won, the rows behind each value, tables, files, code, approvals, problem.

Nothing of the user's is imported: everything is read from the ledger, the lake, and the bundle that answered.
"""

from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.clock import iso
from ninefold.errors import NotFoundError
from ninefold.ledger import Fact
from ninefold.project.explaining.behind import Value
from ninefold.project.explaining.lineage import Made, lineage
from ninefold.project.home import Home

if TYPE_CHECKING:
    from ninefold.endpoints.questions import Request
    from ninefold.models.records import Version


class Table(msgspec.Struct, frozen=True):
    """A version of a table that a model learned from; ``quarantined`` rows were kept out, for ``reasons``."""

    name: str
    version: int
    rows: int
    quarantined: int
    reasons: dict[str, int]
    content: str


class File(msgspec.Struct, frozen=True):
    """A file (or query) that a source had read, with its SHA-256."""

    source: str
    path: str
    sha256: str
    bytes: int
    rows: int


class Origin(msgspec.Struct, frozen=True):
    """Where a version comes from. Times are µs; ``facts`` the numbers of the facts that say so. ``registered`` says of one that a client
    registered: source, run, logged model, by whom, when, library, file; empty for those of the project.
    """

    model: str
    version: int
    bundle: str
    made_at: int
    made_by: str
    winner: str
    reason: str
    candidates: list[dict[str, Any]]
    criteria: list[dict[str, Any]]
    training: dict[str, Any]
    tables: list[Table]
    files: list[File]
    packages: dict[str, str]
    policy: dict[str, Any]
    problem: dict[str, Any]
    approvals: list[dict[str, Any]]
    facts: list[int]
    registered: dict[str, Any] = {}


class Why(msgspec.Struct, frozen=True):
    """One answer and everything behind it. ``asked_at`` is the decision time, ``answered_at`` the machine's clock, both µs; times in ``key`` and
    ``question`` are ISO 8601 in the zone ``tz``.
    """

    prediction: str
    project: str
    endpoint: str
    asked_at: int
    answered_at: int
    key: dict[str, Any]
    tz: str | None
    question: dict[str, Any]
    score: Any
    decision: Any
    threshold: float | None
    variant: str
    scores: dict[str, Any]
    outcome: dict[str, Any] | None
    acts: list[dict[str, Any]]
    values: list[Value]
    origin: Origin
    release: dict[str, Any]
    code: dict[str, Any]
    facts: list[int]


def why_prediction(home: Home, id: str) -> Why:
    """Everything behind the prediction ``id``. Raises NotFoundError where no endpoint has given it."""
    from ninefold.bundles.manifest import verified
    from ninefold.endpoints.questions import Request
    from ninefold.features.spec import GroupSpec
    from ninefold.models.records import version as version_of
    from ninefold.project.explaining.behind import behind
    from ninefold.project.live.answers import acts, find, outcome

    endpoint, one = find(home, id)
    release = release_of(home, endpoint, one.version, one.at)
    released = {**release.body, "by": release.actor, "fact": release.seq}
    made = version_of(home.ledger, home.project, released["model"], one.version)
    files = verified(home.path("bundles", made.bundle), made.digest)[1]
    request = msgspec.json.decode(files["request.json"], type=Request)
    groups = msgspec.json.decode(files["features.json"], type=list[GroupSpec])
    names = {g.table.name for g in groups if g.table is not None}
    versions = {name: _version_then(home, name, one.at) for name in names}
    unseen = personal(home)
    values = behind(home, groups, request, one.row, one.q, one.values, versions=versions, personal=unseen)
    asked = _shown(one.row, request)
    question = {c: v for c, v in asked.items() if c not in unseen.get(request.asked, ())}
    kept = msgspec.json.decode(files["scoring.json"]).get("decision", {})
    origin = origin_of(home, made)
    return Why(
        prediction=id,
        project=home.project,
        endpoint=endpoint,
        asked_at=one.q,
        answered_at=one.at,
        tz=request.tz,
        key={c: asked[c] for c in request.key},
        question=question,
        score=one.score,
        decision=one.decision,
        threshold=kept.get("threshold"),
        variant=one.variant,
        scores=one.scores,
        outcome=outcome(home, endpoint, one.key),
        acts=acts(home, endpoint, id),
        values=values,
        origin=origin,
        release=released,
        code=code_of(home, released.get("frozen", "")),
        facts=[released["fact"], *origin.facts],
    )


def _shown(row: dict[str, Any], request: "Request") -> dict[str, Any]:
    """A question's columns as people read them: times in the table's zone."""
    times = {c for c, kind in request.columns.items() if kind.startswith("Datetime")}
    return {c: iso(v, request.tz) if c in times and isinstance(v, int) else v for c, v in row.items()}


def origin_of(home: Home, made: "Version") -> Origin:
    """Where a version comes from, from its facts and the steps that were recorded."""
    fact = home.ledger.last("model.version", made.subject)
    judged = home.ledger.last("model.judged", made.subject)
    steps = lineage(home.ledger, home.project, f"model/{made.model}", made.digest)
    body = made.body
    report = msgspec.json.decode(home.blobs.get(body["report"])) if "report" in body else {}
    problem = judged.body["problem"] if judged else ""
    called = home.goes_on_as(problem) or problem
    policy = _policy_of(home, problem, judged.body["policy"]) if judged else None
    said = declared(home)
    approvals = home.ledger.facts(kind="approval.given", subject=made.subject)
    training = next((s for s in steps if s.name == f"training/{made.model}"), None)
    registered = home.ledger.last("version.registered", made.subject) if "registered" in body else None
    return Origin(
        model=made.model,
        version=made.version,
        bundle=made.digest,
        made_at=made.at,
        made_by=fact.actor if fact else "",
        winner=body.get("winner", ""),
        reason=body.get("reason", ""),
        candidates=report.get("chosen", {}).get("table", []),
        criteria=judged.body["criteria"] if judged else [],
        training=_training(body, training),
        tables=[_table(s) for s in steps if s.name.startswith("table/")],
        files=[File(s.name.partition("/")[2], f["path"], f["sha256"], f["bytes"], f["rows"]) for s in steps for f in s.ref.get("files", [])],
        packages={name: version for step in steps for name, version in step.packages.items()},
        policy=_policy(policy),
        problem={"name": called, "question": said.get(called, {}).get("doc", ""), **said.get(called, {}).get("says", {})},
        approvals=[{**f.body, "at": f.at, "fact": f.seq} for f in approvals],
        facts=[f.seq for f in (registered, fact, judged, policy, *approvals) if f is not None],
        registered=body.get("registered", {}),
    )


def declared(home: Home) -> dict[str, dict[str, Any]]:
    """What the project's file said when it last ran, by thing: ``noun``, ``doc``, ``says``, ``personal``."""
    fact = home.ledger.last("project.declared", f"{home.project}/project")
    things: dict[str, dict[str, Any]] = fact.body["things"] if fact else {}
    return things


def personal(home: Home) -> dict[str, list[str]]:
    """The columns of each table that are not shown."""
    return {name: thing.get("personal") or [] for name, thing in declared(home).items() if thing["noun"] == "table"}


def _training(body: dict[str, Any], step: Made | None) -> dict[str, Any]:
    found = {"from": body.get("from"), "to": body.get("to"), "as_of": body.get("as_of"), "rows": body.get("rows"), "content": body.get("training")}
    return {**found, "states": step.ref.get("states") if step else None, "version": body.get("training_version")}


def _table(step: Made) -> Table:
    ref = step.ref
    reasons = {rule: n for rule, n in ref.get("reasons", {}).items() if n}
    return Table(step.name.partition("/")[2], ref["version"], ref["rows"], ref.get("quarantined", 0), reasons, step.content)


def _policy_of(home: Home, problem: str, digest: str) -> Fact | None:
    """The policy by which a version was judged, whatever is in force now."""
    facts = home.ledger.facts(kind="policy.changed", subject=home.subject("problem", problem), newest_first=True)
    return next((f for f in facts if f.body["digest"] == digest), None)


def _policy(fact: Fact | None) -> dict[str, Any]:
    if fact is None:
        return {}
    policy = fact.body["policy"]
    return {
        "digest": fact.body["digest"],
        "owner": policy["owner"],
        "risk": policy["risk"]["level"],
        "approvers": policy["risk"]["approve"],
        "since": fact.at,
        "author": fact.body.get("author"),
        "approved_by": fact.body.get("approved_by"),
        "fact": fact.seq,
    }


def release_of(home: Home, endpoint: str, version: int, at: int) -> Fact:
    """The release whose version answered at ``at``: by the facts, in the order of the machine's clock. Raises NotFoundError."""
    facts = home.ledger.facts(kind="release.started", subject=home.subject("endpoint", endpoint), newest_first=True)
    fitting = [f for f in facts if f.body["version"] == version]
    if not fitting:
        raise NotFoundError(f"no release of version {version} to {endpoint} is recorded", hint="ninefold audit verify")
    return next((f for f in fitting if f.at <= at), fitting[-1])


def _version_then(home: Home, table: str, at: int) -> int | None:
    """The stored version of a table that there was when an answer was given."""
    facts = home.ledger.facts(kind="table.written", prefix=f"{home.subject('table', table)}@", newest_first=True)
    fact = next((f for f in facts if f.at <= at), None)
    return int(fact.body["version"]) if fact else None


def code_of(home: Home, frozen: str) -> dict[str, Any]:
    """The frozen code of a release: digest, files, commit, what was not committed, packages, Python."""
    facts = home.ledger.facts(kind="deploy.frozen", prefix=f"{home.project}/", newest_first=True)
    fact = next((f for f in facts if f.body["digest"] == frozen), None)
    return {"frozen": frozen, **{k: v for k, v in (fact.body if fact else {}).items() if k != "digest"}, "fact": fact.seq if fact else None}
