"""The state of a thing in a few words, and whether somebody should look."""

from collections.abc import Callable
from typing import Literal

import msgspec

from ninefold.endpoints.records import challenger, champion, current
from ninefold.models.registry import RegisteredModel, records
from ninefold.ui.reading import Reading
from ninefold.ui.wording import number, several, share

Level = Literal["none", "quiet", "attention"]
_OPEN = "select count(*) as n, min(opened) as since from incidents where project = ? and monitor = ? and state = 'open'"


class State(msgspec.Struct):
    """``text`` in a few words; ``level``: nothing yet, as it should be, or to be looked at; ``at`` when it was told (µs)."""

    text: str
    level: Level = "quiet"
    at: int | None = None


def state_of(reading: Reading, noun: str, name: str) -> State:
    """The state of a thing by its newest facts. A step that failed after it last worked goes before all."""
    return reading.kept(("state", noun, name), lambda: _failed(reading, noun, name) or _STATES[noun](reading, name))


def _failed(reading: Reading, noun: str, name: str) -> State | None:
    failed, done = (reading.last(kind, noun, name) for kind in ("step.failed", "step.done"))
    if failed is None or (done is not None and done.seq > failed.seq):
        return None
    return State(f"failed: {failed.body.get('message', '')}"[:140], "attention", failed.at)


def _problem(reading: Reading, name: str) -> State:
    from ninefold.ui.views.standing import standings

    found = next((s for s in standings(reading) if s.problem == name), None)
    if found is None:
        return State("not yet known", "none")
    return State(found.whole, "attention" if found.whole == "not solved" else "quiet" if found.criteria else "none")


def _source(reading: Reading, name: str) -> State:
    read = reading.last("source.read", "source", name)
    if read is not None:
        return State(several(read.body["rows"], "row"), "quiet", read.at)
    source = reading.things[name].source if name in reading.things else ""
    if "Events" not in source:
        return State("not read yet", "none")
    return State("collected over HTTP" + (", simulated" if name in reading.simulated else ""), "quiet")


def _table(reading: Reading, name: str) -> State:
    written = reading.last("table.written", "table", name)
    if written is None:
        return State("not made yet", "none")
    held = f", {number(written.body['quarantined'])} in quarantine" if written.body["quarantined"] else ""
    return State(f"{several(written.body['rows'], 'row')}{held}", "quiet", written.at)


def _metric(reading: Reading, name: str) -> State:
    from ninefold.ui.views.standing import standings

    found = [c for s in standings(reading) for c in s.criteria if c.metric == name]
    told = next((c.now for c in found if c.now is not None and c.now.value is not None), None)
    simulated = ", simulated" if name in reading.simulated else ""
    return State(number(told.value) + simulated, "quiet", told.at) if told else State("nothing measured yet", "none")


def _hypothesis(reading: Reading, name: str) -> State:
    tested = reading.last("hypothesis.tested", "hypothesis", name)
    return (
        State(tested.body["verdict"], "attention" if tested.body["verdict"] == "refuted" else "quiet", tested.at)
        if tested
        else State("not tested yet", "none")
    )


def _features(reading: Reading, name: str) -> State:
    listed = reading.things[name].says.get("features", "") if name in reading.things else ""
    return State(several(len([f for f in listed.split(", ") if f]), "feature").replace("no features", "features"))


def _model(reading: Reading, name: str) -> State:
    made = reading.last("model.version", "model", name)
    if made is None or "registered" in made.body:
        found = records.models(reading.home.ledger, reading.project, [name])
        return registered(found[0]) if found else State("not trained yet" if name in reading.of("model") else "deleted", "none")
    judged = reading.last("model.judged", "model", name, made.body["version"])
    missed = [c for c in judged.body["criteria"] if c["verdict"] == "not met"] if judged else []
    text = f"version {made.body['version']}, {made.body['winner']} won" + (f", {several(len(missed), 'criterion')} not met" if missed else "")
    return State(text, "attention" if missed else "quiet", made.at)


def registered(model: RegisteredModel) -> State:
    """The state of a model whose versions clients register."""
    newest = max(model.latest, key=lambda v: v.version, default=None)
    if newest is None:
        return State("no version yet", "none")
    return State(f"version {newest.version} registered", "quiet", newest.created)


def _endpoint(reading: Reading, name: str) -> State:
    releases = current(reading.home.ledger, reading.project, name)
    first, other = champion(releases), challenger(releases)
    if first is None:
        return State("not released yet", "none")
    tried = f", version {other.version} tried on {share(other.share)}" if other else ""
    return State(f"version {first.version} answers{tried}", "quiet", first.started)


def _monitor(reading: Reading, name: str) -> State:
    row = reading.home.ledger.one(_OPEN, reading.project, name)
    if row is not None and row["n"]:
        return State(f"{several(row['n'], 'incident')} open", "attention", row["since"])
    looked = reading.last("monitor.looked", "monitor", name)
    if looked is None:
        return State("has not looked yet", "none")
    when = looked.body.get("when")
    return State("nothing open", "quiet", when if isinstance(when, int) else looked.at)


_STATES: dict[str, Callable[[Reading, str], State]] = {
    "problem": _problem,
    "source": _source,
    "table": _table,
    "metric": _metric,
    "hypothesis": _hypothesis,
    "features": _features,
    "model": _model,
    "endpoint": _endpoint,
    "monitor": _monitor,
    "evidence": lambda reading, name: State(""),
}
