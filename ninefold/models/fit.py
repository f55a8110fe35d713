"""Fitting one recipe on some rows, and what comes out: a portable model that can be stored, loaded and asked."""

from typing import Any, TypeVar

import msgspec
import numpy as np

from ninefold.bundles.encoding import Encoder, Encoding, Floats
from ninefold.bundles.predictors import Predictor, Shape, open_predictor, spread
from ninefold.errors import CorruptError, DataError, NinefoldError
from ninefold.models.candidate import unwrapped
from ninefold.models.dataset import Dataset, Rows
from ninefold.models.estimator import by_itself, fit, form, prepared
from ninefold.models.export import export, exportable
from ninefold.models.learn import learn_encoding, matrix

T = TypeVar("T", bound=msgspec.Struct)
CHECKED_ROWS = 20_000
CONSTANT = "baseline"


class Fitted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fitted model as data. Its bytes hold no code; :meth:`open` gives the model that answers."""

    format: str
    model: bytes
    encoding: Encoding
    shape: Shape

    def open(self) -> "Asked":
        """The model made ready to answer."""
        return Asked(Encoder(self.encoding), open_predictor(self.format, self.model, self.shape), self.shape)


class Asked:
    """A model that answers rows of a dataset."""

    def __init__(self, encoder: Encoder, predictor: Predictor, shape: Shape) -> None:
        self.encoder, self.predictor, self.shape = encoder, predictor, shape

    def raw(self, data: Dataset, rows: Rows) -> Floats:
        """Raw scores: ``(rows,)``, or ``(rows, classes)``."""
        kept = {c.name for c in self.encoder.encoding.columns}
        return spread(self.predictor.predict(matrix(self.encoder, _only(data, kept), rows)), self.shape)


def _only(data: Dataset, names: set[str]) -> Dataset:
    left = [i.name for i in data.inputs if i.name not in names]
    return data.without(left) if left else data


def fit_recipe(name: str, candidate: Any, params: dict[str, Any], data: Dataset, rows: Rows, seed: int) -> Fitted:
    """Fit a candidate with these parameters on these rows.

    The encoding is learned on the same rows. ``candidate`` None is the constant model.
    """
    outputs = len(data.classes) if data.kind == "multiclass" else 1
    if candidate is None:
        return _constant(data, rows, outputs)
    estimator = unwrapped(candidate)
    refused = exportable(estimator)
    if refused is not None:
        raise refused
    own = by_itself(estimator)
    if own is not None:
        raise DataError(
            f'the candidate "{name}" ({type(estimator).__name__}) is a model that cannot be exported: {own}',
            hint="change parameters only, in __init__; what it does beside belongs into features",
            where=name,
        )
    shape, single = form(estimator)
    encoder = Encoder(learn_encoding(data, rows, shape, single=single))
    if not encoder.width:
        raise DataError(f'the candidate "{name}" has nothing to learn from: every input is null in the {len(rows)} rows to fit on', where=name)
    x = matrix(encoder, data, rows)
    ready = prepared(estimator, params, seed, encoder)
    fitted = _fit(name, ready, x, data, rows, encoder)
    some = x if len(x) <= CHECKED_ROWS else x[np.linspace(0, len(x) - 1, CHECKED_ROWS).astype(np.int64)]
    format, model, made, _ = export(name, fitted, some, data.kind, outputs, encoder.categorical)
    return Fitted(format, model, encoder.encoding, made)


def _fit(name: str, ready: Any, x: Floats, data: Dataset, rows: Rows, encoder: Encoder) -> Any:
    try:
        return fit(ready, x, data.label[rows], encoder, data.kind)
    except (NinefoldError, MemoryError):  # whoever set the memory's limit says which
        raise
    except Exception as error:  # an estimator may raise anything; the user must learn whose error it is
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(f'the candidate "{name}" could not be fitted: {type(error).__name__}: {first}', where=name) from error


def _constant(data: Dataset, rows: Rows, outputs: int) -> Fitted:
    from ninefold.bundles import constant

    label = data.label[rows]
    values = (float(label.mean()),) if outputs == 1 else tuple((np.bincount(label.astype(np.int64), minlength=outputs) / len(label)).tolist())
    present = tuple(range(outputs)) if outputs > 1 else ()
    encoding = learn_encoding(data, rows, "codes")
    return Fitted("constant", constant.save(values), encoding, Shape(len(encoding.columns), outputs, present))


def encoded(value: msgspec.Struct) -> bytes:
    """A struct as bytes (MessagePack): numbers, texts and bytes only."""
    return msgspec.msgpack.encode(value)


def decoded(data: bytes, kind: type[T]) -> T:
    """The struct again. Raises CorruptError where the bytes are not one."""
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise CorruptError(f"a stored {kind.__name__} cannot be read: {error}") from None
