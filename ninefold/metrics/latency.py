"""``nf.latency``: percentiles of the seconds that answers took in the server."""

from typing import Any

import numpy as np

from ninefold.errors import DeclarationError
from ninefold.metrics.measurement import Measurement
from ninefold.metrics.metric import Metric
from ninefold.metrics.rows import numbers

_PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def measure_latency(metric: Metric, seconds: Any) -> Measurement:
    """The percentile that the metric names, with its 95 % interval from order statistics (answers taken as independent).

    The interval of the q-quantile lies between the order statistics n·q ± 1.96·√(n·q·(1 − q)); where n is so small that this leaves
    the sample, there is none.

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
    half = 1.959963984540054 * np.sqrt(n * q * (1 - q))
    first, last = int(np.floor(n * q - half)), int(np.ceil(n * q + half))
    low, high = (float(values[first]), float(values[last])) if first >= 0 and last < n else (None, None)
    return Measurement(name=str(metric), value=float(np.quantile(values, q, method="inverted_cdf")), low=low, high=high, n=n)
