"""Linear models as numbers: coefficients, intercepts and a link, scored by NumPy."""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ninefold.bundles.predictors import REFUSED, Shape
from ninefold.errors import CorruptError

Floats = NDArray[np.float64]
Link = Literal["identity", "logit", "softmax", "ovr", "exp"]


class Linear(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``link(X · coefficients + intercept)``, one row of coefficients per output. ``ovr`` is a logit per class, scaled to sum 1."""

    link: Link
    coefficients: tuple[tuple[float, ...], ...]
    intercepts: tuple[float, ...]


class LinearPredictor:
    """A linear model made ready."""

    def __init__(self, model: Linear) -> None:
        self.link = model.link
        self.weights = np.asarray(model.coefficients, np.float64).T
        self.intercepts = np.asarray(model.intercepts, np.float64)

    def predict(self, matrix: Floats) -> Floats:
        """Scores of the rows."""
        score = self._linked(matrix @ self.weights + self.intercepts)
        return score[:, 0] if score.shape[1] == 1 else score

    def predict_row(self, row: Floats) -> Floats:
        """Scores of one row."""
        scores: Floats = self._linked((row @ self.weights + self.intercepts)[None])[0]
        return scores

    def _linked(self, raw: Floats) -> Floats:
        if self.link == "identity":
            return raw
        if self.link == "exp":
            return np.asarray(np.exp(raw), np.float64)
        if self.link == "softmax":
            powers: Floats = np.exp(raw - raw.max(axis=1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=1, keepdims=True))
        return _probabilities(raw, self.link == "ovr")

    def contributions(self, matrix: Floats) -> Floats:
        """``coefficient · value``; the last column is the intercept. Before the link: log-odds for a logit."""
        out = np.empty((len(matrix), self.weights.shape[1], matrix.shape[1] + 1))
        out[:, :, :-1] = matrix[:, None, :] * self.weights.T[None]
        out[:, :, -1] = self.intercepts
        return out[:, 0] if out.shape[1] == 1 else out


def _probabilities(raw: Floats, one_by_one: bool) -> Floats:
    # by the sign, so that neither end overflows
    small: Floats = np.exp(-np.abs(raw))
    score: Floats = np.where(raw >= 0, 1 / (1 + small), small / (1 + small))
    return np.asarray(score / score.sum(axis=1, keepdims=True)) if one_by_one else score


def load(data: bytes, shape: Shape) -> LinearPredictor:
    """Read the JSON form."""
    model = msgspec.json.decode(data, type=Linear)
    if any(len(row) != shape.inputs for row in model.coefficients) or len(model.coefficients) != len(model.intercepts):
        raise CorruptError(f"the linear model's coefficients do not fit {shape.inputs} inputs", hint=REFUSED)
    return LinearPredictor(model)


def save(link: Link, coefficients: Floats, intercepts: Floats) -> bytes:
    """Write the JSON form: ``coefficients`` of shape (outputs, inputs), ``intercepts`` of shape (outputs,)."""
    return msgspec.json.encode(Linear(link, tuple(map(tuple, coefficients.tolist())), tuple(intercepts.tolist())))
