"""Finding logged models, also by metrics that they reached on a dataset."""

from collections.abc import Sequence

from ninefold.ledger import Ledger
from ninefold.runs.searching.conditions import Column, Noun, Sql, Table, one_of
from ninefold.runs.searching.filters import Comparison, Field, Order, State, check_order
from ninefold.runs.searching.finding import column_of, page
from ninefold.runs.searching.keyset import Term
from ninefold.runs.searching.ordering import MISSING, NAN, NUMBER, Place, place

_TIE = "x.model = m.id"
_ID = Field("attribute", "id")
_TIES = (Order(Field("attribute", "created"), descending=True), Order(_ID))
_NEWEST = "row_number() over (partition by p.model order by p.at desc, p.step desc, p.run, p.value desc, p.nan, p.dataset, p.digest)"

Data = tuple[str, str]
"""A dataset's name, and its digest or an empty text for any."""


def search_logged(
    ledger: Ledger,
    project: str,
    experiments: Sequence[int],
    filters: Sequence[Comparison] = (),
    *,
    datasets: Sequence[Data] = (),
    state: State = "active",
    order: Sequence[Order] = (),
    limit: int = 100,
    token: str | None = None,
) -> tuple[list[str], str | None]:
    """The ids of a page of logged models that meet all filters, the newest first, and the token of the next page.

    With ``datasets`` a metric counts where it was reached on one of them, and a model without such a metric is left out. An order
    by a metric takes its newest value.
    """
    if not experiments:
        return [], None
    noun, on = _noun(datasets), _on(datasets, "x")
    scope = [Sql("m.project = ?", (project,)), one_of("m.experiment", experiments)]
    scope.append(one_of("m.state", ("active", "deleted") if state == "all" else (state,)))
    if datasets and not any(comparison.field.kind == "metric" for comparison in filters):
        scope.append(Sql(f"exists (select 1 from model_points x where {_TIE} and {on.text})", on.args))
    check_order(order)
    named = {term.field for term in order}
    terms = [*order, *(tie for tie in _TIES if tie.field not in named)]
    by = [_metric(term, number, project) if term.field.kind == "metric" else place(noun, term, number) for number, term in enumerate(terms)]
    found, after = page(ledger, noun, scope, filters, by, limit=limit, token=token)
    column = column_of(by, _ID)
    return [row[column] for row in found], after


def _noun(datasets: Sequence[Data]) -> Noun:
    return Noun(
        "logged models",
        "logged_models m",
        {
            "id": Column("m.id"),
            "name": Column("m.name"),
            "kind": Column("m.kind"),
            "status": Column("m.status"),
            "run": Column("m.run", nullable=True),
            "created": Column("m.created", "int"),
            "updated": Column("m.updated", "int"),
        },
        {
            "param": Table("logged_params", _TIE),
            "tag": Table("logged_tags", _TIE),
            "metric": Table("model_points", _TIE, numbers=True, also=_on(datasets, "x")),
        },
    )


def _on(datasets: Sequence[Data], alias: str) -> Sql:
    """Rows of metrics on one of some datasets; all where none is named."""
    if not datasets:
        return Sql("1 = 1")
    each = [Sql(f"{alias}.dataset = ?", (name,)) for name, _ in datasets]
    each = [
        Sql(f"{one.text} and {alias}.digest = ?", (*one.args, digest)) if digest else one for one, (_, digest) in zip(each, datasets, strict=True)
    ]
    return Sql(f"({' or '.join(one.text for one in each)})", tuple(arg for one in each for arg in one.args))


def _metric(order: Order, number: int, project: str) -> Place:
    """The newest value of a metric: by time, then step."""
    alias, on = f"o{number}", _on([order.on] if order.on else [], "p")
    newest = f"select p.model, p.value, p.nan, {_NEWEST} as place from model_points p join logged_models l on l.id = p.model"
    join = f" left join ({newest} where l.project = ? and p.key = ? and {on.text}) {alias} on {alias}.model = m.id and {alias}.place = 1"
    rank = f"case when {alias}.nan = 0 then {NUMBER} when {alias}.nan = 1 then {NAN} else {MISSING} end"
    value = Term(f"coalesce({alias}.value, 0)", "real", order.descending)
    return Place(order, Term(rank, "int"), value, Sql(join, (project, order.field.key, *on.args)))
