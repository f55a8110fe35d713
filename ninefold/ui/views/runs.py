"""Runs: executions of the project with their steps, and runs of scripts."""

from typing import Any

import msgspec

from ninefold.ledger import Fact
from ninefold.ui.reading import Reading
from ninefold.ui.views.facts import FactLine, line
from ninefold.ui.views.tracked import RunQuery, TrackedPage, tracked_page
from ninefold.ui.views.tracked_list import TrackedList, TrackedQuery, tracked_list

_KINDS = ["run.started", "run.done", "run.failed"]
_OWN = 50  # runs of the project on the page


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


class RunsPage(msgspec.Struct):
    """Runs of the project, the newest first, and the runs of scripts that were asked for."""

    runs: list[RunLine]
    tracked: TrackedList


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


def runs(reading: Reading, query: TrackedQuery) -> RunsPage:
    """The list of runs."""
    return RunsPage([] if query.asked else _own(reading), tracked_list(reading, query))


def _own(reading: Reading) -> list[RunLine]:
    facts = reading.home.ledger.facts(subject=f"{reading.project}/run", kind=_KINDS, newest_first=True, limit=3 * _OWN)
    ends = {f.body.get("started"): f for f in facts if f.kind != "run.started"}
    return [_line(f, ends.get(f.seq)) for f in facts if f.kind == "run.started"][:_OWN]


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


def run(reading: Reading, name: str, query: RunQuery) -> RunPage | TrackedPage:
    """One run by its id. Raises NotFoundError."""
    found = [r for r in _own(reading) if r.id == name]
    if not found:
        return tracked_page(reading, name, query)
    facts = reading.home.ledger.facts(run=name)
    steps = [_step(f) for f in facts if f.kind in {"step.done", "step.failed"}]
    whole = (found[0].started, max([found[0].started, *(s.at for s in steps)]))
    return RunPage(found[0], whole, steps, [line(f) for f in facts if f.kind not in {"step.done", "step.failed"}][:60])


def _step(fact: Fact) -> StepLine:
    body = fact.body
    error = f"{body.get('error', '')}: {body.get('message', '')}" if fact.kind == "step.failed" else ""
    return StepLine(body["step"], line(fact).path, fact.at, body.get("seconds"), error, fact.key)
