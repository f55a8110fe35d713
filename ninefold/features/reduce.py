"""What the rows that are alive at each question add up to: counts, sums, extremes, quantiles, over sorted questions.

Every function takes stretches ``[low, high)`` of ``m`` sorted questions and gives one value for each question.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]
Float = NDArray[np.float64]
_EXACT = float(1 << 53)  # whole numbers below this are exact in a double
_PAIRS = 4_000_000  # (question, row) pairs held at a time by what needs each of them


def counts(low: Int, high: Int, m: int) -> Int:
    """Number of stretches over each question: those begun less those ended."""
    if not m:
        return np.zeros(0, np.int64)
    return np.cumsum(np.bincount(low, minlength=m + 1)[:m] - np.bincount(high, minlength=m + 1)[:m])


def int_sums(low: Int, high: Int, values: Int, m: int) -> Int:
    """Exact sums. Sums on the way may wrap around; the difference is right as long as the answer fits 63 bits."""
    if float(np.abs(values.astype(np.float64)).sum()) < _EXACT:
        weights = values.astype(np.float64)
        steps = np.bincount(low, weights, minlength=m + 1) - np.bincount(high, weights, minlength=m + 1)
        return np.cumsum(steps[:m].astype(np.int64))
    return _whole_sums(low, high, values, m)


def float_sums(low: Int, high: Int, values: Float, m: int) -> Float:
    """Sums of doubles that do not drift: two layers of whole numbers, added exactly, and what is left below them.

    One running sum in doubles loses digits on long histories, and an old large value would spoil small later ones.
    """
    finite = np.isfinite(values)
    if not finite.all():
        return _with_infinities(low, high, values, finite, m)
    total, rest = np.zeros(m), values
    for _ in range(2):
        largest = float(np.abs(rest).max(initial=0.0))
        if largest == 0.0:
            return total
        room = 61 - max(len(values), 1).bit_length()
        power = min(max(room - int(np.frexp(largest)[1]), -1000), 1000)
        whole = np.rint(np.ldexp(rest, power))
        total = total + np.ldexp(_whole_sums(low, high, whole.astype(np.int64), m).astype(np.float64), -power)
        rest = rest - np.ldexp(whole, -power)
    if not rest.any():
        return total
    steps = np.bincount(low, rest, minlength=m + 1) - np.bincount(high, rest, minlength=m + 1)
    return total + np.where(counts(low, high, m) > 0, np.cumsum(steps[:m]), 0.0)


def _whole_sums(low: Int, high: Int, values: Int, m: int) -> Int:
    change = np.zeros(m + 1, np.int64)
    np.add.at(change, low, values)
    np.subtract.at(change, high, values)
    return np.cumsum(change[:m])


def _with_infinities(low: Int, high: Int, values: Float, finite: NDArray[np.bool_], m: int) -> Float:
    total = float_sums(low[finite], high[finite], values[finite], m)
    up, down = values == np.inf, values == -np.inf
    above, below = counts(low[up], high[up], m) > 0, counts(low[down], high[down], m) > 0
    total[above], total[below], total[above & below] = np.inf, -np.inf, np.nan
    return total


def greatest(low: Int, high: Int, rank: Int, m: int) -> Int:
    """The greatest rank over each question, -1 where there is none.

    A stretch is two overlapping ones of the largest power of two that fits; levels are pushed down by halves, so that
    all questions are answered in O((rows + questions) · log questions), in whatever order rows came to be known.
    """
    best = np.full(m, -1, np.int64)
    if not len(low):
        return best
    level = np.frexp((high - low).astype(np.float64))[1] - 1
    by_level = np.argsort(level, kind="stable")
    top = int(level.max())
    bounds = np.searchsorted(level[by_level], np.arange(top + 2))
    for at in range(top, -1, -1):
        if at < top:
            half = 1 << at
            best[half:] = np.maximum(best[half:], best[:-half])
        some = by_level[bounds[at] : bounds[at + 1]]
        if len(some):
            np.maximum.at(best, low[some], rank[some])
            np.maximum.at(best, high[some] - (1 << at), rank[some])
    return best


def distincts(low: Int, high: Int, value: Int, m: int) -> Int:
    """Number of different values: stretches of one value that touch or overlap are united, then counted.

    ``value`` codes (entity, value): stretches of different entities never overlap.
    """
    if not len(low):
        return np.zeros(m, np.int64)
    order = np.lexsort((low, value))
    low, high, value = low[order], high[order], value[order]
    base = np.cumsum(np.concatenate([[0], value[1:] != value[:-1]])) * (m + 1)
    reach = np.maximum.accumulate(base + high)
    fresh = np.concatenate([[True], base[1:] + low[1:] > reach[:-1]])
    first = np.flatnonzero(fresh)
    last = np.concatenate([first[1:] - 1, [len(low) - 1]])
    return counts(low[first], reach[last] - base[last], m)


def quantiles(low: Int, high: Int, values: Float, share: float, m: int) -> Float:
    """The quantile (type 7, linear) at each question, NaN where there is none. Costs a step per (question, row) pair."""
    result = np.full(m, np.nan)
    size = counts(low, high, m)
    if not len(low):
        return result
    order = np.argsort(values, kind="stable")
    low, high, values = low[order], high[order], values[order]
    edges = np.concatenate([[0], np.cumsum(size)])
    start = 0
    while start < m:
        stop = max(int(np.searchsorted(edges, edges[start] + _PAIRS, side="right")) - 1, start + 1)
        inside = np.flatnonzero((low < stop) & (high > start))
        question, row = _pairs(np.maximum(low[inside], start), np.minimum(high[inside], stop))
        by_question = np.argsort(question, kind="stable")  # rows are in order of value already
        sorted_values = values[inside][row[by_question]]
        n = size[start:stop]
        some = np.flatnonzero(n)
        first = (edges[start:stop] - edges[start])[some]
        place = (n[some] - 1) * share
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, n[some] - 1)
        a, b = sorted_values[first + below], sorted_values[first + above]
        with np.errstate(invalid="ignore"):
            result[start + some] = np.where(a == b, a, a + (b - a) * (place - below))
        start = stop
    return result


def _pairs(low: Int, high: Int) -> tuple[Int, Int]:
    length = high - low
    row = np.repeat(np.arange(len(low)), length)
    offset = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    return low[row] + offset, row


def variances(low: Int, high: Int, values: NDArray[Any], center: NDArray[Any], m: int) -> tuple[Int, Float]:
    """Number of values, and their sample variance (n - 1), NaN under two. ``center`` is near the values, one for each entity."""
    n = counts(low, high, m)
    shifted = values - center
    result = np.full(m, np.nan)
    many = n > 1
    size = n[many].astype(np.float64)
    if shifted.dtype.kind == "i" and float(np.abs(shifted.astype(np.float64)).max(initial=0.0)) < 2**30:
        one, two = int_sums(low, high, shifted, m)[many], int_sums(low, high, shifted * shifted, m)[many]
        if float(size.max(initial=0.0)) * float(two.max(initial=0)) < 2**62:
            # whole numbers: n Σx² − (Σx)² is exact, so that equal values have the variance 0
            result[many] = (n[many] * two - one * one) / (size * (size - 1))
            return n, result
    real = shifted.astype(np.float64)
    sums, squares = float_sums(low, high, real, m)[many], float_sums(low, high, real * real, m)[many]
    with np.errstate(invalid="ignore"):
        spread = squares - sums * sums / size
        # close values far from the center: their squares' last digits hide the difference
        unsure = np.flatnonzero(many)[~(spread > 1e-5 * squares)]
        result[many] = spread / (size - 1)
    if len(unsure):
        result[unsure] = _two_pass(low, high, values.astype(np.float64), unsure)
    return n, result


def _two_pass(low: Int, high: Int, values: Float, at: Int) -> Float:
    """Sample variances at the questions ``at`` from each value's difference to the mean; a step per (question, value) pair."""
    low, high = np.searchsorted(at, low), np.searchsorted(at, high)
    result = np.full(len(at), np.nan)
    edges = np.concatenate([[0], np.cumsum(counts(low, high, len(at)))])
    start = 0
    while start < len(at):
        stop = max(int(np.searchsorted(edges, edges[start] + _PAIRS, side="right")) - 1, start + 1)
        inside = np.flatnonzero((low < stop) & (high > start))
        question, row = _pairs(np.maximum(low[inside], start) - start, np.minimum(high[inside], stop) - start)
        value, size = values[inside][row], np.diff(edges[start : stop + 1])
        with np.errstate(invalid="ignore"):
            # from one of the values first, so that large equal values differ by nothing
            one = np.zeros(stop - start)
            one[question] = value
            off = value - one[question]
            mean = np.bincount(question, off, stop - start) / size
            result[start:stop] = np.bincount(question, (off - mean[question]) ** 2, stop - start) / (size - 1)
        start = stop
    return result
