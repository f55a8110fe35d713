"""``nf.associated``: do two columns go together?"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninefold.hypotheses.cells import floats, number_cells, numeric, text_cells
from ninefold.hypotheses.verdict import Tested, tested, undecided
from ninefold.metrics.rows import Array, array
from ninefold.stats.association import Association, cramers_v, rank_correlation
from ninefold.stats.bootstrap import FEWEST

LEVELS = 50
BINS = 10
NEGLIGIBLE = 0.05
"""A correlation or V that is surely smaller than this is too small to matter."""


def associated(column: Any, target: Any, day: Any) -> Tested:
    """Rank correlation of two columns of numbers (yes and no counts as numbers), else Cramér's V, where numbers are cut at deciles
    and at most 50 levels of a text are kept apart. Null is left out of a correlation and is a level of its own in V.

    Supported when the two go together in either direction; refuted when the whole interval is within ±0.05.

    >>> import numpy as np
    >>> day = np.repeat(np.arange(30), 20); x = np.arange(600) % 20
    >>> print(associated(x, x % 20 > 9, day).verdict)
    supported
    """
    x, y, days = array(column), array(target), array(day)
    if numeric(x) and numeric(y):
        found, unit = rank_correlation(floats(x), floats(y), days), "rank correlation"
    else:
        found, unit = cramers_v(_levels(x), _levels(y), days), "Cramér's V"
    return _tested(found, unit)


def _tested(found: Association, unit: str) -> Tested:
    if found.days < FEWEST or found.low is None or found.high is None:
        why = f"{found.days} of at least {FEWEST} days seen" if found.days < FEWEST else "one of the columns does not vary"
        return undecided(why, n=found.n, days=found.days, unit=unit, claim="any")
    small = max(abs(found.low), abs(found.high)) < NEGLIGIBLE
    return tested(found.value, found.low, found.high, found.p, n=found.n, days=found.days, unit=unit, claim="any", negligible=small)


def _levels(values: Array) -> NDArray[np.int64]:
    if numeric(values) and len(np.unique(floats(values))) > LEVELS:
        return number_cells(floats(values), BINS)
    return text_cells(values, LEVELS)
