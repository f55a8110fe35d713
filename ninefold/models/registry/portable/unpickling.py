"""``python -m ninefold.models.registry.portable.unpickling <folder>``: a pickled model becomes a file of a format that runs no code.

Reading a pickle runs whatever its maker put into it. So this is a program of its own, started by ``ninefold models convert --trust`` in
the user's environment, and imported by nothing: no server reads a pickle. ``job.json`` in the folder says what to read; the converted
model and its description are written into ``converted``, and what was compared is printed as JSON.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ninefold.bundles.encoding import Encoder, Encoding
from ninefold.bundles.predictors import open_predictor, spread
from ninefold.errors import DataError, NinefoldError
from ninefold.models.estimator import by_itself, family
from ninefold.models.registry.portable.described import FILE, Described, Input, written
from ninefold.models.registry.portable.portable import Portable, read

TOLERANCE = 1e-6
MADE_UP = 2_000
HINT = "train it with LightGBM, XGBoost, or a linear model on numbers: these are converted exactly"


class Job(msgspec.Struct, frozen=True):
    """``file`` is the pickle, ``inputs`` the signature's columns (None: unknown), ``to`` a format or "" for the closest, ``rows`` real ones."""

    file: str
    inputs: list[Input] | None
    to: str = ""
    rows: dict[str, list[Any]] | None = None


class Compared(msgspec.Struct, frozen=True):
    """On how many rows the two models were compared, whether these were real ones, and the largest difference."""

    format: str
    file: str
    rows: int
    real: bool
    worst: float


def main() -> int:
    """0 with what was compared on stdout's last line; else 1 with message and hint as JSON on stderr's last line."""
    folder = Path(sys.argv[1])
    job = msgspec.json.decode((folder / "job.json").read_bytes(), type=Job)
    try:
        print(msgspec.json.encode(convert(folder, job)).decode())
    except NinefoldError as error:
        print(msgspec.json.encode([error.message, error.hint]).decode(), file=sys.stderr)
        return 1
    return 0


def convert(folder: Path, job: Job) -> Compared:
    """Read the pickle, write the converted model, compare both. DataError where they differ, or there is no way to convert it."""
    model = unpickled(folder / job.file)
    own = by_itself(model) if hasattr(model, "predict") else "it has no predict"
    if own is not None:
        raise DataError(f"the {type(model).__name__} cannot be converted: {own}", hint=HINT)
    inputs = job.inputs or [Input(n, "Float64", required=False) for n in _names(model)]
    which = job.to or {"lightgbm": "lightgbm", "xgboost": "xgboost"}.get(family(model), "onnx")
    file, data = _native(model, which) if which in {"lightgbm", "xgboost"} else ("model.onnx", _graph(model, len(inputs)))
    classes = tuple(_plain(c) for c in getattr(model, "classes_", ()))
    said = Described(which, file, f"{type(model).__module__}.{type(model).__name__}", inputs, type(model).__name__, classes)  # type: ignore[arg-type]
    made = read(said, data)
    rows = job.rows or _made_up(made)
    worst, count = _worst(model, made, inputs, rows)
    if not worst <= TOLERANCE:
        told = f"as {which} it answers otherwise: by up to {worst:.2g} on {count} rows, {TOLERANCE:g} is allowed"
        raise DataError(told, hint=HINT if job.rows else "these rows were made up: compare on real ones with --rows FILE")
    to = folder / "converted"
    to.mkdir()
    (to / file).write_bytes(data)
    (to / FILE).write_bytes(written(said))
    return Compared(which, file, count, job.rows is not None, worst)


def unpickled(path: Path) -> Any:
    """The object in a pickle; skops files are read with every type that they ask for trusted."""
    try:
        if path.suffix == ".skops":
            import skops.io  # type: ignore[import-not-found,unused-ignore]  # whoever has such a file has it

            return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
        if path.suffix == ".joblib":
            import joblib

            return joblib.load(path)
        import pickle

        return pickle.loads(path.read_bytes())  # noqa: S301  the whole program exists for it, and its user said --trust
    except ImportError as error:
        raise DataError(f"the model needs the package {error.name}", hint=f"install it in this environment: pip install {error.name}") from None
    except Exception as error:  # a pickle may raise anything
        first = (str(error).strip().splitlines() or [""])[0]
        raise DataError(f"the model cannot be read: {type(error).__name__}: {first}", hint="use the packages that it was made with") from None


def _native(model: Any, which: str) -> tuple[str, bytes]:
    if family(model) != which:
        raise DataError(f"a {type(model).__name__} is no {which} model", hint="--to onnx")
    if which == "lightgbm":
        return "model.lgb", str(model.booster_.model_to_string(num_iteration=model.best_iteration_ or -1)).encode()
    return "model.ubj", bytes(model.get_booster().save_raw("ubj"))


def _graph(model: Any, width: int) -> bytes:
    try:
        from skl2onnx import to_onnx

        options = {id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else None
        graph = to_onnx(model, np.zeros((1, width), np.float32), name="model", options=options, target_opset={"": 17, "ai.onnx.ml": 3})
    except Exception as error:  # skl2onnx raises many classes, some of them bare; each means that it cannot convert this model
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(f"the {type(model).__name__} cannot be converted to ONNX: {first}", hint=HINT) from None
    return bytes(graph.SerializeToString())


def _names(model: Any) -> list[str]:
    names = getattr(model, "feature_names_in_", None)
    return [str(n) for n in names] if names is not None else [f"f{i}" for i in range(int(getattr(model, "n_features_in_", 0)))]


def _made_up(made: Portable) -> dict[str, list[Any]]:
    random = np.random.default_rng(0)
    rows: dict[str, list[Any]] = {}
    for column in made.columns:
        if column.kind == "text":
            rows[column.name] = [column.levels[i] for i in random.integers(0, len(column.levels), MADE_UP)]
        elif column.kind == "bool":
            rows[column.name] = (random.random(MADE_UP) < 0.5).tolist()
        else:
            rows[column.name] = np.round(random.normal(size=MADE_UP) * 10.0 ** random.integers(0, 2, MADE_UP), 3).tolist()
    return rows


def _worst(model: Any, made: Portable, inputs: list[Input], rows: dict[str, list[Any]]) -> tuple[float, int]:
    """The largest difference between the object and the converted model, and on how many rows."""
    missing = [i.name for i in inputs if i.name not in rows]
    if missing:
        raise DataError(f'the rows have no column "{missing[0]}"', hint="give rows with the columns of the signature")
    asked = {i.name: rows[i.name] for i in inputs}
    expected = _answers(model, asked, inputs)
    matrix = Encoder(Encoding("codes", made.columns, single=made.single)).matrix(asked)
    found = spread(open_predictor(made.format, made.model, made.shape).predict(matrix), made.shape)
    if expected.shape != found.shape:
        raise DataError(f"the converted model answers with a block of shape {found.shape}, the model with {expected.shape}", hint=HINT)
    # of an amount relative to its size: 32 bits hold seven digits of it
    allowed = np.maximum(1.0, np.abs(expected)) if made.kind == "regression" else 1.0
    return float(np.max(np.abs(expected - found) / allowed)) if found.size else 0.0, len(found)


def _answers(model: Any, rows: dict[str, list[Any]], inputs: list[Input]) -> NDArray[np.float64]:
    frame: Any
    if any(i.type == "String" for i in inputs) or getattr(model, "feature_names_in_", None) is not None:
        import pandas as pd

        frame = pd.DataFrame({n: pd.Categorical(v) if isinstance(v[0], str) else v for n, v in rows.items()})
    else:
        frame = np.column_stack([np.asarray([np.nan if x is None else x for x in v], np.float64) for v in rows.values()])
    answers = np.asarray(model.predict_proba(frame) if hasattr(model, "predict_proba") else model.predict(frame), np.float64)
    return answers[:, 1] if answers.ndim == 2 and answers.shape[1] == 2 else answers


def _plain(value: Any) -> str | int:
    plain = value.item() if hasattr(value, "item") else value
    return plain if isinstance(plain, str) or type(plain) is int else str(plain)


if __name__ == "__main__":
    sys.exit(main())
