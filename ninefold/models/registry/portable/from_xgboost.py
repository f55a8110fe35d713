"""XGBoost's JSON and UBJ formats."""

from typing import Any

import msgspec

from ninefold.bundles.xgboost_json import engine
from ninefold.errors import DataError
from ninefold.models.registry.portable.described import FILE, Described
from ninefold.models.registry.portable.portable import Portable, inputs, plain, required, shape

_BINARY, _SEVERAL = {"binary:logistic", "reg:logistic"}, {"multi:softprob", "multi:softmax"}


def read(said: Described, data: bytes) -> Portable:
    """A booster; of a model that stopped early, the rounds that it answers with."""
    xgboost = engine()
    if data[:1] != b"{":
        raise DataError("the file is no XGBoost model in JSON or UBJ", where=FILE, hint='log it again with model_format="ubj"')
    booster = xgboost.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(data))
    except xgboost.core.XGBoostError as error:
        raise DataError(f"XGBoost refused the model: {str(error).splitlines()[0]}", where=FILE, hint="log it again") from None
    if "c" in (booster.feature_types or []):
        raise DataError("the model has categories of XGBoost's own", where=FILE, hint="train it on numbers, or use LightGBM")
    booster = _answering(booster, said)
    names = booster.feature_names or [f"f{i}" for i in range(booster.num_features())]
    given = inputs(said, names)
    learner = msgspec.json.decode(booster.save_config(), type=dict[str, Any])["learner"]
    objective, outputs = learner["objective"]["name"], max(1, int(learner["learner_model_param"]["num_class"]))
    if objective == "multi:softmax":
        # it would answer with the number of a class: the same trees answer with probabilities
        booster.set_param({"objective": "multi:softprob"})
    # names are those of our encoding: a booster with names of its own refuses rows without them
    booster.feature_names = booster.feature_types = None
    kind = "binary" if objective in _BINARY else "multiclass" if objective in _SEVERAL else "regression"
    model = bytes(booster.save_raw("json"))
    made = shape(len(given), outputs if kind == "multiclass" else 1)
    classes = tuple(range(outputs)) if kind == "multiclass" else ()
    return Portable(kind, "xgboost", model, plain(given), made, tuple(i.type for i in given), required(given), classes=classes)


def _answering(booster: Any, said: Described) -> Any:
    best = booster.attr("best_iteration")
    # a booster answers with all rounds, an estimator with the best ones
    if best is None or not said.model_class.startswith("xgboost.sklearn"):
        return booster
    return booster[: int(best) + 1]
