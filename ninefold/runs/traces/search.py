"""Finding traces: by what they are, their labels, their spans, and what was judged of them."""

from collections.abc import Sequence

import msgspec

from ninefold.errors import UsageError
from ninefold.ledger import Ledger
from ninefold.runs.searching.conditions import Column, Noun, Sql, Table, held, keyed_by, one_of
from ninefold.runs.searching.filters import Comparison, Field, Order, Sign
from ninefold.runs.searching.finding import column_of, page
from ninefold.runs.searching.ordering import places
from ninefold.runs.searching.patterns import Patterns, matches

_TIE = "x.trace = t.id"
_ID = Field("attribute", "id")
_TIES = (Order(Field("attribute", "started"), descending=True), Order(_ID))
_TRACES = Noun(
    "traces",
    "traces t",
    {
        "id": Column("t.id"),
        "name": Column("t.name"),
        "status": Column("t.status"),
        "client": Column("t.client"),
        "started": Column("t.started", "int"),
        "took": Column("t.took", "int", nullable=True),
        "ended": Column("(t.started + t.took)", "int", nullable=True),
    },
    {
        "tag": Table("trace_labels", f"{_TIE} and x.kind = 'tag'"),
        "metadata": Table("trace_labels", f"{_TIE} and x.kind = 'metadata'"),
        "run": Table("trace_links", f"{_TIE} and x.project = t.project", columns={"id": "x.run"}),
        "span": Table("spans", _TIE, columns={"name": "x.name", "type": "x.kind", "status": "x.status", "content": "x.attributes"}),
        "attribute of span": Table("spans", _TIE, json="x.attributes"),
        **{
            kind: Table(f"(select trace, name as key, value from assessments where kind = '{kind}')", _TIE)
            for kind in ("feedback", "expectation", "issue")
        },
    },
)
_INSIDE = "attributes."
_JUDGED = {"feedback", "expectation"}
_EITHER: dict[str, Sign] = {"=": "in", "!=": "not in"}
_TEXTS = 5000  # that one regular expression is compared with


def search_traces(
    ledger: Ledger,
    project: str,
    experiments: Sequence[int],
    filters: Sequence[Comparison] = (),
    *,
    order: Sequence[Order] = (),
    limit: int = 100,
    token: str | None = None,
) -> tuple[list[str], str | None]:
    """The ids of a page of traces that meet all filters, the newest first, and the token of the next page."""
    if not experiments:
        return [], None
    scope = [Sql("t.project = ?", (project,)), one_of("t.experiment", experiments)]
    by = places(_TRACES, order, _TIES)
    placed = [_placed(one) for one in filters]
    found, after = page(ledger, _TRACES, scope, placed, by, limit=limit, token=token, plain=lambda one: _plain(ledger, scope, one))
    column = column_of(by, _ID)
    return [row[column] for row in found], after


def _placed(comparison: Comparison) -> Comparison:
    """A comparison with what lies in a table of its own: runs of a trace, attributes of its spans."""
    field = comparison.field
    if field == Field("attribute", "run"):
        return msgspec.structs.replace(comparison, field=Field("run", "id"))
    if field.kind == "span" and field.key.startswith(_INSIDE):
        return msgspec.structs.replace(comparison, field=Field("attribute of span", field.key.removeprefix(_INSIDE)))
    if field.kind in _JUDGED and comparison.sign in _EITHER and isinstance(comparison.value, str):
        return msgspec.structs.replace(comparison, sign=_EITHER[comparison.sign], value=_meant(comparison.value))
    return comparison


def _meant(value: str) -> tuple[str, ...]:
    """The texts that a value of an assessment may be: itself, and what it is the JSON of."""
    try:
        inner = msgspec.json.decode(value, type=str)
    except (msgspec.DecodeError, UnicodeError):
        return (value,)
    return (value,) if "\0" in inner else (value, inner)  # no text has a NUL, and Postgres takes none


def _plain(ledger: Ledger, scope: Sequence[Sql], comparison: Comparison) -> Comparison:
    """A regular expression as the list of those texts that it matches: neither database has one that a hostile pattern cannot stop."""
    if comparison.sign != "rlike":
        return comparison
    field = comparison.field
    if field.kind == "attribute":
        column, source, where = Sql(_TRACES.column(field.key).text), _TRACES.table, list(scope)
    else:
        table = _TRACES.labelled(field.kind)
        column = held(table, field.key, Patterns.of(ledger))
        source, where = f"{table.name} x join {_TRACES.table} on {table.tie}", [*scope, keyed_by(table, comparison)]
    chosen = Sql.all(where)
    rows = ledger.all(f"select distinct {column.text} as said from {source} where {chosen.text} limit ?", *column.args, *chosen.args, _TEXTS + 1)
    if len(rows) > _TEXTS:
        raise UsageError(f"more than {_TEXTS:,} different texts would be compared", hint="use LIKE, or search fewer experiments", where="filter")
    texts = [str(row["said"]) for row in rows if row["said"] is not None]
    found = [text for text, matched in zip(texts, matches(str(comparison.value), texts), strict=True) if matched]
    return msgspec.structs.replace(comparison, sign="in", value=tuple(found))
