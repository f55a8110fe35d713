"""A calibration: raw scores to probabilities by a table of knots, linear between them."""

from bisect import bisect_right

import msgspec
import numpy as np
from numpy.typing import NDArray


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Knots of a growing function; flat outside of the first and the last one. Without knots the score stays as it is.

    >>> Calibration((0.0, 1.0), (0.0, 0.5)).one(0.5)
    0.25
    """

    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()

    def __call__(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.interp(raw, self.x, self.y) if self.x else raw

    def one(self, raw: float) -> float:
        """The same as calling with one score, by the same formula, without an array."""
        x, y = self.x, self.y
        if not x:
            return raw
        if raw >= x[-1]:
            return y[-1]
        if raw <= x[0]:
            return y[0]
        j = bisect_right(x, raw) - 1
        return (y[j + 1] - y[j]) / (x[j + 1] - x[j]) * (raw - x[j]) + y[j]
