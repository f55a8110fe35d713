"""What every thing's page shows: what it is, its state, where it stands among the others, what happened to it."""

from urllib.parse import quote

import msgspec

from ninefold.models.registry import records
from ninefold.ui.reading import Described, Reading
from ninefold.ui.views.facts import FactLine, condensed
from ninefold.ui.views.states import State, registered, state_of
from ninefold.units import plural

STEPS = 2  # how far lineage is shown, up and down
SHOWN_ELSEWHERE = frozenset({"step.done", "monitor.looked", "alert.raised"})  # on the pages of runs, monitors and incidents
TELLING = {"source": "reads", "features": "features", "model": "candidates", "endpoint": "answers", "monitor": "checks"}
WIDEST = 24  # nodes of a graph that can still be read


class Neighbour(msgspec.Struct):
    """A thing in the graph of lineage."""

    name: str
    noun: str
    path: str
    here: bool = False


class ThingPart(msgspec.Struct):
    """What is common to all. ``source`` is the text of the declaration, ``says`` its settings in words."""

    noun: str
    name: str
    path: str
    doc: str
    where: str
    source: str
    says: dict[str, str]
    state: State
    nodes: list[Neighbour]
    edges: list[tuple[str, str]]
    history: list[FactLine]
    simulated: str


def path_to(noun: str, name: str) -> str:
    """The page of a thing."""
    return f"/{plural(noun)}/{quote(name, safe='')}"


def thing_part(reading: Reading, noun: str, name: str) -> ThingPart:
    """The common part. Raises NotFoundError."""
    found = reading.thing(noun, name)
    # a model that a client registered may have the name of some other thing
    nodes, edges = neighbourhood(reading, name) if name in reading.of(noun) else ([], [])
    history = condensed([f for f in reading.about(noun, name, limit=120) if f.kind not in SHOWN_ELSEWHERE], 12)
    return ThingPart(
        noun,
        name,
        path_to(noun, name),
        found.doc,
        found.where,
        found.source,
        found.says,
        state_of(reading, noun, name),
        nodes,
        edges,
        history,
        reading.simulated.get(name, ""),
    )


def neighbourhood(reading: Reading, name: str) -> tuple[list[Neighbour], list[tuple[str, str]]]:
    """What a thing is made from and what is made from it, two steps each way, as far as it can be read."""
    things = reading.things
    if name not in things:
        return [], []
    near = {name: None}
    for step in (lambda n: [x for x in things[n].needs if x in things], reading.needed_by):
        border = [name]
        for _ in range(STEPS):
            border = [m for n in border for m in step(n) if m not in near]
            near |= dict.fromkeys(border)
    shown = [n for n in things if n in dict(list(near.items())[:WIDEST])]
    edges = [(need, n) for n in shown for need in things[n].needs if need in shown]
    return [Neighbour(n, things[n].noun, path_to(things[n].noun, n), n == name) for n in shown], edges


class Listed(msgspec.Struct):
    """A thing in the list of its noun; ``doc`` is its docstring, or the setting that tells most."""

    name: str
    path: str
    doc: str
    where: str
    state: State


class ListPage(msgspec.Struct):
    """All things of one noun."""

    noun: str
    things: list[Listed]


def listing(reading: Reading, noun: str) -> ListPage:
    """The list of a noun's things, as they are defined; models that clients registered come after those of the project."""
    declared = reading.of(noun)
    return ListPage(noun, [*(_listed(reading, noun, n, t) for n, t in declared.items()), *(_registered(reading) if noun == "model" else [])])


def _registered(reading: Reading) -> list[Listed]:
    ledger, declared = reading.home.ledger, reading.of("model")
    names = [name for name, own in records.names(ledger, reading.project).items() if not own and name not in declared]
    found = records.models(ledger, reading.project, names)
    return [Listed(m.name, path_to("model", m.name), m.description, "", registered(m)) for m in found]


def _listed(reading: Reading, noun: str, name: str, thing: Described) -> Listed:
    doc = thing.doc or thing.says.get(TELLING.get(noun, ""), "")
    return Listed(name, path_to(noun, name), doc, thing.where, state_of(reading, noun, name))
