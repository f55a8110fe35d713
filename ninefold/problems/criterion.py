"""A criterion: a comparison of a metric with a limit, and the three verdicts that it can have."""

from dataclasses import dataclass
from typing import Any, Literal

from ninefold.errors import DeclarationError

Verdict = Literal["met", "not met", "not yet known"]


@dataclass(frozen=True, eq=False, slots=True)
class Baseline:
    """``factor`` times what the better constant policy (or today's practice) scores on the same rows."""

    factor: float = 1.0

    def __mul__(self, factor: float) -> "Baseline":
        return Baseline(self.factor * factor)

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return f"{self.factor:g} × baseline"


baseline = Baseline()
"""What the better constant policy (or today's practice) scores on the same rows.

>>> import ninefold as nf
>>> str(nf.cost(false_alarm=1, miss=5) <= 0.9 * nf.baseline)
'cost(false_alarm=1, miss=5) <= 0.9 × baseline'
"""


@dataclass(frozen=True, eq=False, slots=True)
class Criterion:
    """``metric >= limit`` or ``metric <= limit``. ``metric`` is a metric value, or a reference to one by name."""

    metric: Any
    op: Literal[">=", "<="]
    limit: float | str | Baseline

    def __post_init__(self) -> None:
        if isinstance(self.limit, bool) or not isinstance(self.limit, (int, float, str, Baseline)):
            raise DeclarationError(
                f"{self.metric} is compared with {self.limit!r}", hint='compare it with a number, a text such as "20ms", or 0.9 * nf.baseline'
            )

    def __bool__(self) -> bool:
        raise DeclarationError(
            f"a criterion ({self}) is neither true nor false before it is judged",
            hint="write two criteria instead of a chained comparison: [metric >= 0.1, metric <= 0.9]",
        )

    def __repr__(self) -> str:
        limit = self.limit if isinstance(self.limit, (str, Baseline)) else f"{self.limit:g}"
        return f"{self.metric} {self.op} {limit}"

    __str__ = __repr__


def verdict(op: str, low: float | None, high: float | None, limit: float) -> Verdict:
    """Met: the whole interval lies on the right side; not met: all of it on the wrong side; else not yet known.

    >>> verdict(">=", 0.72, 0.76, 0.70), verdict("<=", 0.66, 1.04, 0.9), verdict("<=", 0.95, 1.04, 0.9)
    ('met', 'not yet known', 'not met')
    """
    if low is None or high is None or low != low or high != high:
        return "not yet known"
    if op == ">=":
        return "met" if low >= limit else "not met" if high < limit else "not yet known"
    return "met" if high <= limit else "not met" if low > limit else "not yet known"
