"""The loss of each row: what paired tests compare."""

from typing import Any

import numpy as np

from ninefold.metrics.decisions import row_log_loss
from ninefold.metrics.metric import Kind
from ninefold.metrics.rows import Costs, numbers
from ninefold.stats.bootstrap import Floats


def row_loss(kind: Kind, truth: Any, score: Any) -> Floats:
    """Log loss for probabilities, squared error for numbers; NaN where truth or score is null. Multiclass truths are codes of columns.

    >>> row_loss("regression", [1.0, 2.0], [1.5, 2.0]).tolist()
    [0.25, 0.0]
    >>> row_loss("binary", [1, 0], [0.5, 0.5]).round(3).tolist()
    [0.693, 0.693]
    """
    y = numbers(truth, "truth")
    if kind == "regression":
        squares: Floats = (numbers(score, "score") - y) ** 2
        return squares
    if kind == "binary":
        p = numbers(score, "score")
        given, was = np.column_stack([1 - p, p]), np.column_stack([1 - y, y])
    else:
        given = np.asarray(score, dtype=np.float64)
        was = (y[:, None] == np.arange(given.shape[1])[None, :]).astype(np.float64)
        was[np.isnan(y)] = np.nan
    return row_log_loss(given, was)


def row_cost(truth: Any, decision: Any, costs: Costs) -> Floats:
    """What each yes-or-no decision cost.

    >>> row_cost([1, 0, 0], [0, 1, 0], Costs(1, 5)).tolist()
    [5.0, 1.0, 0.0]
    """
    y, said = numbers(truth, "truth"), numbers(decision, "decision")
    cost: Floats = said * (1 - y) * costs.false_alarm + (1 - said) * y * costs.miss
    return cost
