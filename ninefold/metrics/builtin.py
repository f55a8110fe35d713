"""The built-in metrics, each with its formula. They are values; how they are computed is in ``measure``."""

from typing import Final

from ninefold.metrics.metric import Metric

_B: Final = "binary"
_M: Final = "multiclass"
_R: Final = "regression"

roc_auc = Metric("roc_auc", (_B,), "higher")
"""Area under the ROC curve: the chance that a positive scores above a negative, ties counting one half."""
average_precision = Metric("average_precision", (_B,), "higher")
"""Σ (R_i − R_{i−1}) · P_i over falling thresholds."""
log_loss = Metric("log_loss", (_B, _M), "lower")
"""−mean of the log of the probability that was given to what happened (clipped to 1e-15)."""
brier = Metric("brier", (_B, _M), "lower")
"""Mean squared difference between probability and outcome (summed over the classes)."""
calibration_error = Metric("calibration_error", (_B,), "lower")
"""Σ_b n_b/n · |mean outcome − mean score| over 20 equal bins of the score."""
accuracy = Metric("accuracy", (_B, _M), "higher")
"""Share of decisions that were right."""
precision = Metric("precision", (_B,), "higher")
"""TP / (TP + FP): of those said yes, the share that was."""
recall = Metric("recall", (_B,), "higher")
"""TP / (TP + FN): of those that were, the share said yes."""
f_beta = Metric("f_beta", (_B,), "higher", ("beta",), (("beta", 1.0),))
"""(1 + β²) · P · R / (β² · P + R)."""
false_positive_rate = Metric("false_positive_rate", (_B,), "lower")
"""FP / (FP + TN)."""
selection_rate = Metric("selection_rate", (_B,), "higher")
"""Share said yes."""
cost = Metric("cost", (_B, _M, _R), "lower", ("false_alarm", "miss", "under", "over"))
"""Mean cost a question: ``false_alarm`` and ``miss`` for yes or no; ``under`` and ``over`` per unit for numbers. A cost is
a number or a column's name. Over ``baseline``: the better constant policy on the same rows."""
lift = Metric("lift", (_B,), "higher", ("top",), (("top", "10%"),))
"""The rate of positives among the ``top`` share of scores, over the rate among all."""
mean_error = Metric("mean_error", (_R,), "lower")
"""|mean of (prediction − truth)|: the size of the bias."""
mae = Metric("mae", (_R,), "lower")
"""Mean of |prediction − truth|."""
rmse = Metric("rmse", (_R,), "lower")
"""√ of the mean of (prediction − truth)²."""
mape = Metric("mape", (_R,), "lower")
"""Mean of |prediction − truth| / |truth| over truths that are not 0."""
pinball = Metric("pinball", (_R,), "lower", ("quantile",), (("quantile", 0.5),))
"""Mean of max(α·(y − p), (α − 1)·(y − p)) for the quantile α."""
r2 = Metric("r2", (_R,), "higher")
"""1 − Σ(y − p)² / Σ(y − ȳ)²."""
latency = Metric("latency", (_B, _M, _R), "lower", statistics=("p50", "p95", "p99"))
"""Seconds from a request read to its answer written, in the server. Only production can tell."""

BUILTIN = {m.name: m for m in list(globals().values()) if isinstance(m, Metric)}
