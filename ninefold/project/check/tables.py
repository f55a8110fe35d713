"""Tables: zones, times, and rows that sum up a span."""

from functools import partial

from ninefold.clock import zone
from ninefold.project.check.notes import Notes
from ninefold.tables import Table
from ninefold.units import duration_text

_SPANS = {"minute": "1m", "hour": "1h", "day": "1d", "date": "1d", "week": "7d", "month": "31d", "quarter": "92d", "year": "366d"}


def check(notes: Notes) -> None:
    """What a table says about its rows holds together."""
    for name, table in notes.graph.of("table").items():
        if table.tz:
            notes.attempt(name, partial(zone, table.tz), at=(table.tz,))
        _times(notes, name, table)
        _span(notes, name, table)


def _times(notes: Notes, name: str, table: Table) -> None:
    if not table.key:
        notes.error(name, "the table has no key", 'say which columns identify a row: key="id"', at=("key",))
    for column, when in table.later:
        if column in table.key:
            notes.error(
                name,
                f'"{column}" belongs to the key and is said to be known later',
                "a row is known by its key; leave it out of later=",
                at=(column,),
            )
        if table.time is not None and column == table.time.column:
            notes.error(name, f'"{column}" is the row\'s time and is said to be known later', "say when the row is known: known=", at=(column,))
        if when.column == column and when.offset < 0:
            notes.error(
                name,
                f'"{column}" would be known {duration_text(-when.offset)} before itself',
                "a column that is a moment is known at its own value",
                at=(column,),
            )
    if (
        table.time is not None
        and table.known is not None
        and table.mode == "stream"
        and table.known.offset < table.time.offset
        and table.known.column == table.time.column
    ):
        notes.warn(name, f"rows of a stream are known at {table.known}, before they happen at {table.time}", "is that a schedule?", at=("known",))


def _span(notes: Notes, name: str, table: Table) -> None:
    """A row that sums up a span happened at its end."""
    if table.time is None or table.time.offset or table.time.column not in table.key:
        return
    span = _SPANS.get(table.time.column.rpartition("_")[2])
    if span:
        end = f"{table.time.column} + {span}"
        notes.warn(
            name,
            f'a row sums up its {table.time.column} and claims the beginning as its time: "7d" would cover less than seven of them',
            f'it happened at the end: time="{end}"',
            at=("time",),
        )
