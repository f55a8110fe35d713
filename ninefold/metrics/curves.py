"""Metrics of a ranking, from counts in bins of the score: ROC AUC, average precision, lift, calibration error."""

import numpy as np

from ninefold.metrics.formula import Formula, Ints, ratio
from ninefold.metrics.metric import Metric
from ninefold.metrics.rows import Rows
from ninefold.stats.bootstrap import Floats
from ninefold.units import share

BINS = 1_000
CALIBRATION_BINS = 20


def score_bins(score: Floats, most: int = BINS) -> tuple[Ints, int]:
    """The bin of each score, in rising order, and how many there are: one a distinct score while there are at most ``most``
    (then nothing is lost), else bins of equal counts.

    >>> score_bins(np.array([0.3, 0.1, 0.3]))[0].tolist()
    [1, 0, 1]
    """
    distinct, codes = np.unique(score, return_inverse=True)
    if len(distinct) <= most:
        return codes.astype(np.int64).reshape(-1), max(1, len(distinct))
    edges = np.unique(np.quantile(score, np.linspace(0, 1, most + 1)[1:-1], method="lower"))
    return np.searchsorted(edges, score, side="left").astype(np.int64), len(edges) + 1


def _ranked(rows: Rows) -> tuple[Floats, Ints, int]:
    cells, width = score_bins(rows.score)
    return np.column_stack([rows.weight * rows.truth, rows.weight * (1 - rows.truth)]), cells, width


def _split(sums: Floats, width: int) -> tuple[Floats, Floats]:
    return sums[..., :width], sums[..., width:]


def roc_auc(metric: Metric, rows: Rows) -> Formula:
    """The chance that a positive scores above a negative, ties counting one half."""
    columns, cells, width = _ranked(rows)

    def value(sums: Floats) -> Floats:
        yes, no = _split(sums, width)
        below = np.cumsum(no, axis=-1) - no
        return ratio((yes * (below + no / 2)).sum(-1), yes.sum(-1) * no.sum(-1))

    return Formula(columns, value, rows.truth == 1, cells=cells, width=width)


def average_precision(metric: Metric, rows: Rows) -> Formula:
    """Σ (R_i − R_{i−1}) · P_i over falling thresholds."""
    columns, cells, width = _ranked(rows)

    def value(sums: Floats) -> Floats:
        yes, no = (part[..., ::-1] for part in _split(sums, width))
        found, said = np.cumsum(yes, axis=-1), np.cumsum(yes + no, axis=-1)
        precision = np.divide(found, said, out=np.zeros_like(found), where=said != 0)
        return ratio((yes * precision).sum(-1), yes.sum(-1))

    return Formula(columns, value, rows.truth == 1, cells=cells, width=width)


def lift(metric: Metric, rows: Rows) -> Formula:
    """The rate of positives among the highest scores, over the rate among all."""
    columns, cells, width = _ranked(rows)
    top = dict(metric.params)["top"]
    part = share(top) if isinstance(top, str) else float(top)

    def value(sums: Floats) -> Floats:
        yes, no = (part_[..., ::-1] for part_ in _split(sums, width))
        both = yes + no
        total = both.sum(-1, keepdims=True)
        before = np.cumsum(both, axis=-1) - both
        # of the bin in which the share ends, the part that still fits
        taken = np.clip(np.divide(part * total - before, both, out=np.zeros_like(both), where=both != 0), 0, 1)
        hit = ratio((yes * taken).sum(-1), (both * taken).sum(-1))
        return ratio(hit, ratio(yes.sum(-1), total[..., 0]))

    return Formula(columns, value, np.ones(len(rows), dtype=bool), cells=cells, width=width)


def calibration_error(metric: Metric, rows: Rows) -> Formula:
    """Σ_b n_b/n · |mean outcome − mean score| over equal bins of the score."""
    cells = np.clip((rows.score * CALIBRATION_BINS).astype(np.int64), 0, CALIBRATION_BINS - 1)
    columns = np.column_stack([rows.weight, rows.weight * rows.truth, rows.weight * rows.score])

    def value(sums: Floats) -> Floats:
        n, happened, said = (sums[..., i * CALIBRATION_BINS : (i + 1) * CALIBRATION_BINS] for i in range(3))
        return ratio(np.abs(happened - said).sum(-1), n.sum(-1))

    return Formula(columns, value, np.ones(len(rows), dtype=bool), cells=cells, width=CALIBRATION_BINS)


CURVES = {"roc_auc": roc_auc, "average_precision": average_precision, "lift": lift, "calibration_error": calibration_error}
