"""What is to be predicted: a column that comes to be known later, or a window ahead in another table."""

from dataclasses import dataclass
from typing import Any, Literal

from ninefold.errors import DeclarationError
from ninefold.things import Thing, as_tuple
from ninefold.units import Calendar, Moment, calendar, duration, moment


@dataclass(frozen=True, eq=False, slots=True)
class Ahead:
    """An aggregate over another table's rows in ``[q, q + window)``, joined on the asked table's key or ``by``."""

    table: "Thing | str"
    aggregate: Any
    window: int
    by: tuple[str, ...] = ()


def ahead(table: "Thing | str", aggregate: Any, window: str, by: str | list[str] | None = None) -> Ahead:
    """The truth is an aggregate over the rows of ``table`` that happen within ``window`` after the question.

    It joins on the asked table's key, or on ``by``; it is known when the window has passed (and settled).

    >>> import ninefold as nf
    >>> nf.ahead("cancellations", nf.any(), "30d").window // 86_400_000_000
    30
    """
    return Ahead(table, aggregate, duration(window), as_tuple(by))


@dataclass(frozen=True, eq=False, slots=True)
class Target:
    """What is predicted, of which table's rows or keys, and when the question arises.

    ``kind`` is binary, multiclass or regression. Exactly one of ``at`` (a question with each row, at that moment)
    and ``every`` (a question for each valid key at each instant of the calendar) is given. Durations in µs:
    ``settle`` is waited after the horizon, ``matures`` replaces both.
    """

    kind: Literal["binary", "multiclass", "regression"]
    label: str | Ahead
    of: "Thing | str"
    at: Moment | None
    every: Calendar | None
    tz: str | None
    settle: int
    matures: int | None
    quantiles: tuple[float, ...] = ()


def _target(kind: Any, label: Any, of: Any, at: Any, every: Any, tz: Any, settle: Any, matures: Any, quantiles: Any = ()) -> Target:
    if (at is None) == (every is None):
        raise DeclarationError(
            f"the target says at={at!r} and every={every!r}: a question arises with a row or on a calendar",
            hint='give exactly one: at="scheduled_at - 2h", or every="1d at 02:00"',
        )
    if not isinstance(label, (str, Ahead)):
        raise DeclarationError(f"{label!r} is no label", hint='name a column, or write nf.ahead("table", nf.any(), "30d")')
    when = moment(at) if at is not None else None
    ticks = calendar(every) if every is not None else None
    span = duration(matures) if matures else None
    return Target(kind, label, of, when, ticks, tz, duration(settle) if settle else 0, span, tuple(quantiles))


def binary(
    label: str | Ahead,
    *,
    of: "Thing | str",
    at: str | None = None,
    every: str | None = None,
    tz: str | None = None,
    settle: str | None = None,
    matures: str | None = None,
) -> Target:
    """Yes or no: will ``label`` be true?

    ``of`` is the table that is asked about. ``at`` (a moment of its row) or ``every`` (a calendar in ``tz``) says
    when the question arises. A question is mature after the label's horizon plus ``settle``, or after ``matures``.

    >>> import ninefold as nf
    >>> nf.binary("late", of="departures", at="scheduled_at - 2h").at
    Moment(column='scheduled_at', offset=-7200000000)
    """
    return _target("binary", label, of, at, every, tz, settle, matures)


def multiclass(
    label: str | Ahead,
    *,
    of: "Thing | str",
    at: str | None = None,
    every: str | None = None,
    tz: str | None = None,
    settle: str | None = None,
    matures: str | None = None,
) -> Target:
    """One of several: which value will ``label`` have? Arguments as for :func:`binary`.

    >>> import ninefold as nf
    >>> nf.multiclass("reason", of="parcels", at="sent_at").kind
    'multiclass'
    """
    return _target("multiclass", label, of, at, every, tz, settle, matures)


def regression(
    label: str | Ahead,
    *,
    of: "Thing | str",
    at: str | None = None,
    every: str | None = None,
    tz: str | None = None,
    settle: str | None = None,
    matures: str | None = None,
    quantiles: list[float] | None = None,
) -> Target:
    """A number: how large will ``label`` be? ``quantiles`` asks for these too; other arguments as for :func:`binary`.

    >>> import ninefold as nf
    >>> nf.regression("units", of="shop_days", every="1d at 06:00").kind
    'regression'
    """
    for q in quantiles or ():
        if not 0 < q < 1:
            raise DeclarationError(f"the quantile {q} is not between 0 and 1")
    return _target("regression", label, of, at, every, tz, settle, matures, quantiles or ())
