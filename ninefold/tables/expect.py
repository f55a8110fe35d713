"""Expectations: rules about a table's rows, as values. Checking them is in ``check``."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from ninefold.errors import DeclarationError
from ninefold.things import as_tuple
from ninefold.units import share

Otherwise = Literal["quarantine", "stop"]


@dataclass(frozen=True, eq=False, slots=True)
class Expectation:
    """One rule. Rows that break it are quarantined with ``text`` as the reason; where more than the share ``at_most`` of all rows
    break it the run stops (None: any share may).
    """

    kind: str
    columns: tuple[str, ...]
    args: tuple[Any, ...] = ()
    at_most: float | None = None

    @property
    def otherwise(self) -> Otherwise:
        """What happens to a row that breaks it, or to the run."""
        return "quarantine" if self.at_most is None else "stop"

    @property
    def text(self) -> str:
        """The rule as it is written in reports."""
        parts = [repr(c) for c in self.columns] + [str(list(a)) if isinstance(a, tuple) else str(a) for a in self.args]
        return f"{self.kind}({', '.join(parts)})"

    def or_stop(self, at_most: str = "0%") -> "Expectation":
        """Stop the run where more than this share of the rows breaks the rule.

        >>> import ninefold as nf
        >>> nf.unique("id").or_stop().otherwise
        'stop'
        """
        return replace(self, at_most=share(at_most))


def _named(kind: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    if not columns or not all(isinstance(c, str) for c in columns):
        raise DeclarationError(f"nf.{kind}{columns!r} names no columns", hint=f'name them one by one: nf.{kind}("store", "day")')
    return columns


def unique(*columns: str) -> Expectation:
    """No two rows have the same values in these columns. The first row stays, the others break the rule.

    >>> import ninefold as nf
    >>> nf.unique("store", "day").text
    "unique('store', 'day')"
    """
    return Expectation("unique", _named("unique", columns))


def not_null(*columns: str) -> Expectation:
    """None of these columns is null.

    >>> import ninefold as nf
    >>> nf.not_null("origin", "time").text
    "not_null('origin', 'time')"
    """
    return Expectation("not_null", _named("not_null", columns))


def between(column: str, low: Any, high: Any) -> Expectation:
    """``low <= column <= high``; null passes.

    >>> import ninefold as nf
    >>> nf.between("wind_speed", 0, 120).text
    "between('wind_speed', 0, 120)"
    """
    try:
        empty = low > high
    except TypeError:
        raise DeclarationError(f"between({column!r}, {low!r}, {high!r}): the limits cannot be compared", hint="give two of one type") from None
    if empty:
        raise DeclarationError(f"between({column!r}, {low!r}, {high!r}): the lower limit is above the upper one")
    return Expectation("between", (column,), (low, high))


def one_of(column: str, values: list[Any]) -> Expectation:
    """The column has one of these values; null passes.

    >>> import ninefold as nf
    >>> nf.one_of("origin", ["EWR", "JFK"]).text
    "one_of('origin', ['EWR', 'JFK'])"
    """
    return Expectation("one_of", (column,), (as_tuple(values),))


def matches(column: str, pattern: str) -> Expectation:
    r"""The text matches the regular expression (Rust syntax, anywhere in the text); null passes.

    >>> import ninefold as nf, polars as pl
    >>> nf.check(pl.DataFrame({"zip": ["10115", "1011"]}), [nf.matches("zip", r"^\d{5}$")]).bad.height
    1
    """
    return Expectation("matches", (column,), (pattern,))


def holds(expression: Any, text: str = "") -> Expectation:
    """A Polars expression over the row's columns is true; null passes.

    >>> import ninefold as nf, polars as pl
    >>> nf.holds(pl.col("left_at") <= pl.col("arrived_at"), "leaves before it arrives").text
    'leaves before it arrives'
    """
    if not (hasattr(expression, "meta") and hasattr(expression, "alias")):
        raise DeclarationError(f"nf.holds({expression!r}) is no Polars expression", hint='write pl.col("left_at") <= pl.col("arrived_at")')
    return _Holds("holds", (), (expression,), text_=text)


@dataclass(frozen=True, eq=False, slots=True)
class _Holds(Expectation):
    text_: str = ""

    @property
    def text(self) -> str:
        return self.text_ or f"holds({self.args[0]})"


def refers_to(column: str, table: Any, key: str | None = None) -> Expectation:
    """Each value is the key of a row of ``table``; null passes.

    >>> import ninefold as nf, polars as pl
    >>> shops = pl.DataFrame({"id": [1, 2]})
    >>> nf.check(pl.DataFrame({"shop": [1, 9]}), [nf.refers_to("shop", "shops", "id")], tables={"shops": shops}).bad["shop"].to_list()
    [9]
    """
    return Expectation("refers_to", (column,), (table, key))


def row_count(low: int, high: int | None = None) -> Expectation:
    """The table has at least ``low`` and at most ``high`` rows; always stops the run where it has not.

    >>> import ninefold as nf, polars as pl
    >>> nf.check(pl.DataFrame({"id": [1]}), [nf.row_count(10)]).stops
    ('1 row, expected at least 10',)
    """
    if low < 0 or (high is not None and high < low):
        raise DeclarationError(f"row_count({low}, {high}): no table has so many rows", hint="give the least, then the most")
    return Expectation("row_count", (), (low, high), at_most=0.0)
