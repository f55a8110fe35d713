"""A hypothesis: its verdict with effect and interval, and every look that was taken."""

import msgspec

from ninefold.ledger import Fact
from ninefold.ui.reading import Reading
from ninefold.ui.views.thing import Listed, ThingPart, listing, thing_part


class Look(msgspec.Struct):
    """One test on data that nothing was learned from. ``p_corrected`` is for all hypotheses of that look."""

    at: int
    seq: int
    verdict: str
    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    p_corrected: float | None
    n: int
    days: int
    unit: str
    text: str
    model: str | None


class HypothesisPage(msgspec.Struct):
    """The page of a hypothesis: the newest look, and all."""

    thing: ThingPart
    belief: str
    now: Look | None
    looks: list[Look]


class Believed(msgspec.Struct):
    """A hypothesis in the list."""

    listed: Listed
    now: Look | None


class HypothesesPage(msgspec.Struct):
    """All hypotheses with their verdicts."""

    noun: str
    things: list[Believed]


def hypothesis(reading: Reading, name: str) -> HypothesisPage:
    """The page of a hypothesis."""
    part = thing_part(reading, "hypothesis", name)
    looks = [_look(f) for f in reading.about("hypothesis", name, kinds=["hypothesis.tested"], limit=30)]
    return HypothesisPage(part, part.doc, looks[0] if looks else None, looks)


def hypotheses(reading: Reading) -> HypothesesPage:
    """The list of hypotheses."""
    found = []
    for listed in listing(reading, "hypothesis").things:
        tested = reading.last("hypothesis.tested", "hypothesis", listed.name)
        found.append(Believed(listed, _look(tested) if tested else None))
    return HypothesesPage("hypothesis", found)


def _look(fact: Fact) -> Look:
    b = fact.body
    return Look(
        fact.at,
        fact.seq,
        b["verdict"],
        b.get("effect"),
        b.get("low"),
        b.get("high"),
        b.get("p"),
        b.get("p_corrected"),
        b.get("n", 0),
        b.get("days", 0),
        b.get("unit", ""),
        b.get("text", ""),
        b.get("model"),
    )
