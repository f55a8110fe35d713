"""What a project says about itself, as JSON: kept with its plan, so that pages and commands import nothing of the user's."""

import ast
import inspect
from typing import Any

from ninefold.endpoints.endpoint import Endpoint
from ninefold.errors import NinefoldError
from ninefold.features.features import Features
from ninefold.hypotheses.hypothesis import Hypothesis
from ninefold.metrics.metric import Custom
from ninefold.models.model import Model
from ninefold.monitors.monitor import Monitor
from ninefold.problems.problem import Problem
from ninefold.problems.target import Ahead, Target
from ninefold.project.reading.graph import Graph
from ninefold.project.reading.place import shown
from ninefold.sources.events import Events
from ninefold.sources.source import Source
from ninefold.tables.table import Table
from ninefold.things import Thing
from ninefold.units import duration_text

LONGEST = 20_000  # characters of a declaration that are kept


def describe(graph: Graph) -> dict[str, dict[str, Any]]:
    """Each thing by name: ``noun``, ``doc``, ``where``, ``source`` (the text of its declaration), ``needs``, and ``says``,
    its settings as people read them. ``tz`` and ``personal`` of tables say how rows may be shown.
    """
    texts = {shown(path, graph.root): data.decode("utf-8", "replace") for path, data in graph.files.items()}
    return {name: _one(graph, name, thing, texts) for name, thing in graph.things.items()}


def _one(graph: Graph, name: str, thing: Thing, texts: dict[str, str]) -> dict[str, Any]:
    try:
        needs = list(graph.needs(name))
    except NinefoldError:
        needs = []  # what is wired wrongly is said by check; a description does without
    found: dict[str, Any] = {
        "noun": thing.noun,
        "doc": _doc(thing),
        "where": graph.place(name),
        "source": _source(graph, name, texts),
        "needs": needs,
        "says": {k: v for k, v in _says(thing).items() if v},
    }
    if isinstance(thing, Table):
        found["tz"], found["personal"] = thing.tz, list(thing.personal)
    if isinstance(thing, Events):
        found["personal"] = list(thing.personal)
    if isinstance(thing, Model):
        found["candidates"] = [c for c, _ in thing.candidates]
    return found


def _doc(thing: Thing) -> str:
    if isinstance(thing, Problem):
        return thing.question
    if isinstance(thing, Hypothesis):
        return thing.belief
    if thing.__doc__ and thing.__doc__ != type(thing).__doc__:
        return inspect.cleandoc(thing.__doc__)
    event = getattr(thing, "event", None)
    return inspect.cleandoc(event.__doc__) if isinstance(event, type) and event.__doc__ else ""


def _source(graph: Graph, name: str, texts: dict[str, str]) -> str:
    place = graph.places.get(name)
    if place is None or place.statement is None or place.file not in texts:
        return ""
    lines = texts[place.file].splitlines()
    first = min([place.statement.lineno, *(d.lineno for d in getattr(place.statement, "decorator_list", []))])
    text = "\n".join(lines[first - 1 : place.statement.end_lineno])
    event = getattr(graph.things[name], "event", None)
    if isinstance(event, type):
        text = "\n\n".join([*_class_text(event.__name__, texts[place.file]), text])
    return text[:LONGEST]


def _class_text(name: str, text: str) -> list[str]:
    """The class of that name in a module's text: events are said by their class."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return ["\n".join(text.splitlines()[node.lineno - 1 : node.end_lineno])]
    return []


def _says(thing: Thing) -> dict[str, str]:
    if isinstance(thing, Problem):
        target = thing.predict
        return {
            "why": thing.why,
            "owner": thing.owner,
            "target": _target(target),
            "criteria": "; ".join(str(c) for c in thing.solved_when),
            "risk": thing.risk.level,
            "criteria in production read": duration_text(thing.window),
        }
    if isinstance(thing, Source):
        where = thing.of if isinstance(thing.of, str) else "a function" if thing.of is not None else "rows that are posted"
        return {
            "reads": where,
            "query": thing.query or "",
            "null is written": ", ".join(f'"{n}"' for n in thing.null),
            "only newer by": thing.watermark or "",
        }
    if isinstance(thing, Table):
        later = ", ".join(f"{c} from {m}" for c, m in thing.later)
        return {
            "key": ", ".join(thing.key),
            "time": str(thing.time or ""),
            "time zone": thing.tz or "",
            "known": str(thing.known or ""),
            "known later": later,
            "expectations": "; ".join(e.text for e in thing.expect),
            "personal": ", ".join(thing.personal),
        }
    if isinstance(thing, Custom):
        return {"better": str(thing.better)}
    if isinstance(thing, Features):
        columns = ", ".join([*dict(thing.aggregates), *dict(thing.expressions)])
        return {"by": ", ".join(thing.by or ()), "at": str(thing.at or ""), "features": columns}
    return _says_later(thing)


def _target(target: Target) -> str:
    label = target.label
    if isinstance(label, Ahead):
        table = label.table if isinstance(label.table, str) else getattr(label.table, "__name__", "a table")
        label = f"{label.aggregate!r} of {table} within {duration_text(label.window)}"
    return f"{target.kind}: {label}, asked {f'at {target.at}' if target.at else f'every {target.every}'}"


def _says_later(thing: Thing) -> dict[str, str]:
    """The later stages."""
    if isinstance(thing, Model):
        return {"candidates": ", ".join(c for c, _ in thing.candidates)}
    if isinstance(thing, Endpoint):
        rule = thing.release
        share = f" with {rule.share:.0%}" if rule.share not in {0.0, 1.0} else ""
        limit = f", at most {duration_text(rule.at_most)}" if rule.at_most else ""
        return {
            "answers": thing.to or "over HTTP",
            "a new version comes in": f"{rule.kind}{share}{limit}",
            "held out": f"{thing.holdout:.0%}" if thing.holdout else "",
        }
    if isinstance(thing, Monitor):
        checks = ", ".join(f"{c.kind} → {c.then.kind}" if c.then else c.kind for c in thing.checks)
        return {"looks": f"every {thing.every}", "checks": checks, "false alarms": thing.false_alarms, "tells": ", ".join(thing.tell)}
    return {}
