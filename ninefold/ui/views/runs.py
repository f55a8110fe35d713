"""Runs: executions of the project with their steps, and tracked runs with parameters and metrics."""

import math
from itertools import islice
from typing import Any

import msgspec

from ninefold.errors import NotFoundError
from ninefold.ledger import Fact
from ninefold.runs import Runs
from ninefold.runs.points import latest, sampled
from ninefold.ui.reading import Reading
from ninefold.ui.views.facts import FactLine, line

_COLUMNS = "r.id, e.name as experiment, r.name, r.status, r.started, r.ended, r.root"
_FROM = f"select {_COLUMNS} from runs r join experiments e on e.project = r.project and e.id = r.experiment where r.project = ?"
_TRACKED = f"{_FROM} and r.state = 'active' order by r.started desc, r.id desc limit 50"
_ONE = f"{_FROM} and r.id = ?"
_POINTS = 1000  # of each metric; a longer history is sampled


class RunLine(msgspec.Struct):
    """A run of the project. ``ran`` and ``hits`` count steps; ``state`` is done, failed or running."""

    id: str
    path: str
    seq: int
    started: int
    as_of: int | None
    reason: str
    actor: str
    state: str
    seconds: float | None
    ran: int | None
    hits: int | None
    says: str


class Tracked(msgspec.Struct):
    """A tracked run of any script."""

    id: str
    path: str
    experiment: str
    name: str
    status: str
    started: int
    ended: int | None


class RunsPage(msgspec.Struct):
    """Runs of the project, and tracked ones, the newest first."""

    runs: list[RunLine]
    tracked: list[Tracked]


class StepLine(msgspec.Struct):
    """A step that ran. ``subject_path`` is the page of what it made."""

    name: str
    subject_path: str | None
    at: int
    seconds: float | None
    error: str
    key: str | None


class RunPage(msgspec.Struct):
    """One run of the project: its steps in the order in which they ended, and its other facts. ``whole`` is from its start to
    its last step (µs).
    """

    run: RunLine
    whole: tuple[int, int]
    steps: list[StepLine]
    facts: list[FactLine]


class TrackedPage(msgspec.Struct):
    """One tracked run. ``metrics``: key → (step, value)."""

    tracked: Tracked
    params: dict[str, str]
    tags: dict[str, str]
    metrics: dict[str, list[tuple[int, float]]]
    artifacts: list[tuple[str, int]]


def runs(reading: Reading) -> RunsPage:
    """The list of runs."""
    facts = reading.home.ledger.facts(subject=f"{reading.project}/run", kind=["run.started", "run.done", "run.failed"], newest_first=True, limit=150)
    ends = {f.body.get("started"): f for f in facts if f.kind != "run.started"}
    lines = [_line(f, ends.get(f.seq)) for f in facts if f.kind == "run.started"]
    return RunsPage(lines[:50], [_tracked(row) for row in reading.rows(_TRACKED, reading.project)])


def _line(fact: Fact, end: Fact | None) -> RunLine:
    done = end is not None and end.kind == "run.done"
    body: dict[str, Any] = end.body if end is not None else {}
    return RunLine(
        fact.id,
        f"/runs/{fact.id}",
        fact.seq,
        fact.at,
        fact.body.get("as_of"),
        fact.body.get("reason", ""),
        fact.actor,
        "running" if end is None else "done" if done else "failed",
        body.get("seconds"),
        len(body["ran"]) if done else None,
        body.get("hits") if done else None,
        line(end).says if end is not None else "",
    )


def _tracked(row: dict[str, Any]) -> Tracked:
    return Tracked(row["id"], f"/runs/{row['id']}", row["experiment"], row["name"], row["status"], row["started"], row["ended"])


def run(reading: Reading, name: str) -> RunPage | TrackedPage:
    """One run by its id. Raises NotFoundError."""
    rows = reading.rows(_ONE, reading.project, name)
    if rows:
        return _tracked_page(reading, rows[0])
    found = [r for r in runs(reading).runs if r.id == name]
    if not found:
        raise NotFoundError(f"there is no run {name[:60]}", hint="the list of runs has them all")
    facts = reading.home.ledger.facts(run=name)
    steps = [_step(f) for f in facts if f.kind in {"step.done", "step.failed"}]
    whole = (found[0].started, max([found[0].started, *(s.at for s in steps)]))
    return RunPage(found[0], whole, steps, [line(f) for f in facts if f.kind not in {"step.done", "step.failed"}][:60])


def _step(fact: Fact) -> StepLine:
    body = fact.body
    error = f"{body.get('error', '')}: {body.get('message', '')}" if fact.kind == "step.failed" else ""
    return StepLine(body["step"], line(fact).path, fact.at, body.get("seconds"), error, fact.key)


def _tracked_page(reading: Reading, row: dict[str, Any]) -> TrackedPage:
    ledger = reading.home.ledger
    pairs = {
        t: {r["key"]: r["value"] for r in ledger.all(f"select key, value from {t} where run = ? order by key", row["id"])} for t in ("params", "tags")
    }
    metrics: dict[str, list[tuple[int, float]]] = {}
    for newest in latest(ledger, [row["id"]])[row["id"]]:
        points = sampled(ledger, row["id"], newest.key, limit=_POINTS)
        metrics[newest.key] = [(p.step, p.value) for p in points if not math.isnan(p.value)]
    artifacts = [(f.path, f.size) for f in islice(Runs(ledger, reading.home.blobs).artifacts(row["id"]), 200)]
    return TrackedPage(_tracked(row), pairs["params"], pairs["tags"], metrics, artifacts)
