"""``nf.helps`` and ``nf.beats``: is the loss of the one lower than that of the other, on the same rows?"""

from typing import Any

from ninefold.hypotheses.verdict import Tested, tested, undecided
from ninefold.metrics.rows import array, numbers
from ninefold.stats.bootstrap import FEWEST
from ninefold.stats.paired import paired_by_day


def compare(loss: Any, other: Any, day: Any, *, unit: str = "loss a row", seed: int = 0) -> Tested:
    """Test that ``loss`` is lower than ``other``, row by row, with days as the sample. An effect above 0 supports it.

    For *helps*, ``other`` is the loss of the winner's recipe refit without the group; for *beats*, that of the other candidate.
    Under 20 days: undecided.

    >>> import numpy as np
    >>> day = np.repeat(np.arange(30), 10)
    >>> print(compare(np.full(300, 0.5), 0.6 + 0.001 * np.arange(300) % 0.01, day).verdict)
    supported
    """
    one, two = numbers(loss, "loss"), numbers(other, "other")
    found = paired_by_day(two - one, array(day), seed=seed)
    if found.days < FEWEST:
        return undecided(f"{found.days} of at least {FEWEST} days seen", n=found.n, days=found.days, unit=unit)
    return tested(found.effect, found.low, found.high, found.p, n=found.n, days=found.days, unit=unit)


def helps(loss: Any, without: Any, day: Any, *, unit: str = "loss a row") -> Tested:
    """A group of features helps: the loss with it is lower than without it."""
    return compare(loss, without, day, unit=unit)


def beats(loss: Any, other: Any, day: Any, *, unit: str = "loss a row") -> Tested:
    """A candidate beats another one: its loss is lower."""
    return compare(loss, other, day, unit=unit)
