"""A group of features as plain JSON: what a bundle carries, and what the online fold is built from."""

from typing import Any

import msgspec

from ninefold.errors import DeclarationError
from ninefold.features import expression
from ninefold.features.aggregate import Aggregate
from ninefold.features.features import Features
from ninefold.tables.table import Table


class AggregateSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """One aggregate; fields as in :class:`Aggregate`, ``where`` as an expression's JSON."""

    name: str
    op: str
    column: str | None = None
    window: int | None = None
    ahead: bool = False
    where: str | None = None
    by: tuple[str, ...] | None = None
    before: int = 0
    empty: bool | int | float | str | None = None
    rows: int | None = None
    q: float | None = None


class TableSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a table's rows mean: key, times, known times, zone; ``columns`` maps names to Polars types, where they are known."""

    name: str
    key: tuple[str, ...]
    time: str | None = None
    until: str | None = None
    tz: str | None = None
    known: str | None = None
    later: dict[str, str] = {}
    columns: dict[str, str] = {}


class GroupSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """A group of features: entity, event time, aggregates, and expressions as JSON."""

    name: str
    table: TableSpec | None = None
    by: tuple[str, ...] = ()
    rows_by: tuple[str, ...] = ()
    at: str | None = None
    same_instant: bool = False
    aggregates: tuple[AggregateSpec, ...] = ()
    expressions: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, aggregates first."""
        return tuple(a.name for a in self.aggregates) + tuple(n for n, _ in self.expressions)

    def json(self) -> bytes:
        """The definition as JSON; equal definitions are equal bytes."""
        return msgspec.json.encode(self, order="deterministic")


def spec_of(
    name: str, group: Features, table_name: str | None = None, table: Table | None = None, columns: dict[str, str] | None = None
) -> GroupSpec:
    """The definition of a declared group; ``columns`` gives the types of the table's columns.

    >>> import ninefold as nf
    >>> orders = nf.Table("db:orders", key="id", time="at")
    >>> spec_of("pace", nf.Features(orders, by="shop", week=nf.sum("units", "7d")), "orders", orders).aggregates[0].window // 86_400_000_000
    7
    """
    return GroupSpec(
        name=name,
        table=None if table is None else table_spec(table_name or "", table, columns),
        by=group.by,
        rows_by=group.rows_by,
        at=None if group.at is None else str(group.at),
        same_instant=group.same_instant,
        aggregates=tuple(_aggregate(name, feature, a) for feature, a in group.aggregates),
        expressions=tuple((n, expression.dump(e, f"the feature {name}.{n}")) for n, e in group.expressions),
    )


def table_spec(name: str, table: Table, columns: dict[str, str] | None = None) -> TableSpec:
    """What the rows of a declared table mean."""
    return TableSpec(
        name=name,
        key=table.key,
        time=None if table.time is None else str(table.time),
        until=table.until,
        tz=table.tz,
        known=None if table.known is None else str(table.known),
        later={c: str(m) for c, m in table.later},
        columns=columns or {},
    )


def table_of(spec: TableSpec) -> Table:
    """The table, without a function."""
    return Table(f"spec:{spec.name}", key=list(spec.key), time=spec.time, until=spec.until, tz=spec.tz, known=spec.known, later=dict(spec.later))


def features_of(spec: GroupSpec) -> Features:
    """The group, computing the same as the one that was written down."""
    table = None if spec.table is None else table_of(spec.table)
    columns: dict[str, Any] = {a.name: _aggregate_of(spec.name, a) for a in spec.aggregates}
    columns.update({n: expression.load(e, f"the feature {spec.name}.{n}") for n, e in spec.expressions})
    by = dict(zip(spec.by, spec.rows_by, strict=True)) if spec.by != spec.rows_by else list(spec.by)
    return Features(table, by=by, at=spec.at, same_instant=spec.same_instant, columns=columns)


def _aggregate(group: str, name: str, a: Aggregate) -> AggregateSpec:
    where = None if a.where is None else expression.dump(a.where, f"where= of the feature {group}.{name}")
    if not isinstance(a.empty, (bool, int, float, str, type(None))):
        raise DeclarationError(f"empty={a.empty!r} of the feature {group}.{name} is no plain value", hint="give a number, a text or a truth value")
    return AggregateSpec(name, a.op, a.column, a.window, a.ahead, where, a.by, a.before, a.empty, a.rows, a.q)


def _aggregate_of(group: str, a: AggregateSpec) -> Aggregate:
    where = None if a.where is None else expression.load(a.where, f"where= of the feature {group}.{a.name}")
    return Aggregate(a.op, a.column, a.window, a.ahead, where, a.by, a.before, a.empty, a.rows, a.q)
