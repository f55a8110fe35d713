"""From a score to a decision: a threshold, costs that differ by row, a capacity, or a referral to people."""

from collections.abc import Mapping
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ninefold.bundles.encoding import Values, numbers
from ninefold.errors import DataError

NO, YES, REFER = 0, 1, -1


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an endpoint decides.

    ``threshold``: yes from it on. ``costs``: yes where ``score · miss ≥ (1 − score) · false_alarm``, the costs being columns or
    numbers. ``top``: yes for the ``n`` highest of each ``per`` µs (one row alone: from ``threshold`` on, which was that
    capacity's on average). ``refer``: no below ``low``, yes from ``threshold`` on, people between. ``class``: the likeliest class.
    ``number``: nothing to decide, the score is the answer.
    """

    kind: Literal["threshold", "costs", "top", "refer", "class", "number"]
    threshold: float = 0.5
    low: float = 0.5
    n: int = 0
    per: int = 0
    false_alarm: float | str = 1.0
    miss: float | str = 1.0

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the decision reads beside the score."""
        return tuple(c for c in (self.false_alarm, self.miss) if isinstance(c, str)) if self.kind == "costs" else ()

    def __call__(self, scores: NDArray[np.float64], columns: Mapping[str, Values] | None = None) -> NDArray[np.int64]:
        """One of NO (0), YES (1), REFER (-1) for each row; the position of the class for ``class``; always 0 for ``number``.

        >>> Decision("refer", threshold=0.8, low=0.2)(np.array([0.1, 0.5, 0.9])).tolist()
        [0, -1, 1]
        """
        if self.kind == "class":
            return np.asarray(np.argmax(scores, axis=1), np.int64)
        if self.kind == "number":
            return np.zeros(len(scores), np.int64)
        if self.kind == "costs":
            false_alarm, miss = (cost_column(c, columns or {}, len(scores)) for c in (self.false_alarm, self.miss))
            return (scores * miss >= (1 - scores) * false_alarm).astype(np.int64)
        yes = (scores >= self.threshold).astype(np.int64)
        if self.kind == "refer":
            yes[(scores >= self.low) & (scores < self.threshold)] = REFER
        return yes

    def batch(self, scores: NDArray[np.float64], q: NDArray[np.int64], columns: Mapping[str, Values] | None = None) -> NDArray[np.int64]:
        """Decisions for rows that are all known together: a capacity is then used exactly, in each period of ``q``.

        >>> Decision("top", n=1, per=10)(np.array([0.9, 0.8])).tolist(), Decision("top", n=1, per=10).batch(
        ...     np.array([0.9, 0.8, 0.1]), np.array([1, 2, 11])).tolist()
        ([1, 1], [1, 0, 1])
        """
        if self.kind != "top":
            return self(scores, columns)
        period = q // self.per
        order = np.lexsort((np.arange(len(scores)), -scores, period))
        starts = np.flatnonzero(np.r_[True, np.diff(period[order]) != 0]) if len(order) else order
        rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
        yes = np.zeros(len(scores), np.int64)
        yes[order[rank < self.n]] = YES
        return yes


def cost_column(cost: float | str, columns: Mapping[str, Values], rows: int) -> NDArray[np.float64]:
    """A cost for each row: a number for all, or a column; a null or negative cost is an error, it decides nothing."""
    if not isinstance(cost, str):
        return np.full(rows, float(cost))
    if cost not in columns:
        raise DataError(f'the cost column "{cost}" is missing', hint="give it with the rows that are decided on", where=cost)
    values = numbers(cost, columns[cost])
    if np.isnan(values).any() or (values < 0).any():
        row = int(np.argmax(~(values >= 0)))
        raise DataError(f'the cost column "{cost}" has a null or negative value in row {row}', hint="a cost is 0 or more", where=cost)
    return values
