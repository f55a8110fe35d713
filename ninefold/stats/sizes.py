"""How far two histograms lie apart, with the distance that sampling alone makes taken off.

Distances between samples are never 0: PSI of 256 bins and 1,000 rows is about 0.5 with nothing changed. Every size here has its
expectation under "nothing changed" subtracted, so that it does not depend on the number of rows or bins.
"""

import math

import numpy as np

from ninefold.stats.bootstrap import Floats

KOLMOGOROV_MEAN = 0.8687311606361593
"""√(π/2)·ln 2: the mean of the Kolmogorov law."""


def _shares(counts: Floats) -> Floats:
    total = counts.sum()
    return counts / total if total > 0 else counts


def ks_distance(a: Floats, b: Floats) -> float:
    """The largest distance between the cumulative shares of two histograms."""
    if a.sum() == 0 or b.sum() == 0:
        return 0.0
    return float(np.abs(np.cumsum(_shares(a)) - np.cumsum(_shares(b))).max())


def ks_size(a: Floats, b: Floats) -> float:
    """The KS distance less its mean under no change, 0.8687·√((n + m)/(n m)); may be below 0.

    >>> round(ks_size(np.array([500.0, 500.0]), np.array([250.0, 750.0])), 3)
    0.211
    """
    n, m = a.sum(), b.sum()
    return ks_distance(a, b) - KOLMOGOROV_MEAN * math.sqrt((n + m) / (n * m)) if n and m else 0.0


def tv_distance(a: Floats, b: Floats) -> float:
    """Total variation: half the sum of the differences of shares."""
    return float(np.abs(_shares(a) - _shares(b)).sum() / 2) if a.sum() and b.sum() else 0.0


def tv_size(a: Floats, b: Floats) -> float:
    """Total variation less its mean under no change, Σ √(p(1 − p)(1/n + 1/m)/2π) with the pooled shares p.

    >>> round(tv_size(np.array([5000.0, 5000.0]), np.array([2500.0, 7500.0])), 3)
    0.245
    """
    n, m = float(a.sum()), float(b.sum())
    if not n or not m:
        return 0.0
    p = (a + b) / (n + m)
    return tv_distance(a, b) - float(np.sqrt(p * (1 - p) * (1 / n + 1 / m) / (2 * math.pi)).sum())


def psi_size(a: Floats, b: Floats) -> float:
    """Population stability index less (k − 1)(1/n + 1/m); empty cells count as half a row. Shown, never alarmed on."""
    n, m = float(a.sum()), float(b.sum())
    used = (a + b) > 0
    k = int(used.sum())
    if not n or not m or k < 2:
        return 0.0
    p, q = (np.maximum(c[used], 0.5) / s for c, s in ((a, n), (b, m)))
    return float(((p - q) * np.log(p / q)).sum()) - (k - 1) * (1 / n + 1 / m)


def ks_p(distance: float, n: float, m: float) -> float:
    """The p-value of a KS distance between two samples, rows taken as independent (Kolmogorov's law; 1 for a distance of 0).

    >>> ks_p(0.0, 100, 100), round(ks_p(0.2, 100, 100), 3)
    (1.0, 0.037)
    """
    from scipy.special import kolmogorov

    if n <= 0 or m <= 0 or distance <= 0:
        return 1.0
    return float(kolmogorov(distance * math.sqrt(n * m / (n + m))))


def homogeneity_p(a: Floats, b: Floats) -> float:
    """The p-value of "both histograms come from the same shares": chi-squared over both samples, neither taken as known.

    Cells with an expectation under 5 in the smaller sample are lumped together. One cell: p = 1.

    >>> homogeneity_p(np.array([50.0, 50.0]), np.array([5000.0, 5000.0]))
    1.0
    """
    from scipy.special import chdtrc

    n, m = float(a.sum()), float(b.sum())
    if not n or not m:
        return 1.0
    small = (a + b) * min(n, m) / (n + m) < 5
    cells = np.column_stack([a, b])
    cells = np.vstack([cells[~small], cells[small].sum(0, keepdims=True)])
    cells = cells[cells.sum(1) > 0]
    if len(cells) < 2:
        return 1.0
    expected = cells.sum(1, keepdims=True) * np.array([n, m]) / (n + m)
    return float(chdtrc(len(cells) - 1, ((cells - expected) ** 2 / expected).sum()))
