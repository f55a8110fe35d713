"""What a request must carry, and the expressions that are computed from it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from ninefold.errors import DataError, closest
from ninefold.features.features import Features
from ninefold.features.reading import ASKED_AT
from ninefold.features.training import expressions, in_zones
from ninefold.problems.target import Target
from ninefold.tables.table import Table


def request_columns(target: Target, table: Table, groups: Sequence[tuple[str, Features]], bare: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns of a request: the asked table's key, the root of ``at=``, every group's entity, bare columns, and what
    request-time expressions read beside their group's own features.

    >>> import ninefold as nf
    >>> trips = nf.Table("db:trips", key="id", time="leaves", later={"late": "arrives"})
    >>> delays = nf.Features(trips, by="origin", at="arrives", share=nf.mean("late", "1d"))
    >>> request_columns(nf.binary("late", of=trips, at="leaves - 2h"), trips, [("delays", delays)], ["carrier"])
    ('id', 'leaves', 'origin', 'carrier')
    """
    columns = [*table.key, *([target.at.column] if target.at is not None else [])]
    for _, group in groups:
        columns += group.by
        for _, aggregate in group.aggregates:
            columns += aggregate.by or ()
        own = {ASKED_AT}.union(group.names)
        for _, expression in group.expressions:
            columns += [c for c in expression.meta.root_names() if c not in own]
    return tuple(dict.fromkeys([*columns, *bare]))


def request_schema(
    target: Target, table: Table, schema: Mapping[str, pl.DataType], groups: Sequence[tuple[str, Features]], bare: Sequence[str] = ()
) -> dict[str, pl.DataType]:
    """The request's columns with their types in the asked table; times in the table's zone. Raises DataError for a column that it lacks."""
    found: dict[str, pl.DataType] = {}
    for column in request_columns(target, table, groups, bare):
        if column not in schema:
            raise DataError(f'a request needs "{column}", which the asked table does not have', hint=closest(column, schema))
        kind = schema[column]
        found[column] = pl.Datetime("us", table.tz or kind.time_zone or "UTC") if isinstance(kind, pl.Datetime) else kind
    return found


class Expressions:
    """The request-time expressions of some groups, for many rows in one frame.

    >>> group = Features(None, columns={"hour": pl.col("at").dt.hour()})
    >>> Expressions([("calendar", group)], {"at": pl.Datetime("us", "Europe/Rome")}).evaluate({"at": [0]}, [0])
    {'calendar.hour': [1]}
    """

    def __init__(self, groups: Sequence[tuple[str, Features]], schema: Mapping[str, pl.DataType]) -> None:
        self.groups = [(name, group) for name, group in groups if group.expressions]
        read = {c for _, group in self.groups for _, e in group.expressions for c in e.meta.root_names()}
        self.schema = {c: kind for c, kind in schema.items() if c in read}
        self.windows = {name: [n for n, _ in group.aggregates if n in read] for name, group in self.groups}

    def evaluate(self, columns: Mapping[str, Sequence[Any]], asked: Sequence[int]) -> dict[str, list[Any]]:
        """Each expression (``group.feature``) for every row. ``columns`` holds the request's columns (times as µs UTC), and
        the windows looked up as ``group.feature``; ``asked`` each row's ``q``.
        """
        if not self.groups:
            return {}
        frame = request_frame(columns, self.schema)
        q = pl.Series("q", asked, dtype=pl.Int64)
        if frame.width == 0:
            frame = pl.DataFrame({"__q": q})
        found: dict[str, list[Any]] = {}
        for name, group in self.groups:
            own = self.windows[name]
            windows = pl.DataFrame({n: pl.Series(columns[f"{name}.{n}"], strict=False) for n in own}) if own else None
            evaluated = expressions(frame, group, windows, q, name=name, checked=True)
            for feature, _ in group.expressions:
                found[f"{name}.{feature}"] = evaluated[feature].to_list()
        return found


def request_frame(columns: Mapping[str, Sequence[Any]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """A request's columns as a frame in these types: times are µs UTC in it and are shown in their zone, dates are ISO texts."""
    zones = {c: kind.time_zone for c, kind in schema.items() if isinstance(kind, pl.Datetime) and kind.time_zone}
    return in_zones(pl.DataFrame([_series(c, columns[c], kind) for c, kind in schema.items()]), zones)


def _series(column: str, values: Sequence[Any], kind: pl.DataType) -> pl.Series:
    if isinstance(kind, pl.Datetime):
        return pl.Series(column, values, dtype=pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if isinstance(kind, pl.Date):
        return pl.Series(column, [date.fromisoformat(v) if isinstance(v, str) else v for v in values], dtype=kind)
    return pl.Series(column, values, dtype=kind, strict=False)
