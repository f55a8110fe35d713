"""The constant model: the same answer for every row. It always competes."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from ninefold.bundles.predictors import Shape

Floats = NDArray[np.float64]


class Constant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The value, or one probability for each class."""

    values: tuple[float, ...]
    inputs: int = 0

    def predict(self, matrix: Floats) -> Floats:
        """The constant for each row."""
        rows = np.tile(np.asarray(self.values), (len(matrix), 1))
        return rows[:, 0] if len(self.values) == 1 else rows

    def predict_row(self, row: Floats) -> Floats:
        """The constant."""
        return np.asarray(self.values)

    def contributions(self, matrix: Floats) -> Floats:
        """No input adds anything."""
        out = np.zeros((len(matrix), len(self.values), matrix.shape[1] + 1))
        out[:, :, -1] = self.values
        return out[:, 0] if len(self.values) == 1 else out


def load(data: bytes, shape: Shape) -> Constant:
    """Read the JSON form."""
    return msgspec.json.decode(data, type=Constant)


def save(values: tuple[float, ...]) -> bytes:
    """Write the JSON form."""
    return msgspec.json.encode(Constant(values))
