"""A monitor: checks on a calendar, each with its own action."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, overload

from ninefold.errors import DeclarationError
from ninefold.things import Thing, as_tuple, declare
from ninefold.units import Calendar, calendar, duration

if TYPE_CHECKING:
    from ninefold.monitors.report import Report


@dataclass(frozen=True, eq=False, slots=True)
class Action:
    """What happens on an alert: retrain, ask, rollback, hold or tell."""

    kind: str
    whom: str | None = None
    cooldown: int | None = None


def retrain(*, cooldown: str = "7d") -> Action:
    """Train again on what is known now; the gate and the canary decide what becomes of it. Not again within ``cooldown``.

    >>> import ninefold as nf
    >>> nf.retrain(cooldown="14d").kind
    'retrain'
    """
    return Action("retrain", None, duration(cooldown))


def ask(whom: str) -> Action:
    """A work item for a person or a group.

    >>> import ninefold as nf
    >>> nf.ask("connections-desk").whom
    'connections-desk'
    """
    return Action("ask", whom)


def rollback() -> Action:
    """Back to the version before, at once.

    >>> import ninefold as nf
    >>> nf.rollback().kind
    'rollback'
    """
    return Action("rollback")


def hold() -> Action:
    """Hold the batch; the owner is told.

    >>> import ninefold as nf
    >>> nf.hold().kind
    'hold'
    """
    return Action("hold")


@dataclass(frozen=True, eq=False, slots=True)
class Check:
    """One kind of check: freshness, drift, quality or bias; its parameters; its action (None: the safe policy)."""

    kind: str
    then: Action | None
    by: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    params: tuple[tuple[str, Any], ...] = ()


def _check(kind: str, then: Any, by: Any = None, columns: Any = None, **params: Any) -> Check:
    if then is not None and not isinstance(then, Action):
        raise DeclarationError(f"then={then!r} is no action", hint="write nf.retrain(), nf.ask(whom), nf.rollback() or nf.hold()")
    return Check(kind, then, as_tuple(by), as_tuple(columns), tuple((k, v) for k, v in params.items() if v is not None))


def freshness(*, then: Action | None = None) -> Check:
    """Rows come when they are due, and as many as usual; measured lag against declared lag.

    >>> import ninefold as nf
    >>> nf.freshness().kind
    'freshness'
    """
    return _check("freshness", then)


@overload
def drift(*, columns: list[str] | None = None, then: Action | None = None) -> Check: ...
@overload
def drift(a: Any, b: Any, /, *, columns: list[str] | None = None) -> "Report": ...
def drift(*frames: Any, columns: list[str] | None = None, then: Action | None = None) -> "Check | Report":
    """In a monitor: inputs, features and scores against each column's own variation between days (the same weekday).

    With two frames (polars, pandas, Arrow, DuckDB, mappings of lists): compare the second with the first, now. A column drifted where its
    p-value, corrected over all columns, is below 5 % *and* at least 5 % of the rows moved, sampling noise removed.

    >>> import ninefold as nf
    >>> nf.drift().kind
    'drift'
    >>> report = nf.drift({"wind": [1, 2, 3, 4] * 50}, {"wind": [3, 4, 5, 6] * 50})
    >>> report.drifted, report.ok
    (['wind'], False)
    """
    if not frames:
        return _check("drift", then, columns=columns)
    if len(frames) != 2 or then is not None:
        raise DeclarationError(
            f"nf.drift got {len(frames)} frames" + (" and then=" if then else ""),
            hint="nf.drift(reference, frame), or nf.drift(then=...) in a monitor",
        )
    from ninefold.monitors.report import compare_frames  # brings polars, which a declaration must not load

    return compare_frames(frames[0], frames[1], columns)


def quality(*, by: str | list[str] | None = None, then: Action | None = None) -> Check:
    """Loss and calibration on the outcomes as they come, against what the evidence promised.

    >>> import ninefold as nf
    >>> nf.quality(then=nf.retrain()).then.kind
    'retrain'
    """
    return _check("quality", then, by)


def bias(*, by: str | list[str], at_least: int = 50, then: Action | None = None) -> Check:
    """Metrics by group, and intersections, with their uncertainty; an alert where the lower bound of a gap is above the limit.

    >>> import ninefold as nf
    >>> nf.bias(by="carrier", at_least=100).by
    ('carrier',)
    """
    return _check("bias", then, by, at_least=at_least)


@dataclass(frozen=True, eq=False, slots=True, init=False)
class Monitor(Thing):
    """Regular checks of an endpoint.

    ``every`` is a calendar; ``checks`` the checks, each with its action; ``tell`` URLs that hear of incidents (``log://``,
    ``mailto:``, ``https://``, ``slack:channel``); ``false_alarms`` the budget of alarms without a cause, in plain words.

    >>> import ninefold as nf
    >>> str(nf.Monitor("desk", every="1d", checks=[nf.freshness()]).every)
    '1d at 00:00'
    """

    noun: ClassVar[str] = "monitor"

    endpoint: "Thing | str"
    every: Calendar
    checks: tuple[Check, ...]
    tell: tuple[str, ...]
    false_alarms: str
    was: str | None

    def __init__(
        self,
        endpoint: "Thing | str",
        *,
        every: str = "1d",
        checks: list[Check] | None = None,
        tell: str | list[str] | None = None,
        false_alarms: str = "1 per quarter",
        was: str | None = None,
    ) -> None:
        for item in as_tuple(checks):
            if not isinstance(item, Check):
                raise DeclarationError(
                    f"{item!r} in checks is no check", hint='write nf.freshness(), nf.drift(), nf.quality() or nf.bias(by="column")'
                )
        declare(self, endpoint, calendar(every), as_tuple(checks), as_tuple(tell), false_alarms, was)
