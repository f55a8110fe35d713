"""A group of features: one entity, one table, window aggregates and expressions over them."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ninefold.errors import DeclarationError
from ninefold.features.aggregate import Aggregate
from ninefold.things import Thing, as_tuple, declare
from ninefold.units import Moment, moment


@dataclass(frozen=True, eq=False, slots=True, init=False)
class Features(Thing):
    """Inputs of one entity: aggregates over a table's rows as known at the question, and Polars expressions.

    ``table`` is what they are computed from (none: expressions over the question's own columns); ``by`` names the entity's
    columns, the same in rows and question, or maps the question's column to the rows'; ``by=[]`` is everyone; ``at`` is
    the event time (default: the table's time). Columns are called ``group.feature``; names that Python reserves go
    through ``columns``. Expressions see the group's own features and the question's columns, with times in the table's
    zone.

    >>> import ninefold as nf, polars as pl
    >>> nf.Features("orders", by="shop", week=nf.sum("units", "7d"), rate=pl.col("week") / 7).names
    ('week', 'rate')
    """

    noun: ClassVar[str] = "features"

    table: "Thing | str | None"
    by: tuple[str, ...]
    rows_by: tuple[str, ...]
    at: Moment | None
    same_instant: bool
    aggregates: tuple[tuple[str, Aggregate], ...]
    expressions: tuple[tuple[str, Any], ...]
    was: str | None

    def __init__(
        self,
        table: "Thing | str | None" = None,
        *,
        by: "str | list[str] | dict[str, str] | None" = None,
        at: str | None = None,
        same_instant: bool = False,
        columns: dict[str, Any] | None = None,
        was: str | None = None,
        **features: Any,
    ) -> None:
        both = {**features, **(columns or {})}
        aggregates = tuple((n, f) for n, f in both.items() if isinstance(f, Aggregate))
        expressions = tuple((n, f) for n, f in both.items() if hasattr(f, "meta") and hasattr(f, "alias"))
        for name, feature in both.items():
            if not isinstance(feature, Aggregate) and not (hasattr(feature, "meta") and hasattr(feature, "alias")):
                raise DeclarationError(
                    f"the feature {name!r} is {feature!r}", hint='write an aggregate (nf.mean("price", "7d")) or a Polars expression'
                )
        if not both:
            raise DeclarationError("a group of features without features")
        if aggregates and table is None:
            raise DeclarationError(f"the feature {aggregates[0][0]!r} aggregates rows of no table", hint='name it: nf.Features(table, by="...", ...)')
        if aggregates and by is None:
            raise DeclarationError(f"the feature {aggregates[0][0]!r} has no entity", hint='say by="column", or by=[] for everyone')
        for name, a in aggregates:
            if a.window is None and a.rows is None and a.op not in {"last", "first", "count"}:
                raise DeclarationError(f"the feature {name!r} has no window", hint=f'say how far back: {name}=nf.{a.op}("column", "7d")')
        question = tuple(by) if isinstance(by, dict) else as_tuple(by)
        rows = tuple(by.values()) if isinstance(by, dict) else question
        declare(self, table, question, rows, moment(at) if at else None, same_instant, aggregates, expressions, was)

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, aggregates first."""
        return tuple(n for n, _ in self.aggregates) + tuple(n for n, _ in self.expressions)
