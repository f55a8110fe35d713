"""Comparisons as SQL: text made of our own names, values bound."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ninefold.errors import UsageError, closest
from ninefold.runs.searching.filters import Comparison
from ninefold.runs.searching.patterns import Patterns

Kind = Literal["int", "real", "text"]  # of values, as they are ordered
NEVER, ALWAYS = "1 = 0", "1 = 1"


@dataclass(frozen=True)
class Sql:
    """A piece of a statement, and what its marks are bound to."""

    text: str
    args: tuple[Any, ...] = ()

    @staticmethod
    def all(pieces: Sequence["Sql"]) -> "Sql":
        """All of them."""
        return Sql(" and ".join(piece.text for piece in pieces) or ALWAYS, tuple(arg for piece in pieces for arg in piece.args))


@dataclass(frozen=True)
class Column:
    """An attribute: its expression, the kind of its values, whether it may be null; ``order`` where another one orders it."""

    text: str
    kind: Kind = "text"
    nullable: bool = False
    order: str = ""


@dataclass(frozen=True)
class Table:
    """A table of labels: the condition that ties its rows (``x``) to those of the noun, and what holds key and value.

    Where it has a column for each key, ``columns`` names them; where labels are members of a JSON column, ``json`` names it.
    """

    name: str
    tie: str
    numbers: bool = False  # values may be no number: then the column nan is 1
    columns: Mapping[str, str] = field(default_factory=dict)
    json: str = ""
    also: Sql = Sql(ALWAYS)  # a further condition on the rows


@dataclass(frozen=True)
class Noun:
    """What is searched: its table with alias, the columns by the names of attributes, and its tables of labels by kind."""

    name: str
    table: str
    columns: Mapping[str, Column]
    labels: Mapping[str, Table] = field(default_factory=dict)

    def column(self, key: str, where: str = "filter") -> Column:
        """The column of an attribute; UsageError with the nearest name."""
        if key not in self.columns:
            raise UsageError(f'{self.name} have no attribute "{key}"', hint=closest(key, self.columns), where=where)
        return self.columns[key]

    def labelled(self, kind: str, where: str = "filter") -> Table:
        """The table of a kind of label; UsageError with the nearest one."""
        if kind not in self.labels:
            raise UsageError(f'{self.name} have no "{kind}"', hint=closest(kind, self.labels), where=where)
        return self.labels[kind]


def condition(noun: Noun, comparison: Comparison, patterns: Patterns) -> Sql:
    """A comparison as a condition on the noun's rows. UsageError where there is no such field."""
    field = comparison.field
    if field.kind == "attribute":
        return compare(Sql(noun.column(field.key).text), comparison, patterns)
    table = noun.labelled(field.kind)
    absent = _without(table, comparison)
    if comparison.sign == "is null":
        return Sql.all([absent, Sql(f"coalesce({noun.column(field.otherwise).text}, '') = ''")]) if field.otherwise else absent
    found = _with(table, comparison, patterns)
    if field.otherwise:  # an attribute that is empty says nothing
        column = Sql(noun.column(field.otherwise).text)
        said = Sql(f"{column.text} is not null") if comparison.sign == "is not null" else compare(column, comparison, patterns)
        instead = Sql.all([absent, Sql(f"{column.text} <> ''"), said])
    elif comparison.missing:
        instead = absent
    else:
        return found
    return Sql(f"({found.text} or ({instead.text}))", found.args + instead.args)


def _with(table: Table, comparison: Comparison, patterns: Patterns) -> Sql:
    said = row_says(table, comparison, patterns)
    return Sql(f"exists (select 1 from {table.name} x where {table.tie} and {said.text})", said.args)


def _without(table: Table, comparison: Comparison) -> Sql:
    keyed = keyed_by(table, comparison)
    return Sql(f"not exists (select 1 from {table.name} x where {table.tie} and {keyed.text})", keyed.args)


def keyed_by(table: Table, comparison: Comparison) -> Sql:
    """Which rows of a table of labels have the key."""
    return Sql(ALWAYS) if table.columns or table.json else Sql("x.key = ?", (comparison.field.key,))


def row_says(table: Table, comparison: Comparison, patterns: Patterns) -> Sql:
    """What a row of a table of labels has to say: its key and its value."""
    keyed = keyed_by(table, comparison)
    if comparison.sign == "is not null":
        return keyed
    column = held(table, comparison.field.key, patterns)
    said = compare(column, comparison, patterns)
    if table.numbers:  # what is no number equals nothing
        said = Sql(f"(x.nan = 1 or {said.text})" if comparison.sign == "!=" else f"x.nan = 0 and {said.text}", said.args)
    return Sql.all([keyed, said, *([] if table.also.text == ALWAYS else [table.also])])


def held(table: Table, key: str, patterns: Patterns) -> Sql:
    """Where a row of a table of labels has the value of a key."""
    if table.columns:
        if key not in table.columns:
            raise UsageError(f'there is no "{key}" to compare', hint=closest(key, table.columns), where="filter")
        return Sql(table.columns[key])
    return Sql(patterns.member(table.json), (patterns.path(key),)) if table.json else Sql("x.value")


def compare(left: Sql, comparison: Comparison, patterns: Patterns) -> Sql:
    """An expression against the value of a comparison."""
    right = _compare(left.text, comparison, patterns)
    return Sql(right.text, left.args + right.args)


def _compare(column: str, comparison: Comparison, patterns: Patterns) -> Sql:
    sign, value = comparison.sign, comparison.value
    if sign in {"is null", "is not null"}:
        return Sql(f"{column} {sign}")
    if sign in {"in", "not in"}:
        values = value if isinstance(value, tuple) else (value,)
        if not values:
            return Sql(NEVER if sign == "in" else f"{column} is not null")
        return Sql(f"{column} {sign} ({', '.join('?' * len(values))})", tuple(values))
    if sign in {"within", "outside"}:
        assert isinstance(value, tuple)  # grammars make these, with both ends
        text = f"({column} >= ? and {column} < ?)" if sign == "within" else f"({column} < ? or {column} >= ?)"
        return Sql(text, tuple(value))
    if sign in {"like", "ilike"}:
        fold = sign == "ilike"
        return Sql(patterns.like(column, fold=fold), (patterns.pattern(str(value), fold=fold),))
    if sign == "rlike":
        raise UsageError("regular expressions are compared for traces only", hint="use LIKE or ILIKE", where="filter")
    return Sql(f"{column} {sign} ?", (value,))


def one_of(column: str, values: Iterable[Any]) -> Sql:
    """A column that has one of some values, of which there is one at least."""
    given = tuple(values)
    return Sql(f"{column} = ?", given) if len(given) == 1 else Sql(f"{column} in ({', '.join('?' * len(given))})", given)
