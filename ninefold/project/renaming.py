"""Names that change: ``was="old"`` goes on with the history of the old name; ``run`` offers it where it seems to be forgotten."""

import re
from typing import Any

from ninefold.errors import ConflictError, DeclarationError
from ninefold.ledger import Tx
from ninefold.ledger.fact import RENAMED
from ninefold.project.declared import KIND, subject
from ninefold.project.home import Home
from ninefold.project.reading.described import describe
from ninefold.project.reading.graph import Graph

_COPY = """insert into versions (project, model, version, bundle, digest, at, key, body)
select project, ?, version, bundle, digest, at, key, body from versions where project = ? and model = ?"""


def go_on(home: Home, graph: Graph, run: str | None = None) -> None:
    """Record each ``was=`` of the file that is new. From then on the facts of the old name are also those of the new one, its tables
    and journals go on, and a model's versions are counted on. What is deployed keeps its old name until it is deployed again.

    Raises DeclarationError where the old name is still declared, ConflictError where the new one has begun a history already.
    """
    known = None
    for name, thing in graph.things.items():
        old = getattr(thing, "was", None)
        if old is None or home.kept(name) == home.kept(old):
            continue
        if old in graph.things:
            raise DeclarationError(
                f'was="{old}" names a thing that is still declared', where=graph.place(name), hint="rename one of them, or leave was= out"
            )
        known = _declared_before(home) if known is None else known
        if known.get(old, {}).get("noun") != thing.noun:
            continue  # this home has never seen the old name
        if name in known:
            raise ConflictError(
                f'"{name}" has begun a history of its own, and cannot go on with that of "{old}"',
                where=graph.place(name),
                hint=f'choose a new name for it together with was="{old}", or leave was= out',
            )
        home.ledger.write(lambda tx, name=name, old=old, noun=thing.noun: _rename(tx, home, noun, old, name, run))  # type: ignore[misc]
    for name, thing in graph.things.items():
        if home.kept(name) == name and (owner := home.goes_on_as(name)) is not None:
            hint = f'choose another name for this {thing.noun}, or remove the thing "{owner}"'
            raise ConflictError(f'the history of "{name}" goes on as "{owner}"', where=graph.place(name), hint=hint)


def _rename(tx: Tx, home: Home, noun: str, old: str, new: str, run: str | None) -> None:
    tx.fact(RENAMED, home.subject(noun, new), {"from": old, "to": new, "noun": noun}, run=run)
    if noun == "model":
        tx.execute(_COPY, new, home.project, old)


def _declared_before(home: Home) -> dict[str, dict[str, Any]]:
    """Every thing that a file of this project has declared, as it was last."""
    found: dict[str, dict[str, Any]] = {}
    for fact in home.ledger.facts(kind=KIND, subject=subject(home.project)):
        found |= fact.body["things"]
    return found


def offers(home: Home, graph: Graph) -> list[str]:
    """For each name that vanished while a new thing has the same definition: the line that goes on with its history."""
    last = home.ledger.last(KIND, subject(home.project))
    if last is None:
        return []
    before, now = last.body["things"], describe(graph)
    gone = {n: t for n, t in before.items() if n not in now}
    new = [n for n in now if n not in before and getattr(graph.things[n], "was", None) is None]
    found: dict[str, str] = {}
    while pair := next(
        ((o, n) for o in gone for n in new if n not in found.values() and o not in found and _same(gone[o], o, now[n], n, found)), None
    ):
        found[pair[0]] = pair[1]  # what was renamed may be named in the definition of another
    return [
        f'{graph.place(name)}: "{old}" is gone, and "{name}" is defined as it was: write was="{old}" to go on with its history'
        for old, name in found.items()
    ]


def _same(one: dict[str, Any], old: str, other: dict[str, Any], new: str, found: dict[str, str]) -> bool:
    """Whether two things say the same, but for their names and those of things that were renamed."""
    text = one["source"]
    for before, after in {**found, old: new}.items():
        text = re.sub(rf"\b{re.escape(before)}\b", after, text)
    return bool(text) and (one["noun"], text) == (other["noun"], other["source"])
