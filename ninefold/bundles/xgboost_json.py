"""XGBoost's own JSON format, in its own runtime."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninefold.bundles.predictors import REFUSED, Shape
from ninefold.errors import CorruptError, NinefoldError

Floats = NDArray[np.float64]


def engine() -> Any:
    """The xgboost package; an error that says how to get it where it is missing."""
    try:
        import xgboost
    except ImportError:
        raise NinefoldError("the model needs XGBoost, which is not installed", hint="pip install 'ninefold[xgboost]'") from None
    return xgboost


class XGBoost:
    """A booster with one thread."""

    def __init__(self, data: bytes, shape: Shape) -> None:
        xgboost = engine()
        self._types = ["c" if i in shape.categorical else "float" for i in range(shape.inputs)]
        self._engine = xgboost
        self._booster = xgboost.Booster({"nthread": 1})
        try:
            self._booster.load_model(bytearray(data))
        except xgboost.core.XGBoostError as error:
            raise CorruptError(f"XGBoost refused the model: {str(error).splitlines()[0]}", hint=REFUSED) from None
        if self._booster.num_features() != shape.inputs:
            raise CorruptError(f"the model reads {self._booster.num_features()} inputs, the bundle's encoding makes {shape.inputs}", hint=REFUSED)
        self._booster.set_param({"nthread": 1})

    def _matrix(self, matrix: Floats) -> Any:
        return self._engine.DMatrix(matrix, feature_types=self._types, enable_categorical=True, nthread=1)

    def predict(self, matrix: Floats) -> Floats:
        """Probabilities or numbers, as the objective of the model says."""
        return np.asarray(self._booster.predict(self._matrix(matrix)), np.float64)

    def predict_row(self, row: Floats) -> Floats:
        """One row."""
        return np.atleast_1d(self.predict(row[None])[0])

    def contributions(self, matrix: Floats) -> Floats:
        """Exact TreeSHAP values [Lundberg et al. 2018]; a row's sum is its raw score."""
        return np.asarray(self._booster.predict(self._matrix(matrix), pred_contribs=True), np.float64)


def load(data: bytes, shape: Shape) -> XGBoost:
    """Load a model whose digest has been checked: the parser trusts its input."""
    return XGBoost(data, shape)
