"""The problem: a decision to support."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ninefold.errors import DeclarationError
from ninefold.problems.criterion import Criterion
from ninefold.problems.target import Target
from ninefold.things import Thing, as_tuple, declare
from ninefold.units import duration

Level = Literal["low", "normal", "high"]


@dataclass(frozen=True, eq=False, slots=True)
class Risk:
    """How much harm a wrong answer does, why, and who must approve a release."""

    level: Level = "normal"
    because: str = ""
    approve: tuple[str, ...] = ()


def risk(level: Level, *, because: str = "", approve: list[str] | str | None = None) -> Risk:
    """The risk of a problem. At high risk every criterion must be met and each of ``approve`` must say yes before a release.

    >>> import ninefold as nf
    >>> nf.risk("high", because="refuses a service to a person", approve=["model-risk"]).approve
    ('model-risk',)
    """
    if level not in {"low", "normal", "high"}:
        raise DeclarationError(f"the risk is {level!r}", hint='choose "low", "normal" or "high"')
    if level == "high" and not approve:
        hint = 'write risk=nf.risk("high", because="...", approve=["role or person", ...])'
        raise DeclarationError("a high risk names nobody who approves", hint=hint)
    return Risk(level, because, as_tuple(approve))


_risk_of = risk  # the problem's own parameter has the public name


@dataclass(frozen=True, eq=False, slots=True)
class Top:
    """Decide yes for the ``n`` highest scores of each period of ``per`` µs."""

    n: int
    per: int


def top(n: int, *, per: str) -> Top:
    """A capacity: act on the ``n`` likeliest in each period.

    >>> import ninefold as nf
    >>> nf.top(500, per="1d").n
    500
    """
    if n < 1:
        raise DeclarationError(f"nf.top({n}) decides nothing", hint="give a capacity of at least 1")
    return Top(n, duration(per))


@dataclass(frozen=True, eq=False, slots=True)
class Refer:
    """Between the two thresholds people decide."""

    low: float
    high: float


def refer(low: float, high: float) -> Refer:
    """No below ``low``, yes from ``high`` on, and people decide in between.

    >>> import ninefold as nf
    >>> nf.refer(0.2, 0.8).high
    0.8
    """
    if not low < high:
        raise DeclarationError(f"nf.refer({low}, {high}): the lower threshold is not below the upper one")
    return Refer(low, high)


@dataclass(frozen=True, eq=False, slots=True, init=False)
class Problem(Thing):
    """A decision to support, and when it counts as solved.

    ``predict`` is the target; ``solved_when`` the criteria; ``costs`` a cost metric (by default the first ``nf.cost``
    among the criteria); ``decide`` a threshold from the costs (default), :func:`top` or :func:`refer`; ``baseline``
    today's practice: a feature's name or a number; ``window`` the span of outcomes that criteria in production read.

    >>> import ninefold as nf
    >>> nf.Problem("Late?", owner="desk", predict=nf.binary("late", of="departures", at="due - 2h")).owner
    'desk'
    """

    noun: ClassVar[str] = "problem"

    question: str
    why: str
    owner: str
    predict: Target
    solved_when: tuple[Criterion, ...]
    costs: Any
    risk: Risk
    decide: Top | Refer | None
    baseline: str | float | None
    window: int
    was: str | None

    def __init__(
        self,
        question: str,
        *,
        predict: Target,
        owner: str,
        why: str = "",
        solved_when: list[Criterion] | None = None,
        costs: Any = None,
        risk: "Risk | Level" = "normal",
        decide: Top | Refer | None = None,
        baseline: str | float | None = None,
        window: str = "30d",
        was: str | None = None,
    ) -> None:
        if not isinstance(predict, Target):
            raise DeclarationError(f"predict={predict!r} is no target", hint="write nf.binary(...), nf.multiclass(...) or nf.regression(...)")
        for item in as_tuple(solved_when):
            if not isinstance(item, Criterion):
                raise DeclarationError(f"{item!r} in solved_when is no criterion", hint="compare a metric with a limit: nf.roc_auc >= 0.7")
        declare(
            self,
            question,
            why,
            owner,
            predict,
            as_tuple(solved_when),
            costs,
            risk if isinstance(risk, Risk) else _risk_of(risk),
            decide,
            baseline,
            duration(window),
            was,
        )
