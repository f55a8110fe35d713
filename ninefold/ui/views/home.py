"""The home page: is the problem solved, the nine stages, what waits for whom, what happened lately, the next step."""

import msgspec

from ninefold.ui.reading import STAGES, Reading
from ninefold.ui.views.facts import FactLine, line
from ninefold.ui.views.items import ItemLine, open_items
from ninefold.ui.views.standing import Standing, standings
from ninefold.ui.views.states import State, state_of
from ninefold.ui.views.thing import path_to
from ninefold.ui.wording import plural, several

LATELY = (
    "run.done", "run.failed", "hypothesis.tested", "model.version", "model.judged", "problem.judged", "policy.changed", "policy.proposed", "release.started",
    "release.ended", "release.rolledback", "release.refused", "approval.asked", "approval.given", "alert.raised", "incident.opened", "incident.closed",
    "retrain.started", "retrain.done", "canary.judged", "backup.made", "restore.made", "replay.started", "replay.done", "source.read", "table.quarantined",
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


class HomePage(msgspec.Struct):
    """``next`` is what to do now, ``command`` how."""

    project: str
    standings: list[Standing]
    stages: list[Stage]
    items: list[ItemLine]
    lately: list[FactLine]
    next: str
    command: str


def home(reading: Reading) -> HomePage:
    """The home page of a project, also of one in which nothing has run."""
    kinds = list(LATELY)
    facts = reading.home.ledger.facts(prefix=f"{reading.project}/", kind=kinds, newest_first=True, limit=12)
    stages = reading.kept("stages", lambda: [_stage(reading, i + 1, noun) for i, noun in enumerate(STAGES)])
    found = standings(reading)
    step, command = _next(reading, stages, found)
    return HomePage(reading.project, found, stages, open_items(reading), [line(f) for f in facts], step, command)


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


def _next(reading: Reading, stages: list[Stage], found: list[Standing]) -> tuple[str, str]:
    """The one thing to do now: the first stage that is not there yet."""
    if not reading.things:
        return "Run the project: every stage in one command.", "ninefold run"
    by_noun = {s.noun: s for s in stages}
    models = by_noun["model"].things
    failed = [m for s in stages for m in s.things if m.state.text.startswith("failed")]
    if failed:
        return f"Mend {failed[0].name}, whose step failed, and run again.", "ninefold run"
    if models and all(m.state.level == "none" for m in models):
        return "Run the project, so that candidates compete.", "ninefold run"
    waiting = [m for m in by_noun["endpoint"].things if m.state.level == "none"]
    if waiting:
        return f"Release the model to {waiting[0].name}.", f"ninefold deploy {waiting[0].name}"
    if [m for m in by_noun["monitor"].things if m.state.level == "attention"]:
        return "Look at the open incidents.", "ninefold items"
    missing = [c.criterion for s in found for c in s.criteria if c.verdict == "not met"]
    if missing:
        return f"Improve the features or the model: {missing[0]} is not met.", "ninefold explore"
    if any(s.whole == "not yet known" for s in found):
        return "Let production tell: questions and outcomes come in through the server.", "ninefold up"
    return "Nothing needs to be done.", "ninefold status"
