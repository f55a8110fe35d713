"""The built-in metrics, each with its formula. They are values, and a call configures them; how they are computed is in ``measure``."""

from dataclasses import dataclass
from typing import Final, Self

from ninefold.errors import DeclarationError
from ninefold.metrics.metric import Kind, Metric
from ninefold.units import share

_B: Final[Kind] = "binary"
_M: Final[Kind] = "multiclass"
_R: Final[Kind] = "regression"
_By = str | list[str] | None


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Plain(Metric):
    """A metric without parameters: ``nf.recall(by="carrier", at_least=100)``."""

    def __call__(self, *, by: _By = None, at_least: int | None = None) -> Self:
        return self.configured(by, at_least)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Cost(Metric):
    """``nf.cost(false_alarm=1, miss=5)`` or ``nf.cost(under=3, over=1)``; a cost is a number or a column's name."""

    def __call__(
        self,
        *,
        false_alarm: float | str | None = None,
        miss: float | str | None = None,
        under: float | str | None = None,
        over: float | str | None = None,
        by: _By = None,
        at_least: int | None = None,
    ) -> Self:
        return self.configured(by, at_least, false_alarm=false_alarm, miss=miss, under=under, over=over)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class FBeta(Metric):
    """``nf.f_beta(beta=2)``: above 1 recall counts for more."""

    def __call__(self, *, beta: float | None = None, by: _By = None, at_least: int | None = None) -> Self:
        if beta is not None and beta <= 0:
            raise DeclarationError(f"nf.f_beta has beta={beta}", hint="give a number above 0: above 1 recall counts for more")
        return self.configured(by, at_least, beta=beta)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Lift(Metric):
    """``nf.lift(top="5%")``: of the highest scores."""

    def __call__(self, *, top: str | None = None, by: _By = None, at_least: int | None = None) -> Self:
        if top is not None and share(top) <= 0:
            raise DeclarationError(f"nf.lift has top={top!r}, which is nobody", hint='give a share above 0%: nf.lift(top="5%")')
        return self.configured(by, at_least, top=top)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Pinball(Metric):
    """``nf.pinball(quantile=0.9)``."""

    def __call__(self, *, quantile: float | None = None, by: _By = None, at_least: int | None = None) -> Self:
        if quantile is not None and not 0 < quantile < 1:
            raise DeclarationError(f"nf.pinball has quantile={quantile}", hint="a quantile lies between 0 and 1")
        return self.configured(by, at_least, quantile=quantile)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Latency(Metric):
    """``nf.latency.p99``: a statistic over requests."""

    @property
    def p50(self) -> Self:
        """The median."""
        return self._over("p50")

    @property
    def p95(self) -> Self:
        """The 95th percentile."""
        return self._over("p95")

    @property
    def p99(self) -> Self:
        """The 99th percentile."""
        return self._over("p99")


roc_auc = Plain("roc_auc", (_B,), "higher")
"""Area under the ROC curve: the chance that a positive scores above a negative, ties counting one half.

>>> import ninefold as nf
>>> nf.measure(nf.roc_auc, [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
0.75
"""
average_precision = Plain("average_precision", (_B,), "higher")
"""Σ (R_i − R_{i−1}) · P_i over falling thresholds.

>>> import ninefold as nf
>>> round(nf.measure(nf.average_precision, [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value, 4)
0.8333
"""
log_loss = Plain("log_loss", (_B, _M), "lower")
"""−mean of the log of the probability that was given to what happened (clipped to 1e-15).

>>> import ninefold as nf
>>> round(nf.measure(nf.log_loss, [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value, 4)
0.4723
"""
brier = Plain("brier", (_B, _M), "lower")
"""Mean squared difference between probability and outcome (summed over the classes).

>>> import ninefold as nf
>>> round(nf.measure(nf.brier, [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value, 4)
0.1581
"""
calibration_error = Plain("calibration_error", (_B,), "lower")
"""Σ_b n_b/n · |mean outcome − mean score| over 20 equal bins of the score.

>>> import ninefold as nf
>>> round(nf.measure(nf.calibration_error, [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value, 4)
0.3375
"""
accuracy = Plain("accuracy", (_B, _M), "higher")
"""Share of decisions that were right.

>>> import ninefold as nf
>>> nf.measure(nf.accuracy, [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], threshold=0.3).value
0.75
"""
precision = Plain("precision", (_B,), "higher")
"""TP / (TP + FP): of those said yes, the share that was.

>>> import ninefold as nf
>>> round(nf.measure(nf.precision, [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], threshold=0.3).value, 4)
0.6667
"""
recall = Plain("recall", (_B,), "higher")
"""TP / (TP + FN): of those that were, the share said yes.

>>> import ninefold as nf
>>> nf.measure(nf.recall, [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], threshold=0.5).value
0.5
"""
f_beta = FBeta("f_beta", (_B,), "higher", ("beta",), (("beta", 1.0),))
"""(1 + β²) · P · R / (β² · P + R).

>>> import ninefold as nf
>>> round(nf.measure(nf.f_beta(beta=2), [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], threshold=0.3).value, 4)
0.9091
"""
false_positive_rate = Plain("false_positive_rate", (_B,), "lower")
"""FP / (FP + TN).

>>> import ninefold as nf
>>> nf.measure(nf.false_positive_rate, [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], threshold=0.3).value
0.5
"""
selection_rate = Plain("selection_rate", (_B,), "higher")
"""Share said yes.

>>> import ninefold as nf
>>> nf.measure(nf.selection_rate, [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], threshold=0.3).value
0.75
"""
cost = Cost("cost", (_B, _M, _R), "lower", ("false_alarm", "miss", "under", "over"))
"""Mean cost a question: ``false_alarm`` and ``miss`` for yes or no; ``under`` and ``over`` per unit for numbers. A cost is
a number or a column's name. Over ``baseline``: the better constant policy on the same rows.

>>> import ninefold as nf
>>> nf.measure(nf.cost(false_alarm=1, miss=5), [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
0.25
"""
lift = Lift("lift", (_B,), "higher", ("top",), (("top", "10%"),))
"""The rate of positives among the ``top`` share of scores, over the rate among all.

>>> import ninefold as nf
>>> nf.measure(nf.lift(top="50%"), [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
1.0
"""
mean_error = Plain("mean_error", (_R,), "lower")
"""|mean of (prediction − truth)|: the size of the bias.

>>> import ninefold as nf
>>> round(nf.measure(nf.mean_error, [1, 2, 4], [1.5, 2, 3]).value, 4)
0.1667
"""
mae = Plain("mae", (_R,), "lower")
"""Mean of |prediction − truth|.

>>> import ninefold as nf
>>> nf.measure(nf.mae, [1, 2, 4], [1.5, 2, 3]).value
0.5
"""
rmse = Plain("rmse", (_R,), "lower")
"""√ of the mean of (prediction − truth)².

>>> import ninefold as nf
>>> round(nf.measure(nf.rmse, [1, 2, 4], [1.5, 2, 3]).value, 4)
0.6455
"""
mape = Plain("mape", (_R,), "lower")
"""Mean of |prediction − truth| / |truth| over truths that are not 0.

>>> import ninefold as nf
>>> nf.measure(nf.mape, [1, 2, 4], [1.5, 2, 3]).value
0.25
"""
pinball = Pinball("pinball", (_R,), "lower", ("quantile",), (("quantile", 0.5),))
"""Mean of max(α·(y − p), (α − 1)·(y − p)) for the quantile α.

>>> import ninefold as nf
>>> nf.measure(nf.pinball(quantile=0.5), [1, 2, 4], [1.5, 2, 3]).value
0.25
"""
r2 = Plain("r2", (_R,), "higher")
"""1 − Σ(y − p)² / Σ(y − ȳ)².

>>> import ninefold as nf
>>> round(nf.measure(nf.r2, [1, 2, 4], [1.5, 2, 3]).value, 4)
0.7321
"""
latency = Latency("latency", (_B, _M, _R), "lower", statistics=("p50", "p95", "p99"))
"""Seconds from a request read to its answer written, in the server. Only production can tell.

>>> import ninefold as nf
>>> str(nf.latency.p99 <= "20ms")
'latency.p99 <= 20ms'
"""

BUILTIN: dict[str, Metric] = {m.name: m for m in list(globals().values()) if isinstance(m, Metric)}
