"""What a bundle carries beside its model: the groups of features as data, and the request's columns with their types."""

from typing import Any

import msgspec

from ninefold.project.learning import Learning
from ninefold.project.steps.making import Making


def program(making: Making, learning: Learning) -> dict[str, Any]:
    """``features`` (the JSON of each group) and ``request`` (columns and types) of a model."""
    from ninefold.features.spec import spec_of

    groups = []
    for name, group, of in learning.groups:
        table = making.thing(of) if of else None
        groups.append(msgspec.to_builtins(spec_of(name, group, of, table, columns(making, of) if of else None)))
    return {"features": groups, "request": {"bare": list(learning.bare), "asked": learning.asked}}


def columns(making: Making, table: str) -> dict[str, str]:
    """The columns of a stored table with the texts of their types."""
    schema = making.home.stored("tables", table).scan().collect_schema()
    return {name: str(kind) for name, kind in schema.items()}
