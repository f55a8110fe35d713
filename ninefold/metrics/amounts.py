"""Metrics of numbers: mean error, MAE, RMSE, MAPE, pinball, R², and the cost of too little and too much."""

from collections.abc import Callable

import numpy as np

from ninefold.errors import DataError
from ninefold.metrics.formula import Formula, ratio
from ninefold.metrics.metric import Metric
from ninefold.metrics.rows import Rows
from ninefold.stats.bootstrap import Floats


def _quantile(values: Floats, weight: Floats, q: float) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    return float(values[order][min(len(values) - 1, np.searchsorted(reached, q * reached[-1]))]) if len(values) else 0.0


def _constant(rows: Rows, best: Callable[[], float]) -> Floats:
    """Today's practice, else the constant of training, else the constant that is best for this loss on these rows."""
    if rows.practice is not None:
        return rows.practice
    value = rows.constant if rows.constant is not None else best()
    return np.broadcast_to(np.asarray(value, dtype=np.float64), rows.truth.shape)


def _loss(loss: Callable[[Floats, Floats], Floats], rows: Rows, score: Floats, constant: Floats, root: bool = False) -> Formula:
    columns = np.column_stack([rows.weight, rows.weight * loss(rows.truth, score), rows.weight * loss(rows.truth, constant)])

    def at(column: int) -> Callable[[Floats], Floats]:
        def value(sums: Floats) -> Floats:
            mean = ratio(sums[..., column], sums[..., 0])
            return np.sqrt(mean) if root else mean

        return value

    return Formula(columns, at(1), np.ones(len(rows), dtype=bool), at(2))


def _mean_of(rows: Rows) -> float:
    return float(np.average(rows.truth, weights=rows.weight)) if len(rows) else 0.0


def mae(metric: Metric, rows: Rows) -> Formula:
    """Mean absolute error: mean of |p − y|."""
    constant = _constant(rows, lambda: _quantile(rows.truth, rows.weight, 0.5))
    return _loss(lambda y, p: np.abs(p - y), rows, rows.score, constant)


def rmse(metric: Metric, rows: Rows) -> Formula:
    """Root mean squared error: √ of the mean of (p − y)²."""
    return _loss(lambda y, p: (p - y) ** 2, rows, rows.score, _constant(rows, lambda: _mean_of(rows)), root=True)


def pinball(metric: Metric, rows: Rows) -> Formula:
    """Pinball loss: mean of max(α·(y − p), (α − 1)·(y − p))."""
    alpha = float(dict(metric.params)["quantile"])
    score = rows.quantiles.get(alpha, rows.score)
    constant = _constant(rows, lambda: _quantile(rows.truth, rows.weight, alpha))
    return _loss(lambda y, p: np.maximum(alpha * (y - p), (alpha - 1) * (y - p)), rows, score, constant)


def cost(metric: Metric, rows: Rows) -> Formula:
    """``under`` per unit that the prediction is too low, ``over`` per unit that it is too high."""
    costs = rows.priced(metric)
    under, over = np.asarray(costs.under, dtype=np.float64), np.asarray(costs.over, dtype=np.float64)
    if (under < 0).any() or (over < 0).any():
        raise DataError("a cost is below 0", hint="a cost per unit is at least 0")
    share = float(np.mean(under) / max(float(np.mean(under) + np.mean(over)), 1e-300))
    constant = _constant(rows, lambda: _quantile(rows.truth, rows.weight, share))
    return _loss(lambda y, p: under * np.maximum(y - p, 0) + over * np.maximum(p - y, 0), rows, rows.score, constant)


def mape(metric: Metric, rows: Rows) -> Formula:
    """Mean of |p − y| / |y| over truths that are not 0."""
    counted = rows.truth != 0
    size = np.where(counted, np.abs(rows.truth), 1.0)
    columns = np.column_stack([rows.weight * counted, rows.weight * counted * np.abs(rows.score - rows.truth) / size])
    return Formula(columns, lambda sums: ratio(sums[..., 1], sums[..., 0]), counted)


def mean_error(metric: Metric, rows: Rows) -> Formula:
    """Size of the bias: |mean of (p − y)|."""
    columns = np.column_stack([rows.weight, rows.weight * (rows.score - rows.truth)])
    return Formula(columns, lambda sums: np.abs(ratio(sums[..., 1], sums[..., 0])), np.ones(len(rows), dtype=bool))


def r2(metric: Metric, rows: Rows) -> Formula:
    # truths are centred first: the sum of squares about the mean would otherwise cancel for large values
    """1 − Σ(y − p)² / Σ(y − ȳ)²."""
    centre = _mean_of(rows)
    about = rows.truth - centre
    columns = np.column_stack([rows.weight, rows.weight * about, rows.weight * about**2, rows.weight * (rows.truth - rows.score) ** 2])

    def value(sums: Floats) -> Floats:
        return 1 - ratio(sums[..., 3], sums[..., 2] - ratio(sums[..., 1] ** 2, sums[..., 0]))

    return Formula(columns, value, np.ones(len(rows), dtype=bool))


AMOUNTS = {"mae": mae, "rmse": rmse, "pinball": pinball, "cost": cost, "mape": mape, "mean_error": mean_error, "r2": r2}
