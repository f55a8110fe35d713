"""LightGBM's text format."""

import msgspec

from ninefold.bundles.encoding import Column
from ninefold.errors import DataError
from ninefold.models.registry.portable.described import AGAIN, FILE, Described, Input
from ninefold.models.registry.portable.portable import Portable, inputs, required, shape

_BINARY, _SEVERAL = {"binary"}, {"multiclass", "softmax", "multiclassova", "multiclass_ova", "ova", "ovr"}
_RAW = "the model has an objective of its own: its scores are no probabilities"


def read(said: Described, data: bytes) -> Portable:
    """A booster. Its categories (of pandas) become the levels of text columns."""
    head = _head(data)
    given = inputs(said, head["feature_names"].split(" "))
    levels = _levels(data)
    categorical = [i for i, told in enumerate(head.get("feature_infos", "").split(" ")) if told and told != "none" and not told.startswith("[")]
    columns = _columns(given, categorical, levels)
    objective = head.get("objective", "").split(" ")[0]
    outputs = int(head.get("num_class", "1"))
    kind = "binary" if objective in _BINARY else "multiclass" if objective in _SEVERAL and outputs > 1 else "regression"
    if kind == "regression" and outputs > 1:
        raise DataError(_RAW, where=FILE, hint='train it with objective="multiclass"')
    made = shape(len(given), outputs, tuple(i for i, c in enumerate(columns) if c.kind == "text"))
    return Portable(
        kind,
        "lightgbm",
        _without_settings(data),
        columns,
        made,
        tuple(i.type for i in given),
        required(given),
        classes=tuple(range(outputs)) if outputs > 1 else (),
    )


def _head(data: bytes) -> dict[str, str]:
    if not data.startswith(b"tree\n"):
        raise DataError("the file is no LightGBM model in text", where=FILE, hint="log a lightgbm.Booster: it is saved as text")
    head = data[: data.index(b"\n\n")] if b"\n\n" in data else data
    found = dict(line.partition("=")[::2] for line in head.decode("utf-8", "replace").splitlines())
    if "feature_names" not in found or not found.get("num_class", "1").isdigit():
        raise DataError("the LightGBM model has no head", where=FILE, hint="log it again")
    return found


def _levels(data: bytes) -> list[list[object]]:
    """The categories of text columns, in the order of these columns."""
    _, there, tail = data.rpartition(b"\npandas_categorical:")
    if not there:
        return []
    try:
        found: list[list[object]] | None = msgspec.json.decode(tail.strip(), type=list[list[object]] | None)
    except msgspec.DecodeError:
        raise DataError("the categories of the LightGBM model cannot be read", where=FILE, hint="log it again") from None
    return found or []


def _columns(given: list[Input], categorical: list[int], levels: list[list[object]]) -> tuple[Column, ...]:
    texts = [i for i, column in enumerate(given) if column.type == "String"]
    places = texts or categorical
    if levels and len(places) != len(levels):
        told = f"the model has categories of {len(levels)} columns, its signature {len(texts)} columns of texts"
        raise DataError(told, where=FILE, hint=AGAIN)
    if not levels and texts:
        raise DataError(f'the input "{given[texts[0]].name}" is a text, and the model has no categories', where=FILE, hint=AGAIN)
    known = dict(zip(places, levels, strict=False)) if levels else {}
    columns = []
    for i, column in enumerate(given):
        values = known.get(i)
        if values is not None and not all(isinstance(v, str) for v in values):
            raise DataError(
                f'the categories of "{column.name}" are no texts', where=FILE, hint="train it on texts, or on numbers that are no categories"
            )
        if values is not None:
            columns.append(Column(column.name, "text", tuple(str(v) for v in values)))
        else:
            columns.append(Column(column.name, "bool" if column.type == "Boolean" else "number"))
    return tuple(columns)


def _without_settings(data: bytes) -> bytes:
    """The model without the settings of its training: they name paths and threads, and no reader needs them."""
    head, _, rest = data.partition(b"\nparameters:")
    tail = rest.partition(b"end of parameters\n")[2]
    return head + b"\n" + tail.partition(b"pandas_categorical:")[0] + b"pandas_categorical:null\n"
