"""Views of tables: a stored version with the updates that came since, as known at an instant."""

from typing import TYPE_CHECKING

from ninefold.project.home import Home
from ninefold.tables.known import GONE, hidden
from ninefold.tables.known import view as known_view
from ninefold.tables.table import Table

if TYPE_CHECKING:
    import polars as pl

# the version of updates that stands for "without any"
NONE = -1


def view(home: Home, name: str, table: Table, *, version: int | None = None, updates: int | None = None, as_of: int | None = None) -> "pl.LazyFrame":
    """The rows of a table with their known times; ``as_of`` hides what was not known then.

    ``version`` is the stored version, ``updates`` the version of the updates laid over it (default: the newest of both, of
    what the roller has moved into the lake; ``NONE``: no updates).
    """
    base = home.stored("tables", name).scan(version)
    stored = home.stored("updates", name)
    newest = stored.version if updates is None else None if updates == NONE else updates
    return known_view(table, base, stored.scan(newest) if newest is not None else None, as_of)


def current(frame: "pl.LazyFrame") -> "pl.LazyFrame":
    """The rows of a view that no newer version of their key has replaced."""
    import polars as pl

    return frame.filter(pl.col(GONE).is_null())


def visible(frame: "pl.LazyFrame") -> "pl.LazyFrame":
    """The rows that count, without the hidden columns of a view: what a function sees."""
    found = current(frame)
    return found.drop([c for c in found.collect_schema().names() if hidden(c)])
