"""Where a training set came from: the facts that tell of the steps, tables, sources and files behind it."""

from typing import Any

import msgspec

from ninefold.ledger import Fact
from ninefold.project.explaining.lineage import Made, lineage
from ninefold.project.home import Home

_DONE = "select subject from steps where key = ?"


class Origins(msgspec.Struct):
    """``steps`` are the facts of the steps on the way, ``refs`` what they wrote, ``tables`` and ``sources`` the facts of these, by name."""

    steps: dict[str, Fact] = {}
    refs: dict[str, dict[str, Any]] = {}
    packages: dict[str, str] = {}
    tables: dict[str, Fact] = {}
    sources: dict[str, Fact] = {}


def origins(home: Home, step: str, content: str) -> Origins:
    """Everything that the output ``content`` of ``step`` was made from, by content."""
    found = Origins()
    for made in lineage(home.ledger, home.project, step, content):
        found.refs.setdefault(made.name, made.ref)
        found.packages |= made.packages
        kind, _, name = made.name.partition("/")
        if kind == "table" and (told := _written(home, name, made)):
            found.tables.setdefault(name, told)
        elif kind == "source" and (told := _read(home, name, made)):
            found.sources.setdefault(name, told)
        elif done := _done(home, made):
            found.steps.setdefault(made.name, done)
    return found


def _written(home: Home, name: str, made: Made) -> Fact | None:
    facts = home.ledger.facts(kind="table.written", prefix=home.subject("table", name) + "@", newest_first=True)
    return next((f for f in facts if f.body["content"] == made.content), None)


def _read(home: Home, name: str, made: Made) -> Fact | None:
    facts = home.ledger.facts(kind="source.read", subject=home.subject("source", name), newest_first=True)
    return next((f for f in facts if f.body["content"] == made.content), None)


def _done(home: Home, made: Made) -> Fact | None:
    """The fact that the step ended."""
    row = home.ledger.one(_DONE, made.key)
    facts = home.ledger.facts(kind="step.done", subject=row["subject"], newest_first=True) if row else []
    return next((f for f in facts if f.key == made.key), None)
