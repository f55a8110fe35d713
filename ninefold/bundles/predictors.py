"""Predictors: a model file made ready to score a matrix. One file per format; the engine is loaded on first use."""

from importlib import import_module
from typing import Protocol, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from ninefold.errors import CorruptError, closest

Floats = NDArray[np.float64]

# format → (module, name of the file in the bundle)
FORMATS = {
    "constant": ("ninefold.bundles.constant", "model.json"),
    "linear": ("ninefold.bundles.linear", "model.json"),
    "lightgbm": ("ninefold.bundles.lightgbm_text", "model.txt"),
    "xgboost": ("ninefold.bundles.xgboost_json", "model.json"),
    "onnx": ("ninefold.bundles.onnx_graph", "model.onnx"),
}


# what to do about a model file that its runtime does not take
REFUSED = "was it made with another release of that library? then make it again: ninefold run"


def form(format: str) -> tuple[str, str]:
    """The module and the name of the file of a format; CorruptError for one that is not known."""
    if format not in FORMATS:
        raise CorruptError(f'the model\'s format is "{format}"', hint=closest(format, FORMATS))
    return FORMATS[format]


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What comes out of a model: one number per row (``outputs`` 1), or a probability for each of ``outputs`` classes.

    ``present`` are the positions of the classes that the model has seen; ``categorical`` the inputs that are positions of levels.
    """

    inputs: int
    outputs: int = 1
    present: tuple[int, ...] = ()
    categorical: tuple[int, ...] = ()


@runtime_checkable
class Predictor(Protocol):
    """A loaded model. Deterministic, thread-safe, and free of any code from the bundle."""

    def predict(self, matrix: Floats) -> Floats:
        """Scores: ``(rows,)``, or ``(rows, seen classes)``."""

    def predict_row(self, row: Floats) -> Floats:
        """Scores of one row of shape ``(inputs,)``, as an array of one value or one per seen class."""

    def contributions(self, matrix: Floats) -> Floats:
        """What each input adds to the score before its link, the last column being the part of no input: ``(rows, inputs + 1)``,
        or ``(rows, seen classes, inputs + 1)``.
        """


def open_predictor(format: str, data: bytes, shape: Shape) -> Predictor:
    """The predictor for a model file whose digest has been checked.

    Raises CorruptError where the format is unknown or the file cannot be parsed.
    """
    predictor = import_module(form(format)[0]).load(data, shape)
    assert isinstance(predictor, Predictor)
    return predictor


def spread(scores: Floats, shape: Shape) -> Floats:
    """Scores of the seen classes as scores of all classes: a class never seen has probability 0."""
    if shape.outputs == 1 or len(shape.present) == shape.outputs:
        return scores
    out = np.zeros((len(scores), shape.outputs))
    out[:, list(shape.present)] = scores if scores.ndim == 2 else np.column_stack([1 - scores, scores])[:, -len(shape.present) :]
    return out
