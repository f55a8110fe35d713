"""From a fitted estimator to a portable model file, checked on real rows: what is judged and served is the file, never the object."""

from typing import Any

import numpy as np

from ninefold.bundles import linear
from ninefold.bundles.encoding import Floats
from ninefold.bundles.predictors import Predictor, Shape, open_predictor
from ninefold.errors import DataError, NinefoldError
from ninefold.models.dataset import Target
from ninefold.models.estimator import family, raw_scores

TOLERANCE = 1e-6
_LOG_LINK = {"PoissonRegressor", "GammaRegressor"}
Exported = tuple[str, bytes, Shape, Predictor]


def export(name: str, estimator: Any, x: Floats, kind: Target, outputs: int, categorical: list[int]) -> Exported:
    """Format, bytes, shape and the loaded predictor.

    ``x`` are real rows (ten thousand and more where there are as many): all are scored by the estimator and by the file.
    Raises DataError naming the rows where these differ by more than 1e-6, or where no portable form exists.
    """
    present = tuple(int(c) for c in getattr(estimator, "classes_", ())) if kind == "multiclass" else ()
    shape = Shape(x.shape[1], outputs, present, tuple(categorical))
    format, data = _file(name, estimator, x, kind)
    predictor = open_predictor(format, data, shape)
    expected, got = raw_scores(estimator, x, kind), predictor.predict(x)
    if kind == "multiclass" and expected.ndim == 2 and got.ndim == 1:
        expected = expected[:, -1]
    off = np.abs(expected - got).reshape(len(x), -1).max(axis=1)
    allowed = TOLERANCE * (np.maximum(1.0, np.abs(expected)) if kind == "regression" else 1.0)
    wrong = np.flatnonzero(~(off <= allowed))
    if len(wrong):
        raise DataError(
            f'the candidate "{name}" cannot be exported: as {format} its scores differ by up to {np.nanmax(off):.2g} in {len(wrong)} of {len(x)} '
            f"rows (rows {', '.join(map(str, wrong[:5].tolist()))}); {TOLERANCE:g} is allowed",
            hint="use LightGBM, XGBoost or a linear model: these are exported exactly",
            where=name,
        )
    return format, data, shape, predictor


def _file(name: str, estimator: Any, x: Floats, kind: Target) -> tuple[str, bytes]:
    which = family(estimator)
    if which == "lightgbm":
        return "lightgbm", _lightgbm_text(estimator)
    if which == "xgboost":
        return "xgboost", bytes(estimator.get_booster().save_raw("json"))
    if which == "linear":
        found = _linear(estimator, kind)
        if found is not None:
            return "linear", found
    if kind != "regression" and not hasattr(estimator, "predict_proba"):
        raise DataError(
            f'the candidate "{name}" ({type(estimator).__name__}) is a model that cannot be exported: it gives no probabilities',
            hint="set probability=True where it has that, or use another estimator",
            where=name,
        )
    return "onnx", _onnx(name, estimator, x)


def _lightgbm_text(estimator: Any) -> bytes:
    text: str = estimator.booster_.model_to_string(num_iteration=-1)
    # the list of the training's parameters names threads and paths, and no reader needs it
    head, _, rest = text.partition("\nparameters:")
    tail = rest.partition("end of parameters\n")[2]
    return (head + "\n" + tail.partition("pandas_categorical:")[0] + "pandas_categorical:null\n").encode()


def _linear(estimator: Any, kind: Target) -> bytes | None:
    coefficients, intercept = getattr(estimator, "coef_", None), getattr(estimator, "intercept_", None)
    if coefficients is None or intercept is None:
        return None
    weights = np.atleast_2d(np.asarray(coefficients, np.float64))
    constants = np.atleast_1d(np.asarray(intercept, np.float64))
    constants = np.broadcast_to(constants, (len(weights),))
    if kind == "regression":
        logged = _is_a(estimator, *_LOG_LINK) or _tweedie_log(estimator)
        return linear.save("exp" if logged else "identity", weights, constants)
    if not hasattr(estimator, "predict_proba"):
        return linear.save("identity", weights, constants)
    if len(weights) == 1:
        return linear.save("logit", weights, constants)
    one_by_one = getattr(estimator, "solver", "") == "liblinear" or _is_a(estimator, "SGDClassifier")
    return linear.save("ovr" if one_by_one else "softmax", weights, constants)


def _is_a(estimator: Any, *names: str) -> bool:
    """Whether it is of one of these classes, or of a project's own that inherits from one; nothing is imported to tell."""
    return any(kind.__name__ in names for kind in type(estimator).__mro__)


def _tweedie_log(estimator: Any) -> bool:
    if not _is_a(estimator, "TweedieRegressor"):
        return False
    return bool(estimator.link == "log" or (estimator.link == "auto" and estimator.power > 0))


def _onnx(name: str, estimator: Any, x: Floats) -> bytes:
    hint = "use LightGBM, XGBoost or a linear model: these are exported exactly"
    try:
        from skl2onnx import to_onnx

        options = {id(estimator): {"zipmap": False}} if hasattr(estimator, "predict_proba") else None
        graph = to_onnx(estimator, x[:1].astype(np.float32), name="model", options=options, target_opset={"": 17, "ai.onnx.ml": 3})
    except Exception as error:  # skl2onnx raises many classes, some of them bare; each means that this model has no portable form
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        message = f'the candidate "{name}" ({type(estimator).__name__}) is a model that cannot be exported: {first}'
        raise DataError(message, hint=hint, where=name) from error
    return bytes(graph.SerializeToString())


def exportable(estimator: Any) -> NinefoldError | None:
    """The error that can be told before anything runs; None where a candidate may be exportable."""
    if _is_a(estimator, "CalibratedClassifierCV"):
        return DataError(
            "CalibratedClassifierCV is a model that cannot be exported: converted, it answers wrongly without an error",
            hint="give the estimator inside of it: ninefold calibrates every winner by itself",
        )
    return None
