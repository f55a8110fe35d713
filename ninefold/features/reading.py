"""Which columns an aggregate reads, from its declaration alone: no engine is loaded."""

from typing import Any

from ninefold.features.features import Features
from ninefold.tables.table import Table

ASKED_AT = "asked_at"
"""The question's own time, for expressions."""


def entity_columns(group: Features, aggregate: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The entity's columns in the rows and in the question; the aggregate's own ``by`` replaces the group's."""
    if aggregate.by is None:
        return group.rows_by, group.by
    renamed = dict(zip(group.by, group.rows_by, strict=True))
    return tuple(renamed.get(column, column) for column in aggregate.by), aggregate.by


def reads(group: Features, aggregate: Any, table: Table | None) -> tuple[str, ...]:
    """Every column that an aggregate reads: its own, those of ``where``, the entity's, and the event time's."""
    moment = group.at or (table.time if table is not None else None)
    own = entity_columns(group, aggregate)[0]
    return tuple(dict.fromkeys([*aggregate.columns, *own, *([moment.column] if moment else [])]))
