"""ONNX graphs: one matrix of 32-bit floats in; a probability, probabilities or a number out."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ninefold.bundles.onnx_graph import Onnx
from ninefold.bundles.predictors import Shape
from ninefold.errors import CorruptError, DataError
from ninefold.models.registry.portable.described import FILE, Described
from ninefold.models.registry.portable.portable import Portable, inputs, plain, required, shape

_DOMAINS = {"", "ai.onnx", "ai.onnx.ml"}
_ONE = "convert it to one input of 32-bit floats with a column for each feature (skl2onnx does), without a ZipMap"


def read(said: Described, data: bytes) -> Portable:
    """A graph whose weights lie in itself, of the standard's operators alone."""
    import onnx

    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf raises a class of its own that is not public
        raise DataError(f"the file is no ONNX model: {type(error).__name__}", where=FILE, hint="log it again") from None
    _self_contained(model)
    matrices = [i for i in model.graph.input if i.name not in {c.name for c in model.graph.initializer}]
    width = _width(matrices)
    given = inputs(said, [f"f{i}" for i in range(width)])
    columns = plain(given)
    try:
        answers = Onnx(data, Shape(width, 2)).predict(np.zeros((3, width)))
    except CorruptError as error:
        raise DataError(error.message, where=FILE, hint=_ONE) from None
    except Exception as error:  # the runtime raises classes of its own for each way in which a graph can be wrong
        raise DataError(f"the ONNX model does not answer rows of {width} numbers: {str(error).splitlines()[0]}", where=FILE, hint=_ONE) from None
    labels = _labels(model)
    kind, outputs = _kind(answers, bool(labels) or any("prob" in o.name.lower() for o in model.graph.output))
    names: tuple[str | int, ...] = labels if len(labels) == outputs else tuple(range(outputs))
    made = shape(width, outputs if kind == "multiclass" else 1)
    classes = names if kind == "multiclass" else ()
    return Portable(kind, "onnx", data, columns, made, tuple(i.type for i in given), required(given), single=True, classes=classes)


def _self_contained(model: Any) -> None:
    import onnx

    strange = sorted({o.domain for o in model.opset_import} - _DOMAINS)
    if strange:
        raise DataError(f"the ONNX model has operators of {strange[0]!r}", where=FILE, hint="convert it with the standard's operators alone")
    if model.functions:
        raise DataError("the ONNX model has functions of its own", where=FILE, hint="convert it with the standard's operators alone")
    for tensor in _tensors(model.graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise DataError("the weights of the ONNX model lie in other files", where=FILE, hint="save it with save_as_external_data=False")


def _tensors(graph: Any) -> Iterator[Any]:
    """Every tensor that is stored in a graph, in those inside of it too."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)
            for inner in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
                yield from _tensors(inner)


def _width(matrices: list[Any]) -> int:
    if len(matrices) != 1 or not matrices[0].type.HasField("tensor_type"):
        raise DataError(f"the ONNX model has {len(matrices)} inputs, one matrix is served", where=FILE, hint=_ONE)
    kind = matrices[0].type.tensor_type
    dims = [d.dim_value for d in kind.shape.dim]
    if kind.elem_type != 1 or len(dims) != 2 or dims[1] < 1:
        raise DataError("the input of the ONNX model is no matrix of 32-bit floats", where=FILE, hint=_ONE)
    return int(dims[1])


def _labels(model: Any) -> tuple[str | int, ...]:
    """The classes that a classifier of the graph names."""
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name in {"classlabels_strings", "classlabels_int64s", "classlabels_ints"}:
                found = [s.decode("utf-8", "replace") for s in attribute.strings] or [int(i) for i in attribute.ints]
                if found:
                    return tuple(found)
    return ()


def _kind(answers: Any, probabilities: bool) -> tuple[str, int]:
    if answers.ndim == 1 or (answers.ndim == 2 and answers.shape[1] == 1):
        return "regression", 1
    if answers.ndim == 2 and probabilities:
        return ("binary", 1) if answers.shape[1] == 2 else ("multiclass", answers.shape[1])
    raise DataError(f"the ONNX model answers with a block of shape {answers.shape}", where=FILE, hint=_ONE)
