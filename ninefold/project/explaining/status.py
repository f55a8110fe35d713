"""Where a project stands, from facts and records alone: no engine is loaded, nothing of the user's is imported."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from ninefold.ledger import Fact, Ledger
from ninefold.project.home import Home
from ninefold.units import many

Verdict = Literal["solved", "not solved", "not yet known"]
State = Literal["done", "attention", "missing"]

_VERSIONS = "select model, max(version) as version, count(*) as n from versions where project = ? group by model"
_RELEASES = (
    "select endpoint, model, version, kind, share, state, started from releases where project = ? and ended is null order by endpoint, started"
)
_ITEMS = "select id, title, waits_for, subject, opened from items where project = ? and state = 'open' order by opened"
_INCIDENTS = "select id, monitor, severity, title, opened from incidents where project = ? and state = 'open' order by opened"
NOUNS = ("problem", "source", "table", "metric", "hypothesis", "features", "model", "endpoint", "monitor")


class Solved(msgspec.Struct, frozen=True):
    """Whether a problem is solved by its own criteria. ``judged_on`` says on what: production, or the test span of a version;
    ``at`` when (µs, by the clock of whoever judged).
    """

    problem: str
    question: str
    owner: str
    verdict: Verdict
    judged_on: str
    at: int | None
    criteria: list[dict[str, Any]]


class Stage(msgspec.Struct, frozen=True):
    """One of the nine: its things by name with the numbers that matter, and whether it needs attention."""

    number: int
    noun: str
    state: State
    text: str
    things: list[dict[str, Any]]


class Waiting(msgspec.Struct, frozen=True):
    """What waits for whom, since when (µs), and the command that goes on."""

    what: str
    whom: str
    since: int
    next: str


class Status(msgspec.Struct, frozen=True):
    """A project at one glance. ``run`` is its newest run; ``releases`` are those that answer now."""

    project: str
    environment: str
    problems: list[Solved]
    stages: list[Stage]
    releases: list[dict[str, Any]]
    waiting: list[Waiting]
    run: dict[str, Any] | None
    next: str


def status(home: Home) -> Status:
    """Where the project of ``home`` stands."""
    ledger, project = home.ledger, home.project
    fact = ledger.last("project.declared", f"{project}/project")
    things: dict[str, dict[str, Any]] = fact.body["things"] if fact else {}
    seen = _Seen(ledger, project, things)
    problems = [_solved(seen, name) for name in seen.named("problem")]
    waiting = _waiting(seen)
    run = _run(seen)
    stages = [_stage(seen, number, noun) for number, noun in enumerate(NOUNS, 1)]
    return Status(project, home.settings.environment, problems, stages, seen.releases, waiting, run, _next(seen, run, waiting))


class _Seen:
    """What several parts of the status read, each once."""

    def __init__(self, ledger: Ledger, project: str, things: dict[str, dict[str, Any]]) -> None:
        self.ledger, self.project, self.things = ledger, project, things
        self.versions: dict[str, int] = {row["model"]: row["version"] for row in ledger.all(_VERSIONS, project)}
        self.releases: list[dict[str, Any]] = [dict(row) for row in ledger.all(_RELEASES, project)]
        self.incidents: list[dict[str, Any]] = [dict(row) for row in ledger.all(_INCIDENTS, project)]
        self.items: list[dict[str, Any]] = [dict(row) for row in ledger.all(_ITEMS, project)]

    def named(self, noun: str) -> list[str]:
        """The names of the things of a noun, as the file declares them."""
        return [name for name, thing in self.things.items() if thing["noun"] == noun]

    def last(self, kind: str, noun: str, name: str, version: object = None) -> Fact | None:
        """The newest fact of a kind about a thing."""
        return self.ledger.last(kind, f"{self.project}/{noun}/{name}" + (f"@{version}" if version is not None else ""))

    def newest(self, kind: str, noun: str, name: str) -> Fact | None:
        """The newest fact of a kind about any version of a thing."""
        found = self.ledger.facts(kind=kind, prefix=f"{self.project}/{noun}/{name}@", newest_first=True, limit=1)
        return found[0] if found else None

    def champion(self, model: str) -> int | None:
        """The version of a model that answers now."""
        return next((r["version"] for r in self.releases if r["model"] == model and r["state"] == "champion"), None)

    def answers(self, model: str, number: int) -> bool:
        """Whether a version is released now, as champion or beside it."""
        return any((r["model"], r["version"]) == (model, number) for r in self.releases)


def _solved(seen: _Seen, name: str) -> Solved:
    thing = seen.things[name]
    live = seen.last("problem.judged", "problem", name)
    if live is not None:
        criteria, on, at = live.body["criteria"], "production", live.body.get("when", live.at)
        if live.body.get("endpoint"):
            on = f"production, the questions of {live.body['endpoint']}"
    else:
        criteria, on, at = _on_test(seen, name)
    return Solved(name, thing["doc"], thing["says"].get("owner", ""), verdict_of(criteria), on, at, criteria)


def _on_test(seen: _Seen, problem: str) -> tuple[list[dict[str, Any]], str, int | None]:
    """The criteria of the version that answers now, else of the newest, on its test span."""
    for model in seen.versions:
        number = seen.champion(model) or seen.versions[model]
        judged = seen.last("model.judged", "model", model, number)
        if judged is not None and judged.body["problem"] == problem:
            return judged.body["criteria"], f"the test span of {model}@{number}", judged.at
    return [], "nothing has been judged yet", None


def verdict_of(criteria: list[dict[str, Any]]) -> Verdict:
    """Solved where every criterion is met; not solved where one is not met; else not yet known.

    >>> verdict_of([{"verdict": "met"}, {"verdict": "not yet known"}]), verdict_of([{"verdict": "not met"}]), verdict_of([])
    ('not yet known', 'not solved', 'not yet known')
    """
    verdicts = {c["verdict"] for c in criteria}
    if "not met" in verdicts:
        return "not solved"
    return "solved" if verdicts == {"met"} else "not yet known"


def _run(seen: _Seen) -> dict[str, Any] | None:
    found = seen.ledger.facts(kind=("run.started", "run.done", "run.failed"), subject=f"{seen.project}/run", newest_first=True, limit=1)
    if not found:
        return None
    state = {"run.started": "running, or cut off", "run.done": "done", "run.failed": "failed"}[found[0].kind]
    return {"state": state, "at": found[0].at, **{k: v for k, v in found[0].body.items() if k in {"ran", "hits", "seconds", "error", "as_of"}}}


def _waiting(seen: _Seen) -> list[Waiting]:
    found = [Waiting(item["title"], item["waits_for"], item["opened"], f"ninefold items close {item['id']}") for item in seen.items]
    for problem in seen.named("problem"):
        policy, proposed = seen.last("policy.changed", "problem", problem), seen.last("policy.proposed", "problem", problem)
        if proposed is not None and (policy is None or proposed.seq > policy.seq):
            what = f"a changed policy of {problem}: {'; '.join(proposed.body['changes'])}"
            whom = f"an approver who is not {proposed.body['author']}"
            found.append(Waiting(what, whom, proposed.at, f"ninefold approve policy:{problem} --as ROLE"))
        if policy is not None:
            found += _approvals(seen, problem, policy)
    return found


def _approvals(seen: _Seen, problem: str, policy: Fact) -> list[Waiting]:
    """Approvals that the newest versions still need before they may answer: at high risk those that the policy names, and the
    owner's where the evidence was measured before the policy.
    """
    risk, owner = policy.body["policy"]["risk"], policy.body["policy"]["owner"]
    found = []
    for model, number in seen.versions.items():
        judged, made = seen.last("model.judged", "model", model, number), seen.last("model.version", "model", model, number)
        if judged is None or made is None or judged.body["problem"] != problem or seen.answers(model, number):
            continue
        asked = [*(risk["approve"] if risk["level"] == "high" else []), *([owner] if judged.body.get("after_the_fact") else [])]
        given = {
            f.body["role"]
            for f in seen.ledger.facts(kind="approval.given", subject=made.subject)
            if f.body["bundle"] == made.body["digest"] and f.body["policy"] == policy.body["digest"]
        }
        found += [
            Waiting(f"the approval of {model}@{number}", role, made.at, f"ninefold approve {model}@{number} --as {role}")
            for role in dict.fromkeys(asked)
            if role not in given
        ]
    return found


def _next(seen: _Seen, run: dict[str, Any] | None, waiting: list[Waiting]) -> str:
    """The command that goes on from here."""
    if run is None or run["state"] != "done":
        return "ninefold run"
    if waiting:
        return waiting[0].next
    if seen.incidents:
        return f"ninefold why {seen.incidents[0]['id']}"
    for endpoint in seen.named("endpoint"):
        models = [n for n in seen.things[endpoint]["needs"] if n in seen.versions]
        answering = {(r["model"], r["version"]) for r in seen.releases if r["endpoint"] == endpoint}
        if models and (models[0], seen.versions[models[0]]) not in answering:
            return f"ninefold deploy {endpoint}"
    return "ninefold up" if seen.releases else "ninefold explore"


def _stage(seen: _Seen, number: int, noun: str) -> Stage:
    names = seen.named(noun)
    if not names:
        return Stage(number, noun, "missing", "none is declared", [])
    told = [_LINES[noun](seen, name) for name in names]
    state: State = "missing" if any(t["state"] == "missing" for t in told) else "done"
    if any(t["state"] == "attention" for t in told):
        state = "attention"
    return Stage(number, noun, state, "; ".join(t["text"] for t in told), told)


def _line(name: str, state: State, text: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "state": state, "text": f"{name}: {text}" if text else name, **more}


def _problem(seen: _Seen, name: str) -> dict[str, Any]:
    solved = _solved(seen, name)
    met = sum(c["verdict"] == "met" for c in solved.criteria)
    state: State = "attention" if solved.verdict == "not solved" else "done" if solved.criteria else "missing"
    text = f"{met} of {len(solved.criteria)} {'criterion' if len(solved.criteria) == 1 else 'criteria'} met" if solved.criteria else "not judged yet"
    return _line(name, state, f"{text}, owner {solved.owner}", met=met, criteria=len(solved.criteria))


def _source(seen: _Seen, name: str) -> dict[str, Any]:
    fact = seen.last("source.read", "source", name)
    if fact is not None:
        return _line(name, "done", many(fact.body["rows"], "row"), rows=fact.body["rows"], at=fact.at)
    reads = seen.things[name]["says"].get("reads", "")
    collected = not reads or reads == "rows that are posted"
    return _line(name, "done" if collected else "missing", "collected over HTTP" if collected else "not read yet")


def _table(seen: _Seen, name: str) -> dict[str, Any]:
    fact = seen.newest("table.written", "table", name)
    if fact is None:
        return _line(name, "missing", "not made yet")
    rows, kept, version = fact.body["rows"], fact.body["quarantined"], fact.body["version"]
    text = many(rows, "row") + (f", {kept:,} quarantined" if kept else "")
    return _line(f"{name}@{version}", "done", text, rows=rows, quarantined=kept, version=version, at=fact.at)


def _metric(seen: _Seen, name: str) -> dict[str, Any]:
    return _line(name, "done", "")


def _hypothesis(seen: _Seen, name: str) -> dict[str, Any]:
    fact = seen.last("hypothesis.tested", "hypothesis", name)
    if fact is None:
        return _line(name, "missing", "not tested yet")
    return _line(name, "done", fact.body["verdict"], verdict=fact.body["verdict"], at=fact.at)


def _features(seen: _Seen, name: str) -> dict[str, Any]:
    return _line(name, "done", "")


def _model(seen: _Seen, name: str) -> dict[str, Any]:
    number = seen.versions.get(name)
    fact = seen.last("model.version", "model", name, number) if number is not None else None
    if fact is None:
        return _line(name, "missing", "no version yet")
    rows = fact.body.get("rows", {}).get("everything")
    learned = f", learned from {many(rows, 'question')}" if rows else ""
    winner = fact.body.get("winner", "")
    return _line(f"{name}@{number}", "done", f"{winner} won{learned}", version=number, winner=winner, at=fact.at)


def _endpoint(seen: _Seen, name: str) -> dict[str, Any]:
    mine = [r for r in seen.releases if r["endpoint"] == name]
    if not mine:
        return _line(name, "missing", "nothing is released")
    how = {r["version"]: "answers" if r["state"] == "champion" else f"is tried on {r['share']:.0%}" for r in mine}
    return _line(name, "done", ", ".join(f"{r['model']}@{r['version']} {how[r['version']]}" for r in mine), releases=mine)


def _monitor(seen: _Seen, name: str) -> dict[str, Any]:
    mine = [i for i in seen.incidents if i["monitor"] == name]
    looked = seen.last("monitor.looked", "monitor", name)
    if mine:
        return _line(name, "attention", f"{len(mine)} open: {mine[-1]['title']}", incidents=mine)
    if looked is None:
        return _line(name, "missing", "has not looked yet")
    return _line(name, "done", "nothing open", at=looked.body.get("when", looked.at))


_LINES: dict[str, Callable[[_Seen, str], dict[str, Any]]] = {
    "problem": _problem,
    "source": _source,
    "table": _table,
    "metric": _metric,
    "hypothesis": _hypothesis,
    "features": _features,
    "model": _model,
    "endpoint": _endpoint,
    "monitor": _monitor,
}
