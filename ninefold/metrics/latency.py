"""``nf.latency``: percentiles of the seconds that answers took in the server."""

from typing import Any

import numpy as np
from scipy.special import bdtr

from ninefold.errors import DeclarationError
from ninefold.metrics.measurement import Measurement
from ninefold.metrics.metric import Metric
from ninefold.metrics.rows import numbers

TAIL = 0.025
_PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def measure_latency(metric: Metric, seconds: Any) -> Measurement:
    """The percentile that the metric names, with its 95 % interval from order statistics (answers taken as independent).

    The number of answers below the q-quantile is binomial(n, q), so order statistics bound it exactly: x₍ₗ₎ from below with
    P(B < l) ≤ 2.5 %, x₍ᵤ₎ from above with P(B ≥ u) ≤ 2.5 %. Under 368 answers nothing bounds a 99th percentile.

    >>> import ninefold as nf
    >>> measure_latency(nf.latency.p50, [0.001, 0.002, 0.003]).value
    0.002
    """
    if metric.statistic not in _PERCENTILES:
        raise DeclarationError(f"{metric} is no percentile", hint="write nf.latency.p50, .p95 or .p99")
    q, values = _PERCENTILES[metric.statistic], numbers(seconds, "seconds")
    values = np.sort(values[np.isfinite(values)])
    n = len(values)
    if n == 0:
        return Measurement(name=str(metric), value=None)
    below = np.append(0.0, bdtr(np.arange(n), n, q))  # P(B < k) for k = 0 … n
    first, last = int(np.searchsorted(below, TAIL, "right")) - 1, int(np.searchsorted(below, 1 - TAIL))
    low, high = (float(values[first - 1]), float(values[last - 1])) if first >= 1 and last <= n else (None, None)
    return Measurement(name=str(metric), value=float(np.quantile(values, q, method="inverted_cdf")), low=low, high=high, n=n)
