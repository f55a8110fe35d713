"""One page of rows: a statement made of where to look, conditions and an order, and the token of the page after it."""

from collections.abc import Callable, Sequence
from typing import Any

from ninefold.errors import UsageError
from ninefold.ledger import Ledger
from ninefold.runs.searching.conditions import Noun, Sql, condition
from ninefold.runs.searching.filters import Comparison, Field
from ninefold.runs.searching.keyset import Term, after, decode, encode, query_digest
from ninefold.runs.searching.ordering import Place, joins, terms
from ninefold.runs.searching.patterns import Patterns

MOST = 50_000  # rows of a page

Keys = tuple[Any, ...]


class Part:
    """Where a statement looks: what follows ``from``, and the conditions that choose the part."""

    __slots__ = ("source", "where")

    def __init__(self, source: str, *where: Sql) -> None:
        self.source, self.where = source, where


def rows(
    ledger: Ledger, parts: Sequence[Part], order: Sequence[Term], join: Sql, conditions: Sequence[Sql], last: Sequence[Any] | None, limit: int
) -> list[Keys]:
    """The first rows after ``last`` of all parts together, as the values that they are ordered by.

    Each part is walked for itself and gives at most ``limit`` rows, so that an index may give them in order.
    """
    rest = [*conditions, after(order, last)]
    columns = ", ".join(f"{term.text} as k{number}" for number, term in enumerate(order))
    by = ", ".join(f"k{number}{' desc' if term.descending else ''}" for number, term in enumerate(order))
    texts, args = list[str](), list[Any]()
    for part in parts:
        where = Sql.all([*part.where, *rest])
        texts.append(f"select {columns} from {part.source}{join.text} where {where.text} order by {by} limit ?")
        args += [*join.args, *where.args, limit]
    if len(texts) == 1:
        return [tuple(row) for row in ledger.all(texts[0], *args)]
    together = " union all ".join(f"select * from ({text}) p{number}" for number, text in enumerate(texts))
    return [tuple(row) for row in ledger.all(f"select * from ({together}) u order by {by} limit ?", *args, limit)]


def page(
    ledger: Ledger,
    noun: Noun,
    scope: Sequence[Sql],
    filters: Sequence[Comparison],
    order: Sequence[Place],
    *,
    limit: int,
    token: str | None,
    plain: Callable[[Comparison], Comparison] = lambda comparison: comparison,
) -> tuple[list[Keys], str | None]:
    """A page of a noun's rows, each as the values that it is ordered by (those of the ties last), and the token of the next one.

    It looks through everything in scope: for nouns of which there are thousands at most. ``plain`` makes comparisons that databases
    know of those that they do not.
    """
    check_limit(limit)
    patterns, by = Patterns.of(ledger), terms(order)
    digest = query_digest(noun.name, scope, filters, [place.order for place in order])
    conditions = [*scope, *(condition(noun, plain(comparison), patterns) for comparison in filters)]
    taken = rows(ledger, [Part(noun.table)], by, joins(order), conditions, decode(token, digest, by), limit + 1)
    return cut(taken, limit, digest, by)


def column_of(order: Sequence[Place], field: Field) -> int:
    """Where the value of a field stands in the rows of a page."""
    at = next(number for number, place in enumerate(order) if place.order.field == field)
    return sum(len(place.terms) for place in order[: at + 1]) - 1


def cut(taken: list[Keys], limit: int, digest: str, by: Sequence[Term]) -> tuple[list[Keys], str | None]:
    """At most ``limit`` rows, and a token where there are more."""
    if len(taken) <= limit:
        return taken, None
    return taken[:limit], encode(digest, by, taken[limit - 1])


def check_limit(limit: int) -> None:
    """UsageError for a page of no rows, or of too many."""
    if not 1 <= limit <= MOST:
        raise UsageError(f"a page of {limit} rows was asked for", hint=f"ask for 1 to {MOST}", where="limit")
