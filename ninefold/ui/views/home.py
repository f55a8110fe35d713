"""The home page: is the problem solved, the nine stages, what waits for whom, what happened lately, the next step."""

import msgspec

from ninefold.project.explaining.status import NOUNS, status
from ninefold.ui.reading import Reading
from ninefold.ui.views.facts import FactLine, condensed
from ninefold.ui.views.items import open_items
from ninefold.ui.views.standing import Standing, standings
from ninefold.ui.views.states import State, state_of
from ninefold.ui.views.thing import path_to
from ninefold.ui.wording import several
from ninefold.units import plural

LATELY = (
    "run.done",
    "run.failed",
    "hypothesis.tested",
    "model.version",
    "model.judged",
    "problem.judged",
    "policy.changed",
    "policy.proposed",
    "release.started",
    "release.ended",
    "release.rolledback",
    "release.refused",
    "approval.asked",
    "approval.given",
    "incident.opened",
    "incident.closed",
    "retrain.started",
    "retrain.done",
    "canary.judged",
    "backup.made",
    "restore.made",
    "replay.started",
    "replay.done",
    "replay.stopped",
    "source.read",
    "table.quarantined",
)


class Member(msgspec.Struct):
    """A thing of a stage."""

    name: str
    path: str
    state: State


class Stage(msgspec.Struct):
    """One of the nine stages: its things and, in ``state``, what matters most of theirs."""

    number: int
    noun: str
    title: str
    path: str
    state: State
    things: list[Member]


class Waits(msgspec.Struct):
    """What waits for whom, since when (µs), and the command that goes on; ``path`` is its page if it has one."""

    what: str
    whom: str
    since: int
    command: str
    path: str | None


class HomePage(msgspec.Struct):
    """``next`` is what to do now, ``command`` how."""

    project: str
    standings: list[Standing]
    stages: list[Stage]
    waiting: list[Waits]
    lately: list[FactLine]
    next: str
    command: str


def home(reading: Reading) -> HomePage:
    """The home page of a project, also of one in which nothing has run."""
    kinds = list(LATELY)
    facts = reading.home.ledger.facts(prefix=f"{reading.project}/", kind=kinds, newest_first=True, limit=80)
    told_here = [f for f in facts if f.kind != "canary.judged" or f.body.get("decision") != "hold"]  # that a trial goes on is no news
    stages = reading.kept("stages", lambda: [_stage(reading, i + 1, noun) for i, noun in enumerate(NOUNS)])
    found = standings(reading)
    told = reading.kept("status", lambda: status(reading.home))
    paths = {i.title: i.path for i in open_items(reading)}
    waiting = [Waits(w.what, w.whom, w.since, w.next, paths.get(w.what)) for w in told.waiting]
    return HomePage(reading.project, found, stages, waiting, condensed(told_here, 10), _words(told.next), told.next)


def _stage(reading: Reading, number: int, noun: str) -> Stage:
    things = [Member(n, path_to(noun, n), state_of(reading, noun, n)) for n in reading.of(noun)]
    title = plural(noun) if len(things) != 1 else noun
    return Stage(number, noun, title.capitalize(), f"/{plural(noun)}", _together(noun, [m.state for m in things]), things)


def _together(noun: str, states: list[State]) -> State:
    """The state of several: what needs attention first; alone, its own words; else how many."""
    if not states:
        return State("none declared", "none")
    bad = [s for s in states if s.level == "attention"]
    ready = [s for s in states if s.level != "none"]
    newest = max((s.at for s in states if s.at is not None), default=None)
    if len(states) == 1:
        return states[0]
    if bad:
        return State(f"{len(bad)} of {len(states)}: {bad[0].text}", "attention", bad[0].at)
    if noun == "hypothesis":
        words = [s.text for s in states]
        return State(", ".join(f"{words.count(w)} {w}" for w in dict.fromkeys(words)), "quiet", newest)
    if len(ready) < len(states):
        return State(f"{len(ready)} of {len(states)} ready", "quiet" if ready else "none", newest)
    return State(several(len(states), noun), "quiet", newest)


_WORDS = {
    "run": "Run the project: what has not changed is not done again.",
    "deploy": "Release the newest version.",
    "why": "Look at the open incident.",
    "approve": "Somebody has to approve.",
    "items": "Somebody is waited for.",
    "explore": "Look for what would help the model.",
    "up": "Let production tell: questions and outcomes come in through the server.",
}


def _words(command: str) -> str:
    """What the next command is for."""
    parts = command.split()
    return _WORDS.get(parts[1] if len(parts) > 1 else "", "")
