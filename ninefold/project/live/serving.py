"""What a bundle carries beside its model: the groups of features as data, and the request's columns with their types."""

from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.endpoints.questions import Request
from ninefold.project.home import Home
from ninefold.project.learning import Learning
from ninefold.project.reading.graph import Graph

if TYPE_CHECKING:
    import polars as pl


def program(graph: Graph, home: Home, learning: Learning) -> dict[str, Any]:
    """``features`` (the JSON of each group) and ``request`` (columns and types) of a model."""
    from ninefold.features.spec import spec_of

    groups = []
    for name, group, of in learning.groups:
        table: Any = graph.things[of] if of else None
        types = {c: str(t) for c, t in schema(home, of).items()} if of else None
        groups.append(msgspec.to_builtins(spec_of(name, group, of, table, types)))
    return {"features": groups, "request": msgspec.to_builtins(request(home, learning))}


def request(home: Home, learning: Learning) -> Request:
    """The request's columns, as ``features.request`` derives them, and beside them those that costs, splits and slices read."""
    from ninefold.features.request import request_schema

    target, table = learning.problem.predict, learning.table
    types = schema(home, learning.asked)
    beside = [c for c in learning.extra if c in types]
    columns = request_schema(target, table, types, [(n, g) for n, g, _ in learning.groups], [*learning.bare, *beside])
    at = str(target.at) if target.at is not None else None
    return Request(learning.asked, table.key, {c: str(t) for c, t in columns.items()}, learning.bare, at, learning.tz)


def schema(home: Home, table: str) -> "pl.Schema":
    """The columns of a stored table with their types."""
    found: pl.Schema = home.stored("tables", table).scan().collect_schema()
    return found
