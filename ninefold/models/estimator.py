"""What an estimator is to us: its family, the form of inputs that it takes, its seed and threads, and its scores."""

import inspect
from typing import Any, Literal

import numpy as np

from ninefold.bundles.encoding import Encoder, Floats
from ninefold.errors import DeclarationError, NotYetError
from ninefold.models.candidate import cloned
from ninefold.models.dataset import Target
from ninefold.models.threads import one_thread

Family = Literal["lightgbm", "xgboost", "linear", "sklearn"]
# simpler first: what a tie is decided by
RANK: dict[str, int] = {"constant": 0, "linear": 1, "lightgbm": 2, "xgboost": 2, "onnx": 3}
_LIBRARIES, _MIXED_IN = ("lightgbm.", "xgboost.", "sklearn."), ("sklearn.base", "sklearn.utils.")


def family(estimator: Any) -> Family:
    """Which library an estimator is from.

    A project's own class belongs to the library that it inherits from. Raises NotYetError for what the language has and this
    release cannot fit.
    """
    library = _library(type(estimator))
    if library is not type(estimator) and hasattr(estimator, "save") and hasattr(estimator, "load"):
        raise NotYetError(
            f"{type(estimator).__name__} saves and loads itself: such a candidate cannot be fitted yet",
            hint="use LightGBM, XGBoost or scikit-learn in this release",
        )
    if library is None or library.__module__.startswith("sklearn"):
        return "linear" if library is not None and library.__module__.startswith(("sklearn.linear_model", "sklearn.svm._classes")) else "sklearn"
    return "lightgbm" if library.__module__.startswith("lightgbm") else "xgboost"


def _library(own: type) -> type | None:
    """The nearest class of a library's that a class is, or inherits from; what scikit-learn only mixes in is no estimator."""
    return next((k for k in own.__mro__ if k.__module__.startswith(_LIBRARIES) and not k.__module__.startswith(_MIXED_IN)), None)


def by_itself(estimator: Any) -> str | None:
    """Why the library's file is not the model: a project's own class fits or answers by itself. None where it leaves that to the library."""
    own, library = type(estimator), _library(type(estimator))
    if library is None or family(estimator) == "sklearn":
        return None  # whether there is a converter for it is for the converter to say
    above = own.__mro__[: own.__mro__.index(library)]
    for method in ("fit", "predict", "predict_proba", "decision_function"):
        found = next((k for k in above if method in vars(k)), None)
        if found is not None:
            return f"{found.__name__} has a {method} of its own, which no file of a {library.__name__} holds"
    return None


def form(estimator: Any) -> tuple[str, bool]:
    """The encoding's form, and whether values are rounded to 32 bits because the runtime computes with these."""
    which = family(estimator)
    if which in {"lightgbm", "xgboost"}:
        return "codes", which == "xgboost"
    return "scaled", which == "sklearn"


def prepared(estimator: Any, params: dict[str, Any], seed: int, encoder: Encoder) -> Any:
    """A clone with the found parameters, one thread, our seed where it has none, and native categories declared."""
    ready = cloned(estimator)
    known = ready.get_params() if hasattr(ready, "get_params") else {}
    unknown = [name for name in params if known and name not in known and family(ready) not in {"lightgbm", "xgboost"}]
    if unknown:
        raise DeclarationError(f"{type(ready).__name__} has no parameter {unknown[0]!r}", hint=f"it has: {', '.join(sorted(known))}")
    settings = dict(params)
    if "random_state" in known and known["random_state"] is None:
        settings.setdefault("random_state", seed)
    which = family(ready)
    if which in {"lightgbm", "xgboost"} or known.get("n_jobs") not in {None, 1}:
        settings["n_jobs"] = 1
    if which == "lightgbm":
        # without a fixed layout LightGBM times two of them and takes the faster one: sums, and so trees, would differ by load
        steady = {"verbosity": -1, "deterministic": True, "force_row_wise": True}
        settings.update({k: v for k, v in steady.items() if k not in known and k not in params and not ("force_col_wise" in known and "force" in k)})
    if which == "xgboost":
        kinds = ["c" if i in encoder.categorical else "float" for i in range(encoder.width)]
        settings |= {"enable_categorical": True, "feature_types": kinds, "verbosity": 0}
        if known.get("tree_method") is None:
            settings["tree_method"] = "hist"
    return ready.set_params(**settings) if settings and hasattr(ready, "set_params") else ready


def fit(estimator: Any, x: Floats, y: Floats, encoder: Encoder, kind: Target) -> Any:
    """Fit on one thread. ``y`` are 0 and 1, positions of classes, or numbers."""
    is_classifier = hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function")
    if kind != "regression" and not is_classifier:
        raise DeclarationError(f"{type(estimator).__name__} gives numbers, the problem is {kind}", hint="use a classifier")
    if kind == "regression" and hasattr(estimator, "predict_proba"):
        raise DeclarationError(f"{type(estimator).__name__} is a classifier, the problem is a regression", hint="use a regressor")
    target = y if kind == "regression" else y.astype(np.int64)
    settings: dict[str, Any] = {}
    if family(estimator) == "lightgbm" and encoder.categorical and "categorical_feature" in inspect.signature(estimator.fit).parameters:
        settings["categorical_feature"] = encoder.categorical
    with one_thread():
        estimator.fit(x, target, **settings)
    return estimator


def raw_scores(estimator: Any, x: Floats, kind: Target) -> Floats:
    """Probability of yes, of each class, or the number, as the fitted estimator itself says; the margin where it has no probabilities."""
    if family(estimator) == "lightgbm":
        # the estimator's own predict warns that an array has no column names
        return np.asarray(estimator.booster_.predict(x, num_threads=1), np.float64)
    if kind == "regression":
        return np.asarray(estimator.predict(x), np.float64).reshape(len(x))
    if hasattr(estimator, "predict_proba"):
        scores = np.asarray(estimator.predict_proba(x), np.float64)
        return scores[:, 1] if kind == "binary" else scores
    if kind == "binary":
        return np.asarray(estimator.decision_function(x), np.float64)
    raise DeclarationError(f"{type(estimator).__name__} gives no probabilities for several classes", hint="use an estimator with predict_proba")
