"""Metrics of yes and no, and the losses of probabilities: binary and multiclass."""

from collections.abc import Callable

import numpy as np

from ninefold.metrics.formula import Formula, ratio
from ninefold.metrics.metric import Metric
from ninefold.metrics.rows import Rows
from ninefold.stats.bootstrap import Floats

_CLIP = 1e-15


def _all(rows: Rows) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.ones(len(rows), dtype=bool)


def _weighted(rows: Rows, *columns: Floats) -> Floats:
    return np.column_stack([rows.weight, *(rows.weight * c for c in columns)])


def _mean(sums: Floats) -> Floats:
    return ratio(sums[..., 1], sums[..., 0])


def _second_mean(sums: Floats) -> Floats:
    return ratio(sums[..., 2], sums[..., 0])


def _yes(rows: Rows) -> Floats:
    return np.asarray(rows.decision == 1, dtype=np.float64)


def _decided(rows: Rows) -> Floats:
    """1 where there was an answer, 0 where the question was referred to people (−1)."""
    return np.asarray(rows.decision >= 0, dtype=np.float64)


def _confusion(top: int, bottom: Callable[[Rows], Floats]) -> Callable[[Metric, Rows], Formula]:
    """A share of counts: ``top`` of (1: said and was, 2: said and was not) over the rows of ``bottom``, among those that were decided."""

    def bind(metric: Metric, rows: Rows) -> Formula:
        under = bottom(rows) * _decided(rows)
        hit = _yes(rows) * (rows.truth if top == 1 else 1 - rows.truth)
        columns = np.column_stack([rows.weight * under, rows.weight * hit])
        return Formula(columns, _mean, under > 0)

    return bind


precision = _confusion(1, _yes)
recall = _confusion(1, lambda rows: rows.truth)
false_positive_rate = _confusion(2, lambda rows: 1 - rows.truth)


def selection_rate(metric: Metric, rows: Rows) -> Formula:
    """Share said yes; a question that was referred was not."""
    return Formula(_weighted(rows, _yes(rows)), _mean, _all(rows))


def accuracy(metric: Metric, rows: Rows) -> Formula:
    """Among the rows that were decided. Its constant policy says the commonest class always."""
    decided = _decided(rows)
    right = (rows.decision == rows.truth).astype(np.float64)
    classes = (rows.truth[:, None] == np.arange(max(2, len(rows.classes)))[None, :]) * decided[:, None]

    def constant(sums: Floats) -> Floats:
        return ratio(sums[..., 2:].max(-1), sums[..., 0])

    columns = np.column_stack([rows.weight * decided, rows.weight * right, *(rows.weight * c for c in classes.T)])
    return Formula(columns, _mean, decided > 0, constant)


def f_beta(metric: Metric, rows: Rows) -> Formula:
    """(1 + β²) TP / ((1 + β²) TP + β² FN + FP), the same as from precision and recall, and defined where one of these is not.
    Among the rows that were decided.
    """
    square = float(dict(metric.params)["beta"]) ** 2
    yes, true = _yes(rows), rows.truth * _decided(rows)
    columns = np.column_stack([rows.weight * yes * true, rows.weight * yes, rows.weight * true])

    def value(sums: Floats) -> Floats:
        return ratio((1 + square) * sums[..., 0], sums[..., 1] + square * sums[..., 2])

    return Formula(columns, value, true == 1)


def probabilities(rows: Rows) -> tuple[Floats, Floats]:
    """A probability for each class and row, and which class it was: (rows, classes) both; a binary score is that of yes."""
    if rows.kind == "binary":
        return np.column_stack([1 - rows.score, rows.score]), np.column_stack([1 - rows.truth, rows.truth])
    return rows.score, (rows.truth[:, None] == np.arange(rows.score.shape[1])[None, :]).astype(np.float64)


def _constant(rows: Rows, was: Floats) -> Floats:
    """The constant policy's probabilities: those of training where they are given, else the rates of these rows."""
    if rows.practice is not None and rows.kind == "binary":
        return np.column_stack([1 - rows.practice, rows.practice])
    if rows.constant is None:
        return np.tile(np.average(was, axis=0, weights=rows.weight), (len(rows), 1)) if len(rows) else was
    given = np.asarray(rows.constant, dtype=np.float64)
    return np.tile(np.array([1 - given, given]) if rows.kind == "binary" else given, (len(rows), 1))


def row_log_loss(given: Floats, was: Floats) -> Floats:
    """−log of the probability that was given to what happened, clipped, a row."""
    loss: Floats = -np.log(np.clip((given * was).sum(1), _CLIP, 1.0))
    return loss


def log_loss(metric: Metric, rows: Rows) -> Formula:
    """−mean of the log of the probability that was given to what happened."""
    given, was = probabilities(rows)
    columns = _weighted(rows, row_log_loss(given, was), row_log_loss(_constant(rows, was), was))
    return Formula(columns, _mean, _all(rows), _second_mean)


def brier(metric: Metric, rows: Rows) -> Formula:
    """For yes and no (p − y)²; over several classes the sum of the classes' squares."""
    given, was = probabilities(rows)
    part = 0.5 if rows.kind == "binary" else 1.0
    square, constant = (part * ((p - was) ** 2).sum(1) for p in (given, _constant(rows, was)))
    return Formula(_weighted(rows, square, constant), _mean, _all(rows), _second_mean)


def cost(metric: Metric, rows: Rows) -> Formula:
    """Mean cost a question; one that was referred to people costs nothing here, as where the model was chosen. Its constant policies
    say yes always, or no always; or today's practice is given.
    """
    costs = rows.priced(metric)
    if rows.kind == "multiclass":
        wrong = (rows.decision != rows.truth) * np.asarray(costs.miss)
        always = [(rows.truth != c) * np.asarray(costs.miss) for c in range(len(rows.classes))]
        return Formula(_weighted(rows, wrong, *always), _mean, _all(rows), _least)
    alarm, miss = (1 - rows.truth) * costs.false_alarm, rows.truth * costs.miss
    answered = _yes(rows) * alarm + (rows.decision == 0) * miss
    if rows.practice_decision is not None:
        today = rows.practice_decision * alarm + (1 - rows.practice_decision) * miss
        return Formula(_weighted(rows, answered, today), _mean, _all(rows), _second_mean)
    return Formula(_weighted(rows, answered, alarm, miss), _mean, _all(rows), _least)


def _least(sums: Floats) -> Floats:
    return ratio(sums[..., 2:].min(-1), sums[..., 0])


DECISIONS = {
    "precision": precision,
    "recall": recall,
    "false_positive_rate": false_positive_rate,
    "selection_rate": selection_rate,
    "accuracy": accuracy,
    "f_beta": f_beta,
    "log_loss": log_loss,
    "brier": brier,
    "cost": cost,
}
