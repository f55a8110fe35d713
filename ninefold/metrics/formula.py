"""A metric bound to rows: sums that add up over days and slices, and the value as a function of sums.

Whatever is a function of sums can be resampled by day at the price of one matrix product, merged between machines, and rolled up.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ninefold.stats.bootstrap import Floats

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Formula:
    """``columns`` are summed by day, each split over ``width`` cells where ``cells`` gives a row's cell (a bin of its score).

    ``value`` turns sums of shape (…, columns × width) into values of shape (…); NaN where the metric divides by nothing.
    ``baseline`` does so for the better constant policy on the same rows. ``divides`` marks the rows that the metric divides by:
    what ``at_least=`` counts.
    """

    columns: Floats
    value: Callable[[Floats], Floats]
    divides: NDArray[np.bool_]
    baseline: Callable[[Floats], Floats] | None = None
    cells: Ints | None = None
    width: int = 1

    def sums(self, codes: Ints, days: int, rows: NDArray[np.bool_] | None = None) -> Floats:
        """Sums by day (days, columns × width) over all rows, or over those that ``rows`` marks."""
        columns = self.columns if rows is None else self.columns[rows]
        place = codes if rows is None else codes[rows]
        if self.cells is not None:
            place = place * self.width + (self.cells if rows is None else self.cells[rows])
        size = days * self.width
        found = [np.bincount(place, weights=columns[:, c], minlength=size).reshape(days, self.width) for c in range(columns.shape[1])]
        return np.concatenate(found, axis=1)


def ratio(top: Floats, bottom: Floats) -> Floats:
    """Top over bottom, NaN where bottom is 0.

    >>> ratio(np.array([1.0, 1.0]), np.array([2.0, 0.0])).tolist()
    [0.5, nan]
    """
    found: Floats = np.divide(top, bottom, out=np.full(np.broadcast(top, bottom).shape, np.nan), where=np.asarray(bottom) != 0)
    return found
