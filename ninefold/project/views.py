"""Views of tables: a stored version with the updates that came since, as known at an instant."""

from typing import TYPE_CHECKING

from ninefold.project.home import Home
from ninefold.tables.known import view as known_view
from ninefold.tables.table import Table

if TYPE_CHECKING:
    import polars as pl


def view(home: Home, name: str, table: Table, *, version: int | None = None, as_of: int | None = None) -> "pl.LazyFrame":
    """The rows of a table with their known times; ``as_of`` hides what was not known then.

    ``version`` is the stored version (default: the newest). Updates are those that the roller has moved into the lake.
    """
    base = home.stored("tables", name).scan(version)
    updates = home.stored("updates", name)
    return known_view(table, base, updates.scan() if updates.version is not None else None, as_of)


def visible(frame: "pl.LazyFrame") -> "pl.LazyFrame":
    """Without the hidden columns of a view."""
    return frame.drop([c for c in frame.collect_schema().names() if c.startswith("__")])
