"""Calibration: from raw scores to probabilities, by centred isotonic regression."""

import numpy as np

from ninefold.bundles.calibration import Calibration
from ninefold.bundles.encoding import Floats
from ninefold.models.dataset import Rows

FEWEST, FEWEST_OF_EACH = 500, 50


def calibrate(raw: Floats, truth: Floats) -> Calibration:
    """A table fitted on scores that the model was not fitted on.

    Isotonic regression pools neighbours into blocks; each block becomes one knot, its mean score and its rate [Oron and Flournoy
    2017], so that the table grows strictly and keeps the order of the scores, which steps would not. A rate of 0 or 1 becomes that
    of one more row of each class, so that nothing is certain. With fewer than 500 rows, or 50 of a class, scores stay as they are
    when they are probabilities.

    >>> table = calibrate(np.repeat([0.1, 0.9], 500), np.repeat([0.0, 1.0, 0.0, 1.0], [400, 100, 200, 300]))
    >>> round(table.one(0.1), 2), round(table.one(0.9), 2)
    (0.2, 0.6)
    """
    positives = int(truth.sum())
    probabilities = bool(raw.min() >= 0 and raw.max() <= 1) if len(raw) else True
    if probabilities and (len(raw) < FEWEST or min(positives, len(raw) - positives) < FEWEST_OF_EACH):
        return Calibration()
    x, y, weight = _blocks(raw, truth)
    # only the outer blocks can be without a no or a yes: rule of succession, but never across their neighbours
    if y[0] == 0:
        y[0] = min(1 / (weight[0] + 2), y[1] / 2) if len(y) > 1 else 1 / (weight[0] + 2)
    if y[-1] == 1:
        y[-1] = max((weight[-1] + 1) / (weight[-1] + 2), (1 + y[-2]) / 2)
    # beyond the first and last knot a slight slope keeps the order
    low, high = (0.0, 1.0) if probabilities else (float(raw.min()), float(raw.max()))
    if low < x[0]:
        x, y = np.r_[low, x], np.r_[y[0] * 0.99, y]
    if high > x[-1]:
        x, y = np.r_[x, high], np.r_[y, y[-1] + 0.01 * (1 - y[-1])]
    return Calibration(tuple(x.tolist()), tuple(y.tolist()))


def _blocks(raw: Floats, truth: Floats) -> tuple[Floats, Floats, Floats]:
    from sklearn.isotonic import IsotonicRegression

    order = np.argsort(raw, kind="stable")
    score, label = raw[order], truth[order]
    rate = IsotonicRegression(y_min=0.0, y_max=1.0).fit(score, label).predict(score)
    starts = np.flatnonzero(np.r_[True, np.diff(rate) > 1e-12])
    weight = np.diff(np.r_[starts, len(rate)]).astype(np.float64)
    return np.add.reduceat(score, starts) / weight, np.add.reduceat(label, starts) / weight, weight


def crossed(raw: Floats, truth: Floats, day: Rows) -> Floats:
    """Calibrated scores of rows that a calibration is fitted on: by the table of the other half of the days, so that none is
    judged on its own outcome.
    """
    odd = np.unique(day, return_inverse=True)[1] % 2 == 1
    out = np.array(raw, np.float64)
    for half in (odd, ~odd):
        if half.any() and (~half).any():
            out[half] = calibrate(raw[~half], truth[~half])(raw[half])
    return out
