"""A hypothesis: a belief and the test that decides it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from ninefold.errors import DeclarationError
from ninefold.things import Thing, declare, look_like


@dataclass(frozen=True, eq=False, slots=True)
class Test:
    """A built-in test: ``kind`` is helps, beats, associated, differs or stable; ``args`` are names or things."""

    __test__: ClassVar[bool] = False

    kind: str
    args: tuple[Any, ...]
    model: Any = None


@dataclass(frozen=True, eq=False, init=False)
class Evidence(Thing):
    """A test written by the user: a function of tables that returns ``{"effect", "low", "high", "p"}`` (see :func:`evidence`)."""

    noun: ClassVar[str] = "evidence"

    function: Callable[..., Any]
    was: str | None

    def __init__(self, function: Callable[..., Any], was: str | None = None) -> None:
        declare(self, function, was)
        look_like(self, function)

    def __call__(self, *args: Any, **frames: Any) -> Any:
        return self.function(*args, **frames)


@dataclass(frozen=True, eq=False, slots=True, init=False)
class Hypothesis(Thing):
    """A belief, and the test that supports or refutes it on out-of-time data.

    >>> import ninefold as nf
    >>> nf.Hypothesis("Trees beat a line", nf.beats("trees", "linear")).test.kind
    'beats'
    """

    noun: ClassVar[str] = "hypothesis"

    belief: str
    test: "Test | Evidence | str"
    was: str | None

    def __init__(self, belief: str, test: "Test | Evidence | str", *, was: str | None = None) -> None:
        if not isinstance(test, (Test, Evidence, str)):
            raise DeclarationError(
                f"{test!r} tests nothing",
                hint='write nf.helps("group"), nf.beats("a", "b"), nf.associated("column", "label"), nf.stable("column"), or @nf.evidence',
            )
        declare(self, belief, test, was)


def helps(features: Any, *, model: Any = None) -> Test:
    """The winner's recipe loses less with this group of features than refit without it (no new tuning); paired by day.

    >>> import ninefold as nf
    >>> nf.helps("origin_load").args
    ('origin_load',)
    """
    return Test("helps", (features,), model)


def beats(candidate: str, other: str, *, model: Any = None) -> Test:
    """One candidate loses less than the other on the test rows, both as tuned; paired by day.

    >>> import ninefold as nf
    >>> nf.Hypothesis("Trees win", nf.beats("trees", "linear")).belief
    'Trees win'
    """
    return Test("beats", (candidate, other), model)


def associated(column: str, target: str, *, table: Any = None) -> Test:
    """A column and another one go together: rank correlation for numbers, Cramér's V for categories; by day.

    >>> import ninefold as nf
    >>> nf.associated("wind_speed", "dep_delay").kind
    'associated'
    """
    return Test("associated", (column, target), table)


def differs(metric: Any, *, by: str, model: Any = None) -> Test:
    """A metric differs between the groups of a column.

    >>> import ninefold as nf
    >>> nf.differs(nf.recall, by="carrier").kind
    'differs'
    """
    return Test("differs", (metric, by), model)


def stable(column: str, *, table: Any = None) -> Test:
    """A column's distribution did not move beyond its own day-to-day variation.

    >>> import ninefold as nf
    >>> nf.stable("distance").kind
    'stable'
    """
    return Test("stable", (column,), table)


def evidence(function: Callable[..., Any]) -> Evidence:
    """Make a function the test of a hypothesis: its parameters name tables; it returns a mapping with ``effect``, ``p`` and,
    if it has them, ``low`` and ``high`` (95 %). An effect above 0 with p < 0.05 supports the belief.

    >>> import ninefold as nf, polars as pl
    >>> @nf.evidence
    ... def grows(orders: pl.LazyFrame) -> dict:
    ...     return {"effect": 1.0, "p": 0.01}
    >>> grows(pl.LazyFrame())["p"]
    0.01
    """
    return Evidence(function)
