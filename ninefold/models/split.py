"""How the questions are split into train, validate and test."""

from dataclasses import dataclass
from typing import Literal

from ninefold.units import duration, share


@dataclass(frozen=True, eq=False, slots=True)
class Split:
    """``kind`` is time (spans in µs at the end of the mature questions), group or random (shares)."""

    kind: Literal["time", "group", "random"]
    validate: float
    test: float
    by: str | None = None
    seed: int = 0


def by_time(*, validate: str, test: str) -> Split:
    """The newest ``test`` span is tested on, the span before it validates, the rest trains. Spans lie in the decision time.

    >>> import ninefold as nf
    >>> nf.by_time(validate="30d", test="90d").kind
    'time'
    """
    return Split("time", duration(validate), duration(test))


def by_group(column: str, *, validate: str = "20%", test: str = "20%", seed: int = 0) -> Split:
    """Whole groups (all rows of one customer, say) go to one part.

    >>> import ninefold as nf
    >>> nf.by_group("customer").test
    0.2
    """
    return Split("group", share(validate), share(test), column, seed)


def at_random(*, validate: str = "20%", test: str = "20%", seed: int = 0) -> Split:
    """Rows at random: only where questions do not depend on each other in time.

    >>> import ninefold as nf
    >>> nf.at_random(validate="10%", test="30%").validate
    0.1
    """
    return Split("random", share(validate), share(test), None, seed)
