"""Point-in-time join on plain frames: questions beside features as they were known."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ninefold.errors import DataError, DeclarationError, closest
from ninefold.features.features import Features
from ninefold.features.rows import micros
from ninefold.features.training import feature_frame
from ninefold.sources.frames import from_any
from ninefold.tables.known import view
from ninefold.tables.moments import micros_of
from ninefold.tables.table import Table
from ninefold.tables.zones import placed, placed_in
from ninefold.units import moment


def join(
    questions: Any,
    features: "Features | Mapping[str, Features] | Sequence[Features]",
    *,
    at: str,
    tables: "Mapping[Any, Any] | None" = None,
    tz: str | None = None,
) -> Any:
    """Add to each question the features as known at its time.

    ``questions`` is a frame (Polars, pandas, Arrow or DuckDB); ``at`` the moment of its rows at which they are asked
    ("column", or "column - 2h"). ``features`` is one group, or several by name; ``tables`` gives the rows: a frame for
    each table, under the table or its name (for groups that name their table by text, add the table's declaration by
    ``tables={table: frame}``). ``tz`` is the zone of the questions' times, where they have none. A row counts when it was
    known before the question and lies in the window: ``k < q`` and ``q - w <= e < q``.

    Returns the questions with the features beside them, in the same order and number, as a Polars frame (pandas for
    pandas, Arrow for Arrow). Columns are called by the feature, or ``group.feature`` where groups have names. Raises
    DataError for missing columns, DeclarationError for a table without rows.

    >>> import ninefold as nf, polars as pl
    >>> from datetime import datetime, timedelta, UTC
    >>> noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    >>> orders = nf.Table("shop:orders", key="id", time="at", known="at + 10m")
    >>> rows = pl.DataFrame({"id": [1, 2, 3], "shop": ["a"] * 3, "units": [5, 7, 9], "at": [noon - timedelta(minutes=m) for m in (90, 30, 5)]})
    >>> asked = pl.DataFrame({"shop": ["a", "b"], "when": [noon, noon]})
    >>> pace = nf.Features(orders, by="shop", hour=nf.sum("units", "1h"), day=nf.sum("units", "1d"))
    >>> nf.join(asked, pace, at="when", tables={orders: rows}).select("shop", "hour", "day").rows()
    [('a', 7, 12), ('b', None, None)]

    The last order was not known yet at noon: it takes ten minutes.
    """
    groups = _named(features)
    frame = from_any(questions, said="the questions are").collect()
    when = moment(at)
    if when.column not in frame.columns:
        raise DataError(f'the questions have no column "{when.column}", which at="{at}" names', hint=closest(when.column, frame.columns))
    asked = frame if tz is None else placed_in(frame, tz)[0]
    kind = asked.schema[when.column]
    if isinstance(kind, pl.Datetime) and kind.time_zone is None:
        raise DataError(f'the times of the questions\' column "{when.column}" have no zone', hint='say which: nf.join(..., tz="Europe/Rome")')
    q = micros(asked.select(micros_of(when, asked.schema, tz)).to_series()).alias("__q")
    given = {} if tables is None else dict(tables.items())
    views: dict[int, pl.DataFrame] = {}
    declared = []
    for name, group in groups:
        table, rows = _rows(name, group, given)
        if table is not None and id(table) not in views:
            views[id(table)] = view(table, placed(from_any(rows, said="the rows of a table are").collect(), table)[0].lazy()).collect()
        declared.append((name, group, table, None if table is None else views[id(table)]))
    found = feature_frame(asked.with_columns(q), declared)
    if isinstance(features, Features):
        found = found.rename({c: c.partition(".")[2] for c in found.columns})
    twice = [c for c in found.columns if c in frame.columns]
    if twice:
        raise DataError(f'the questions already have a column "{twice[0]}"', hint="rename it, or give the group a name: features={{'name': group}}")
    return _as(frame.hstack(found.get_columns()), questions)


def _named(features: "Features | Mapping[str, Features] | Sequence[Features]") -> list[tuple[str, Features]]:
    if isinstance(features, Features):
        return [("features", features)]
    if isinstance(features, Mapping):
        return list(features.items())
    return [(f"features_{number}", group) for number, group in enumerate(features, 1)]


def _rows(name: str, group: Features, tables: Mapping[Any, Any]) -> tuple[Table | None, Any]:
    """The table that a group reads, and its frame."""
    if not group.aggregates:
        return None, None
    table = group.table
    for key, rows in tables.items():
        if key is table and isinstance(key, Table):
            return key, rows
        if isinstance(key, Table) and isinstance(table, str) and getattr(key, "__name__", None) == table:
            return key, rows
        if isinstance(key, str) and isinstance(table, Table) and getattr(table, "__name__", None) == key:
            return table, rows
    if isinstance(table, Table) and len(tables) == 1 and isinstance(only := next(iter(tables)), str):
        return table, tables[only]
    raise DeclarationError(
        f"the rows that {name} aggregates were not given", hint="pass tables={table: frame}, with the table that the features name"
    )


def _as(frame: pl.DataFrame, like: Any) -> Any:
    """The frame in the kind that the caller brought; Polars for a DuckDB relation."""
    package = type(like).__module__.partition(".")[0]
    if package == "pandas":
        return frame.to_arrow(compat_level=pl.CompatLevel.oldest()).to_pandas()
    if package == "pyarrow":
        return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    return frame
