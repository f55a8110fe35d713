"""Deploying: freeze code, lock and policy, record what stands behind them, and release a version through the gate."""

from dataclasses import dataclass
from pathlib import Path

from ninefold.loop import releasing
from ninefold.loop.gate import Gate
from ninefold.models.records import Version
from ninefold.project.check.later import watches_less
from ninefold.project.home import Home
from ninefold.project.live import registered
from ninefold.project.live.freeze import freeze
from ninefold.project.live.workplace import workplace
from ninefold.project.reading.graph import Graph
from ninefold.project.reading.place import shown


@dataclass(frozen=True, slots=True)
class Deployed:
    """What was released: the version, as champion or challenger, its share of the callers, the frozen code, the gate."""

    version: Version
    state: str
    share: float
    frozen: str
    gate: Gate


def deploy(home: Home, graph: Graph, main: Path, endpoint: str, *, number: int | None = None, at: int | None = None) -> Deployed:
    """Freeze the project and release a version (default: the newest) to ``endpoint``.

    ``at`` is the instant by a replay's clock. Raises DeniedError where the gate holds, NotYetError where it could not be watched.
    """
    name, thing = graph.resolve(endpoint, ("endpoint",))
    for error in watches_less(graph, name):
        raise error
    if thing.registered is not None:
        made = registered.answering(home, thing.registered, number)
    else:
        made = releasing.chosen(home, graph.resolve(thing.model, ("model",))[0], number)
    frozen = freeze(graph, home, main)
    told = {"digest": frozen, "files": [shown(p, graph.root) for p in graph.files], **workplace(graph.root)}
    home.ledger.record("deploy.frozen", home.subject("endpoint", endpoint), told)
    state, gate = releasing.release(home, endpoint, thing.release, made, frozen=frozen, at=at)
    return Deployed(made, state, thing.release.share if state == "challenger" else 1.0, frozen, gate)
