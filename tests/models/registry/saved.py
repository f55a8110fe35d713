"""Models as clients save them: the description and the model's file, made by the libraries themselves."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import yaml

COLUMNS = {"wind speed": "double", "hour": "long", "open": "boolean"}


def rows(many: int = 400) -> tuple[dict[str, list[Any]], np.ndarray[Any, Any]]:
    """Questions, and their answers."""
    random = np.random.default_rng(1)
    wind, hour, is_open = random.normal(size=many), random.integers(0, 24, many), random.random(many) > 0.5
    label = (wind + hour / 12 + is_open > 1.5).astype(int)
    return {"wind speed": wind.tolist(), "hour": hour.tolist(), "open": is_open.tolist()}, label


def matrix(columns: dict[str, list[Any]]) -> np.ndarray[Any, Any]:
    return np.column_stack([np.asarray(values, float) for values in columns.values()])


def description(flavor: str, *, columns: dict[str, str] | None = None, **said: Any) -> bytes:
    """The file MLmodel of a model of one library."""
    inputs = [{"type": kind, "name": name, "required": True} for name, kind in (columns or COLUMNS).items()]
    signature = {"inputs": json.dumps(inputs), "outputs": None, "params": None}
    return yaml.safe_dump({"flavors": {flavor: said, "python_function": {"loader_module": f"mlflow.{flavor}"}}, "signature": signature}).encode()


def lightgbm(folder: Path, **parameters: Any) -> np.ndarray[Any, Any]:
    """A booster; what it says of :func:`rows`."""
    import lightgbm as lgb

    columns, label = rows()
    settings = {"objective": "binary", "verbosity": -1, "num_leaves": 7, "num_threads": 1, **parameters}
    booster = lgb.train(settings, lgb.Dataset(matrix(columns), label, feature_name=[n.replace(" ", "_") for n in columns]), 10)
    (folder / "model.lgb").write_text(booster.model_to_string())
    (folder / "MLmodel").write_bytes(description("lightgbm", data="model.lgb", lgb_version=lgb.__version__, model_class="lightgbm.basic.Booster"))
    return np.asarray(booster.predict(matrix(columns)))


def xgboost(folder: Path, format: str, **parameters: Any) -> np.ndarray[Any, Any]:
    """An estimator saved natively; its probabilities."""
    import xgboost as xgb

    columns, label = rows()
    model = xgb.XGBClassifier(n_estimators=6, n_jobs=1, **parameters).fit(matrix(columns), label)
    model.save_model(folder / f"model.{format}")
    said = {"data": f"model.{format}", "model_format": format, "xgb_version": xgb.__version__, "model_class": "xgboost.sklearn.XGBClassifier"}
    (folder / "MLmodel").write_bytes(description("xgboost", **said))
    return np.asarray(model.predict_proba(matrix(columns))[:, 1])


def onnx(folder: Path) -> np.ndarray[Any, Any]:
    """A linear classifier as a graph; its probabilities."""
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    columns, label = rows()
    x = matrix(columns).astype(np.float32)
    model = LogisticRegression().fit(x, label)
    graph = to_onnx(model, x[:1], options={id(model): {"zipmap": False}}, target_opset={"": 17, "ai.onnx.ml": 3})
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    (folder / "MLmodel").write_bytes(description("onnx", data="model.onnx", onnx_version="1.18"))
    return np.asarray(model.predict_proba(x)[:, 1])
