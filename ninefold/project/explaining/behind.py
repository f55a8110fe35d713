"""The rows behind a feature: which rows of a table lay inside the window at the question, as they were known then."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.features.aggregate import Aggregate
from ninefold.project.explaining.plain import plain, plain_row
from ninefold.project.home import Home
from ninefold.units import duration_text

if TYPE_CHECKING:
    import polars as pl

    from ninefold.endpoints.questions import Request
    from ninefold.features.features import Features
    from ninefold.features.spec import GroupSpec
    from ninefold.tables.table import Table

SHOWN = 5


class Value(msgspec.Struct, frozen=True):
    """One input of the model as it was served. ``says`` is what it is in words. Of a window also: ``counted``, how many rows lay
    in it, the newest few of them (personal columns left out), and whether the lake gives the same value (``same``).
    """

    name: str
    value: Any
    says: str
    table: str | None = None
    counted: int | None = None
    rows: list[dict[str, Any]] = []
    same: bool | None = None


def says(aggregate: Aggregate, group: "Features", table: str) -> str:
    """An aggregate in words.

    >>> import ninefold as nf
    >>> says(nf.mean("delay", "1h"), nf.Features("trips", by="origin", x=nf.mean("delay", "1h")), "trips")
    'mean of delay in trips of the same origin, over 1h before'
    """
    what = f"{aggregate.op} of {aggregate.column}" if aggregate.column else "number of rows"
    by = group.by if aggregate.by is None else aggregate.by
    who = f" of the same {', '.join(by)}" if by else ""
    if aggregate.rows is not None:
        span = f", over the newest {aggregate.rows}"
    elif aggregate.window is None:
        span = ", over all of the past"
    else:
        span = f", over {duration_text(aggregate.window)} {'ahead' if aggregate.ahead else 'before'}"
    lag = f", {duration_text(aggregate.before)} earlier" if aggregate.before else ""
    return f"{what} in {table}{who}{span}{lag}" + (", where it holds" if aggregate.where is not None else "")


def behind(
    home: Home,
    groups: Sequence["GroupSpec"],
    request: "Request",
    row: Mapping[str, Any],
    q: int,
    served: Mapping[str, Any],
    *,
    versions: Mapping[str, int | None],
    personal: Mapping[str, Sequence[str]],
) -> list[Value]:
    """Every input with the rows behind it. ``versions`` are the stored versions of the tables to read, ``personal`` the columns
    of each that are not shown.
    """
    from ninefold.features.spec import features_of, table_of

    found: list[Value] = []
    for spec in groups:
        group = features_of(spec)
        if spec.table is not None and group.aggregates:
            table = table_of(spec.table)
            name = spec.table.name
            windows = _Windows(home, name, table, group, request, row, q, versions.get(name), personal.get(name, ()))
            found += [windows.value(f"{spec.name}.{f}", f, a, served.get(f"{spec.name}.{f}")) for f, a in group.aggregates]
        found += [Value(f"{spec.name}.{n}", served.get(f"{spec.name}.{n}"), f"computed: {e}") for n, e in group.expressions]
    return found + [bare_value(c, served.get(c), c in personal.get(request.asked, ())) for c in request.bare]


def bare_value(name: str, value: Any, personal: bool) -> Value:
    """An input that came with the question; what it says of a person is not shown."""
    return Value(name, None, f"{name} of the question: personal, not shown") if personal else Value(name, value, f"{name} of the question")


class _Windows:
    """The windows of one group at one question."""

    def __init__(
        self,
        home: Home,
        name: str,
        table: "Table",
        group: "Features",
        request: "Request",
        row: Mapping[str, Any],
        q: int,
        version: int | None,
        personal: Sequence[str],
    ) -> None:
        import polars as pl

        from ninefold.features.kernel import compute
        from ninefold.project.views import view
        from ninefold.tables.incoming import dtype_of

        self.name, self.table, self.group, self.row, self.q, self.personal = name, table, group, row, q, personal
        self.rows = view(home, name, table, version=version, as_of=q + 1).collect()
        types = {c: dtype_of(t) for c, t in request.columns.items() if not t.startswith(("Datetime", "Duration"))}
        question = pl.DataFrame({c: pl.Series([row.get(c)], dtype=t) for c, t in types.items()}).with_columns(__q=pl.lit(q, pl.Int64))
        self.again = compute(self.rows, question, group, table).row(0, named=True)

    def value(self, name: str, feature: str, aggregate: Aggregate, served: Any) -> Value:
        """One aggregate: what was served, and the rows in its window."""
        inside = self.inside(aggregate)
        shown = [c for c in inside.columns if not c.startswith("__") and c not in self.personal]
        wanted = list(dict.fromkeys([*self.table.key, *[c for c in self._read(aggregate) if c in shown]]))
        newest = [plain_row(r) for r in inside.select([c for c in wanted if c in shown]).tail(SHOWN).reverse().to_dicts()]
        again = self.again[feature]
        return Value(name, served, says(aggregate, self.group, self.name), self.name, inside.height, newest, _equal(again, served))

    def _read(self, aggregate: Aggregate) -> tuple[str, ...]:
        from ninefold.features.reading import reads

        return reads(self.group, aggregate, self.table)

    def inside(self, aggregate: Aggregate) -> "pl.DataFrame":
        """The rows that count, in order of (event time, known time): the rule of the features' semantics, written out."""
        import polars as pl

        from ninefold.features.reading import entity_columns
        from ninefold.features.rows import NEVER, event, gone, known, sequence

        rows, q, same = self.rows, self.q, self.group.same_instant
        k = pl.Series("k", known(rows, self.table, self._read(aggregate)))
        e = event(rows, self.group, self.table)
        ends = gone(rows)
        frame = rows.with_columns(
            k.alias("__kk"), e.alias("__e"), pl.Series("__s", sequence(rows)), (pl.Series(ends) if ends is not None else pl.lit(NEVER)).alias("__g")
        )
        k_, e_ = pl.col("__kk"), pl.col("__e") + aggregate.before
        use = (k_ <= q if same else k_ < q) & (pl.col("__g") >= q) & pl.col("__e").is_not_null()
        if aggregate.ahead:
            use &= (e_ >= q) & (e_ < q + (aggregate.window or 0))
        else:
            use &= e_ <= q if same else e_ < q
            if aggregate.window is not None:
                use &= e_ >= q - aggregate.window
        mine, asked = entity_columns(self.group, aggregate)
        for column, of in zip(mine, asked, strict=True):
            use &= pl.col(column) == pl.lit(self.row.get(of))
        if aggregate.where is not None:
            use &= aggregate.where
        found = frame.filter(use).sort("__e", "__kk", "__s")
        return found.tail(aggregate.rows) if aggregate.rows is not None else found


def _equal(again: Any, served: Any) -> bool:
    if isinstance(again, float) and again != again:
        again = None
    if isinstance(again, (int, float)) and isinstance(served, (int, float)):
        return abs(float(again) - float(served)) <= 1e-9 * max(1.0, abs(float(served)))
    return bool(plain(again) == plain(served))
