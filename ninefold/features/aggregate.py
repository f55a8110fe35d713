"""Window aggregates as values: what over which column, in which window, of which rows."""

from dataclasses import dataclass
from typing import Any, Protocol

from ninefold.errors import DeclarationError
from ninefold.things import as_tuple
from ninefold.units import duration

NUMERIC = ("sum", "mean", "std", "quantile")
"""Operations over numbers, and truth values as 0 and 1."""


@dataclass(frozen=True, eq=False, slots=True)
class Aggregate:
    """One aggregate over one window.

    ``op`` is count, sum, mean, std, min, max, first, last, distinct, quantile or any. ``window`` in µs (None: all of the
    past), or ``rows`` newest rows instead. ``ahead``: the window lies after the question (planned rows). ``where`` is a
    Polars expression over the rows; ``by`` replaces the group's entity; ``before`` shifts the window back by µs;
    ``empty`` is the value where there are no rows; ``q`` the quantile.
    """

    op: str
    column: str | None
    window: int | None
    ahead: bool = False
    where: Any = None
    by: tuple[str, ...] | None = None
    before: int = 0
    empty: Any = None
    rows: int | None = None
    q: float | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads, those of ``where`` included."""
        read = list(self.where.meta.root_names()) if self.where is not None else []
        return tuple(dict.fromkeys([*([self.column] if self.column else []), *read]))


def _make(
    op: str,
    column: str | None,
    window: str | None,
    ahead: str | None,
    where: Any,
    by: Any,
    before: str | None,
    empty: Any,
    rows: int | None = None,
    q: float | None = None,
) -> Aggregate:
    if window is not None and ahead is not None:
        raise DeclarationError(f"nf.{op} looks back {window!r} and ahead {ahead!r}", hint="give one window; make two features of it")
    if rows is not None and (window is not None or ahead is not None or rows < 1):
        raise DeclarationError(f"nf.{op} has rows={rows} beside a window", hint="give rows= or a duration, and at least one row")
    if ahead is not None and before is not None:
        raise DeclarationError(f"nf.{op} has ahead= and before=", hint="before= shifts a window of the past")
    wanted = ahead if window is None else window
    span = None if wanted is None else duration(wanted)
    if span is not None and span <= 0:
        raise DeclarationError(f"nf.{op} has an empty window {wanted!r}")
    by_columns = None if by is None else as_tuple(by)
    return Aggregate(op, column, span, ahead is not None, where, by_columns, duration(before) if before else 0, empty, rows, q)


def count(
    first: str | None = None,
    window: str | None = None,
    *,
    ahead: str | None = None,
    where: Any = None,
    by: str | list[str] | None = None,
    before: str | None = None,
    empty: Any = 0,
    rows: int | None = None,
) -> Aggregate:
    """Number of rows in the window: ``nf.count("7d")``; of values that are not null: ``nf.count("column", "7d")``.

    >>> import ninefold as nf
    >>> nf.count("1h").column, nf.count("price", "1h").column, nf.count(ahead="3h").ahead
    (None, 'price', True)
    """
    column = None
    if first is not None and window is None and ahead is None and rows is None:
        window = first
    elif first is not None:
        column = first
    return _make("count", column, window, ahead, where, by, before, empty, rows)


class Windowed(Protocol):
    """An aggregate of a column: ``nf.mean("price", "7d", where=..., before="1d")``."""

    def __call__(
        self,
        column: str,
        window: str | None = None,
        *,
        ahead: str | None = None,
        where: Any = None,
        by: str | list[str] | None = None,
        before: str | None = None,
        empty: Any = None,
        rows: int | None = None,
    ) -> Aggregate: ...


def _over(op: str, doc: str) -> Windowed:
    def aggregate(
        column: str,
        window: str | None = None,
        *,
        ahead: str | None = None,
        where: Any = None,
        by: str | list[str] | None = None,
        before: str | None = None,
        empty: Any = None,
        rows: int | None = None,
    ) -> Aggregate:
        return _make(op, column, window, ahead, where, by, before, empty, rows)

    aggregate.__name__ = aggregate.__qualname__ = op
    aggregate.__doc__ = f'{doc}\n\n>>> import ninefold as nf\n>>> nf.{op}("units", "7d").op\n{op!r}\n'
    return aggregate


sum_ = _over("sum", "Sum of the column over the window; null where there are no values, or ``empty``.")
mean = _over("mean", "Mean of the column over the window: Σ value / number of values.")
std = _over("std", "Sample standard deviation over the window (n − 1); null under two values.")
min_ = _over("min", "Least value in the window.")
max_ = _over("max", "Greatest value in the window.")
first = _over("first", "The value of the earliest row of the window, by (event time, known time, sequence); it may be null.")
last = _over("last", "The value of the latest row of the window, by (event time, known time, sequence); it may be null.")
distinct = _over("distinct", "Number of different values in the window, null left out.")


def quantile(
    column: str,
    window: str | None = None,
    *,
    q: float,
    ahead: str | None = None,
    where: Any = None,
    by: str | list[str] | None = None,
    before: str | None = None,
    empty: Any = None,
    rows: int | None = None,
) -> Aggregate:
    """The q-quantile of the values in the window, interpolated linearly (type 7).

    >>> import ninefold as nf
    >>> nf.quantile("price", "7d", q=0.9).q
    0.9
    """
    if not 0 <= q <= 1:
        raise DeclarationError(f"the quantile {q} is not between 0 and 1")
    return _make("quantile", column, window, ahead, where, by, before, empty, rows, q)


def any_(
    column: str | None = None,
    window: str | None = None,
    *,
    ahead: str | None = None,
    where: Any = None,
    by: str | list[str] | None = None,
    before: str | None = None,
    empty: Any = None,
    rows: int | None = None,
) -> Aggregate:
    """Whether there is a row in the window (``nf.any()``), or a true value of the column; alone, as the label of nf.ahead.

    >>> import ninefold as nf
    >>> nf.any("late", "7d").op
    'any'
    """
    if column is None and window is None and ahead is None and rows is None:
        return Aggregate("any", None, None, where=where, empty=empty)
    return _make("any", column, window, ahead, where, by, before, empty, rows)
