"""What a bundle carries beside its model: the groups of features as data, and the request's columns with their types."""

from typing import Any

import msgspec

from ninefold.endpoints.questions import Request
from ninefold.project.learning import Learning
from ninefold.project.steps.making import Making


def program(making: Making, learning: Learning) -> dict[str, Any]:
    """``features`` (the JSON of each group) and ``request`` (columns and types) of a model."""
    from ninefold.features.spec import spec_of

    groups = []
    for name, group, of in learning.groups:
        table = making.thing(of) if of else None
        groups.append(msgspec.to_builtins(spec_of(name, group, of, table, columns(making, of) if of else None)))
    return {"features": groups, "request": msgspec.to_builtins(request(making, learning))}


def request(making: Making, learning: Learning) -> Request:
    """The request's columns: the asked table's key, the roots of ``at=``, every group's ``by=``, bare columns, the roots of
    expressions over the question, and the columns that costs and splits read."""
    target, table = learning.problem.predict, learning.table
    types = columns(making, learning.asked)
    wanted = [*table.key, *([target.at.column] if target.at else [])]
    for _, group, of in learning.groups:
        wanted += [*group.by, *(c for _, a in group.aggregates for c in (a.by or ()))]
        if of is None or group.expressions:
            own = set(group.names)
            wanted += [c for _, e in group.expressions for c in e.meta.root_names() if c not in own and c != "asked_at"]
    wanted += [*learning.bare, *(c for c in learning.extra if c in types)]
    known = [c for c in dict.fromkeys(wanted) if c in types]
    at = None
    if target.at is not None:
        at = f"{target.at.column} {'-' if target.at.offset < 0 else '+'} {abs(target.at.offset)}us" if target.at.offset else target.at.column
    return Request(learning.asked, table.key, {c: types[c] for c in known}, learning.bare, at, learning.tz)


def columns(making: Making, table: str) -> dict[str, str]:
    """The columns of a stored table with the texts of their types."""
    schema = making.home.stored("tables", table).scan().collect_schema()
    return {name: str(kind) for name, kind in schema.items()}
