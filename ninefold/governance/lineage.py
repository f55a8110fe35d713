"""From a training set back to the tables, sources and files behind it: by content, as the steps recorded it."""

from typing import Any

import msgspec

from ninefold.ledger import Fact
from ninefold.project.home import Home

_STEP = "select key, subject, ref, parts from steps where project = ? and name = ? and content = ? order by at desc limit 1"


class Lineage(msgspec.Struct):
    """``steps`` are the facts of the steps on the way, ``tables`` and ``sources`` the facts that tell what was written and read."""

    steps: dict[str, Fact] = {}
    refs: dict[str, dict[str, Any]] = {}
    tables: dict[str, Fact] = {}
    sources: dict[str, Fact] = {}


def lineage(home: Home, step: str, content: str) -> Lineage:
    """Everything that the output ``content`` of ``step`` was made from."""
    found = Lineage()
    _walk(home, step, content, found)
    return found


def _walk(home: Home, step: str, content: str, found: Lineage) -> None:
    if step in found.refs:
        return
    row = home.ledger.one(_STEP, home.project, step, content)
    if row is None:
        return
    found.refs[step] = msgspec.json.decode(row["ref"])
    kind, _, name = step.partition("/")
    told = _told(home, kind, name, content)
    if told is not None:
        (found.tables if kind == "table" else found.sources)[name] = told
    done = [f for f in home.ledger.facts(kind="step.done", subject=row["subject"]) if f.key == row["key"]] if told is None else []
    if done:
        found.steps[step] = done[-1]
    for part, value in msgspec.json.decode(row["parts"], type=dict[str, str]).items():
        if part.startswith("need:"):
            _walk(home, part.removeprefix("need:"), value, found)


def _told(home: Home, kind: str, name: str, content: str) -> Fact | None:
    """The fact of a table's or source's content."""
    if kind == "table":
        facts = home.ledger.facts(kind="table.written", prefix=home.subject("table", name) + "@", newest_first=True)
    elif kind == "source":
        facts = home.ledger.facts(kind="source.read", subject=home.subject("source", name), newest_first=True)
    else:
        return None
    return next((f for f in facts if f.body["content"] == content), None)
