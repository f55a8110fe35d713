"""LightGBM's own text format, through its C library alone.

``import lightgbm`` would load scikit-learn, scipy and pandas: three seconds and 200 MB that a serving process does not need.
The prototypes are those of LightGBM's ``c_api.h``.
"""

import ctypes
import importlib.util
import sys
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninefold.bundles.predictors import REFUSED, Shape
from ninefold.errors import CorruptError, NinefoldError

Floats = NDArray[np.float64]
_NORMAL, _CONTRIBUTIONS, _FLOAT64, _ROW_MAJOR = 0, 3, 1, 1
_PARAMETERS = b"num_threads=1 verbosity=-1"


@cache
def library() -> Any:
    """The C library of the installed package, found without importing it."""
    spec = importlib.util.find_spec("lightgbm")
    suffix = "dylib" if sys.platform == "darwin" else "so"
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    places = (Path(folder) / part / f"lib_lightgbm.{suffix}" for folder in folders for part in ("lib", "bin", "."))
    found = next((p for p in places if p.is_file()), None)
    if found is None:
        raise NinefoldError("the LightGBM library is not installed", hint="pip install lightgbm")
    loaded = ctypes.CDLL(str(found))
    loaded.LGBM_GetLastError.restype = ctypes.c_char_p
    return loaded


def _said() -> str:
    return str(library().LGBM_GetLastError().decode("utf-8", "replace"))


def _call(name: str, *args: Any) -> None:
    if getattr(library(), name)(*args) != 0:
        raise CorruptError(f"LightGBM refused the model: {_said()}", hint=REFUSED)


class LightGBM:
    """A booster of the C library, with one prepared call for single rows."""

    def __init__(self, data: bytes, shape: Shape) -> None:
        self._handle, self._fast = ctypes.c_void_p(), ctypes.c_void_p()
        iterations, classes, features = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        _call("LGBM_BoosterLoadModelFromString", data, ctypes.byref(iterations), ctypes.byref(self._handle))
        _call("LGBM_BoosterGetNumClasses", self._handle, ctypes.byref(classes))
        _call("LGBM_BoosterGetNumFeature", self._handle, ctypes.byref(features))
        self.classes, self.inputs = classes.value, features.value
        if self.inputs != shape.inputs:
            raise CorruptError(f"the model reads {self.inputs} inputs, the bundle's encoding makes {shape.inputs}", hint=REFUSED)
        _call(
            "LGBM_BoosterPredictForMatSingleRowFastInit",
            self._handle,
            _NORMAL,
            0,
            -1,
            _FLOAT64,
            ctypes.c_int32(self.inputs),
            _PARAMETERS,
            ctypes.byref(self._fast),
        )
        self._single = library().LGBM_BoosterPredictForMatSingleRowFast
        self._row, self._out = np.zeros(self.inputs), np.zeros(self.classes)
        self._length = ctypes.c_int64()
        self._arguments = (self._fast, ctypes.c_void_p(self._row.ctypes.data), ctypes.byref(self._length), ctypes.c_void_p(self._out.ctypes.data))
        self._lock = Lock()

    def __del__(self) -> None:
        # at interpreter exit the module may be gone; then the system takes the memory back
        if self._fast and sys is not None and not sys.is_finalizing():
            library().LGBM_FastConfigFree(self._fast)
        if self._handle and sys is not None and not sys.is_finalizing():
            library().LGBM_BoosterFree(self._handle)

    def _predict(self, matrix: Floats, what: int, width: int) -> Floats:
        matrix = np.ascontiguousarray(matrix, np.float64)
        out = np.zeros((len(matrix), width))
        if len(matrix):
            _call(
                "LGBM_BoosterPredictForMat",
                self._handle,
                ctypes.c_void_p(matrix.ctypes.data),
                _FLOAT64,
                ctypes.c_int32(len(matrix)),
                ctypes.c_int32(matrix.shape[1]),
                _ROW_MAJOR,
                what,
                0,
                -1,
                _PARAMETERS,
                ctypes.byref(ctypes.c_int64()),
                ctypes.c_void_p(out.ctypes.data),
            )
        return out

    def predict(self, matrix: Floats) -> Floats:
        """Probabilities or numbers, as the objective of the model says."""
        out = self._predict(matrix, _NORMAL, self.classes)
        return out[:, 0] if self.classes == 1 else out

    def predict_row(self, row: Floats) -> Floats:
        """One row, through the prepared call: a few microseconds."""
        with self._lock:
            self._row[:] = row
            if self._single(*self._arguments) != 0:
                raise CorruptError(f"LightGBM refused a row: {_said()}", hint=REFUSED)
            return self._out.copy()

    def contributions(self, matrix: Floats) -> Floats:
        """Exact TreeSHAP values [Lundberg et al. 2018]; a row's sum is its raw score."""
        out = self._predict(matrix, _CONTRIBUTIONS, self.classes * (self.inputs + 1))
        return out if self.classes == 1 else out.reshape(len(matrix), self.classes, self.inputs + 1)


def load(data: bytes, shape: Shape) -> LightGBM:
    """Load a model whose digest has been checked: the parser trusts its input."""
    return LightGBM(data, shape)
