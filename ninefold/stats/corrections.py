"""Many tests at once: Holm, Benjamini and Hochberg; and the Wilson interval of one share."""

import math
from collections.abc import Sequence


def holm(p: Sequence[float]) -> list[float]:
    """Holm's corrected p-values: below α, the family-wise error is at most α under any dependence (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order, corrected, running = sorted(range(len(p)), key=lambda i: p[i]), [1.0] * len(p), 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (len(p) - rank) * p[i]))
        corrected[i] = running
    return corrected


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Corrected p-values: those below α have a false discovery rate of at most α (Benjamini & Hochberg 1995).

    >>> benjamini_hochberg([0.01, 0.04, 0.03])
    [0.03, 0.04, 0.04]
    """
    order, corrected, running = sorted(range(len(p)), key=lambda i: p[i]), [1.0] * len(p), 1.0
    for rank in range(len(p), 0, -1):
        i = order[rank - 1]
        running = min(running, p[i] * len(p) / rank)
        corrected[i] = running
    return corrected


def wilson(hits: float, n: float, *, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's interval of a share of independent trials (1927); (0, 1) of none.

    >>> low, high = wilson(5, 10)
    >>> round(low, 3), round(high, 3)
    (0.237, 0.763)
    """
    if n <= 0:
        return 0.0, 1.0
    share, square = hits / n, z * z
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
