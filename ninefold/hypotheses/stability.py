"""``nf.stable``: did a column's distribution move beyond its own variation between days?"""

import math
from typing import Any

import numpy as np

from ninefold.hypotheses.cells import floats, number_cells, numeric, text_cells
from ninefold.hypotheses.verdict import Tested, tested, undecided
from ninefold.metrics.rows import array
from ninefold.stats.association import rao_scott
from ninefold.stats.bootstrap import FEWEST, Floats, weights
from ninefold.stats.sequential import autocorrelation

BINS = 64
NEGLIGIBLE = 0.05
"""A distance that is surely less than this is too small to matter."""


def stable(column: Any, day: Any) -> Tested:
    """Compare the newer half of the days with the older one: KS distance for numbers, total variation for categories.

    Halves are whole weeks. ``p`` is that of "both halves come from the same distribution" with the variation between days in the
    place of the multinomial one, widened where neighbouring days resemble each other; the effect is the distance, and the interval its
    resamples by day, both with the part that resampling itself makes taken off. Refuted when it moved; supported when the whole
    interval is under 0.05. A text is cut at 64 values.

    >>> import numpy as np
    >>> day = np.repeat(np.arange(60), 50); x = np.arange(3000) % 50
    >>> stable(x, day).verdict, stable(x + 10 * (day > 30), day).verdict
    ('supported', 'refuted')
    """
    days, codes = np.unique(array(day), return_inverse=True)
    values, unit = array(column), "distance between the halves"
    half = len(days) // 14 * 7
    if half < FEWEST:
        return undecided(f"{len(days)} of at least {14 * math.ceil(FEWEST / 7)} days seen", n=len(values), days=len(days), unit=unit, claim="none")
    numbers = numeric(values)
    cells = number_cells(floats(values), BINS) if numbers else text_cells(values, BINS)
    width = int(cells.max()) + 1
    counted = np.bincount(codes.reshape(-1) * width + cells, minlength=len(days) * width).reshape(len(days), width).astype(np.float64)
    old, new = counted[-2 * half : -half], counted[-half:]
    effect, low, high = _distance(old, new, numbers)
    table = np.zeros((2 * half, 2, width))
    table[:half, 0], table[half:, 1] = old, new
    p = rao_scott(table, inflation=_resemblance(old, new))
    return tested(effect, low, high, p, n=len(values), days=len(days), unit=unit, claim="none", negligible=high < NEGLIGIBLE)


def _resemblance(old: Floats, new: Floats) -> float:
    """How much less neighbouring days tell than independent ones: (1 + ρ)/(1 − ρ), ρ the mean over cells by their variance."""
    rho, power = 0.0, 0.0
    for part in (old, new):
        shares = part / np.maximum(part.sum(1, keepdims=True), 1)
        for cell in (shares - shares.mean(0)).T:
            rho, power = rho + autocorrelation(cell) * float(cell.var()), power + float(cell.var())
    mean = rho / power if power > 0 else 0.0
    return (1 + mean) / (1 - mean)


def _distance(old: Floats, new: Floats, numbers: bool) -> tuple[float, float, float]:
    drawn = _between(weights(len(old), seed=0) @ old, weights(len(new), seed=1) @ new, numbers)
    seen = float(_between(old.sum(0)[None], new.sum(0)[None], numbers)[0])
    bias = float(drawn.mean()) - seen
    low, high = (max(0.0, float(q) - 2 * bias) for q in np.quantile(drawn, [0.025, 0.975]))
    return max(0.0, seen - bias), low, high


def _between(a: Floats, b: Floats, numbers: bool) -> Floats:
    difference = a / a.sum(1, keepdims=True) - b / b.sum(1, keepdims=True)
    found: Floats = np.abs(np.cumsum(difference, axis=1)).max(1) if numbers else np.abs(difference).sum(1) / 2
    return found
