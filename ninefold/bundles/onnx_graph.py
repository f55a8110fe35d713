"""ONNX graphs in onnxruntime: for models that have no portable format of their own."""

import numpy as np
from numpy.typing import NDArray

from ninefold.bundles.predictors import REFUSED, Shape
from ninefold.errors import CorruptError, NotYetError

Floats = NDArray[np.float64]


class Onnx:
    """A session with one thread. The graph takes one matrix of 32-bit floats."""

    def __init__(self, data: bytes, shape: Shape) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime raises classes of its own for each way in which a graph can be wrong
            raise CorruptError(f"onnxruntime refused the model: {str(error).splitlines()[0]}", hint=REFUSED) from None
        self._input = self._session.get_inputs()[0].name
        names = [o.name for o in self._session.get_outputs()]
        self._output = next((n for n in names if "prob" in n.lower()), names[-1])
        self._shape = shape

    def predict(self, matrix: Floats) -> Floats:
        """Probabilities (of yes, or of each class) or numbers."""
        out = np.asarray(self._session.run([self._output], {self._input: matrix.astype(np.float32)})[0], np.float64)
        if out.ndim == 2 and self._shape.outputs == 1:
            return out[:, -1]
        return out

    def predict_row(self, row: Floats) -> Floats:
        """One row."""
        return np.atleast_1d(self.predict(row[None])[0])

    def contributions(self, matrix: Floats) -> Floats:
        """Not available for a general graph."""
        raise NotYetError("the reasons of this model cannot be given", hint="LightGBM, XGBoost and linear models explain each answer")


def load(data: bytes, shape: Shape) -> Onnx:
    """Load a graph whose digest has been checked."""
    return Onnx(data, shape)
