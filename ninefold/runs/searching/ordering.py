"""An order as expressions: numbers, then what is no number, then what is missing; ties broken, so that every row has one place."""

from collections.abc import Sequence
from dataclasses import dataclass

from ninefold.errors import UsageError
from ninefold.runs.searching.conditions import Noun, Sql
from ninefold.runs.searching.filters import Order, check_order
from ninefold.runs.searching.keyset import Term

NUMBER, NAN, MISSING = 0, 1, 2  # ranks


@dataclass(frozen=True)
class Place:
    """One field of an order: the rank of its value (none where there always is one), the value, and the join that brings it."""

    order: Order
    rank: Term | None
    value: Term
    join: Sql = Sql("")  # noqa: RUF009  it is immutable

    @property
    def terms(self) -> list[Term]:
        """Rank and value."""
        return [self.value] if self.rank is None else [self.rank, self.value]


def places(noun: Noun, order: Sequence[Order], ties: Sequence[Order]) -> list[Place]:
    """The places of an order, and of the ties where the order does not name them."""
    check_order(order)
    named = {term.field for term in order if term.on is None}
    return [place(noun, term, number) for number, term in enumerate([*order, *(tie for tie in ties if tie.field not in named)])]


def place(noun: Noun, order: Order, number: int) -> Place:
    """The place of one field; ``number`` names its join."""
    field, alias = order.field, f"o{number}"
    if field.kind == "attribute":
        column = noun.column(field.key, "order")
        text = column.order or column.text
        kind = "int" if column.order else column.kind
        if not column.nullable:
            return Place(order, None, Term(text, kind, order.descending))
        rank = Term(f"case when {text} is null then {MISSING} else {NUMBER} end", "int")
        return Place(order, rank, Term(f"coalesce({text}, {_EMPTY[kind]})", kind, order.descending))
    table = noun.labelled(field.kind, "order")
    if table.columns or table.json:
        raise UsageError(f'{noun.name} cannot be ordered by "{field.kind}.{field.key}"', hint="order by an attribute, a metric, a param or a tag")
    value = f"{alias}.value"
    join = Sql(f" left join {table.name} {alias} on {table.tie.replace('x.', alias + '.')} and {alias}.key = ?", (field.key,))
    if table.numbers:
        rank = Term(f"case when {alias}.nan = 0 then {NUMBER} when {alias}.nan = 1 then {NAN} else {MISSING} end", "int")
        return Place(order, rank, Term(f"coalesce({value}, 0)", "real", order.descending), join)
    if field.otherwise:
        value = f"coalesce({value}, nullif({noun.column(field.otherwise, 'order').text}, ''))"
    rank = Term(f"case when {value} is null then {MISSING} else {NUMBER} end", "int")
    return Place(order, rank, Term(f"coalesce({value}, '')", "text", order.descending), join)


def joins(found: Sequence[Place]) -> Sql:
    """What brings the values of all places."""
    return Sql("".join(each.join.text for each in found), tuple(arg for each in found for arg in each.join.args))


def terms(found: Sequence[Place]) -> list[Term]:
    """All ranks and values."""
    return [term for each in found for term in each.terms]


_EMPTY = {"int": "0", "real": "0", "text": "''"}
