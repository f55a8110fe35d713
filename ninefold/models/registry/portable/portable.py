"""A model as its format tells of it: kind, columns, outputs. Each reader has a module; the engine is loaded on first use."""

from importlib import import_module

import msgspec

from ninefold.bundles.encoding import Column
from ninefold.bundles.predictors import Shape
from ninefold.errors import DataError
from ninefold.models.registry.portable.described import AGAIN, FILE, Described, Input

KINDS = {"Float64": "number", "Int64": "number", "Boolean": "bool", "String": "text"}
MOST_INPUTS, MOST_CLASSES = 10_000, 1_000


class Portable(msgspec.Struct, frozen=True):
    """What a bundle is made of. ``types`` are the texts of the request's Polars types, ``required`` what a question has to give."""

    kind: str
    format: str
    model: bytes
    columns: tuple[Column, ...]
    shape: Shape
    types: tuple[str, ...]
    required: tuple[str, ...]
    single: bool = False
    classes: tuple[str | int, ...] = ()


def read(said: Described, data: bytes) -> Portable:
    """A model file of a format that runs no code. Parsers may crash on bytes that are not what they seem: call it in a child process.

    DataError where it is none, or has parts that an endpoint cannot serve.
    """
    module = import_module(f"ninefold.models.registry.portable.from_{said.format}")
    found: Portable = module.read(said, data)
    if said.classes and found.kind == "multiclass":
        if len(said.classes) != len(found.classes):
            raise DataError(f"the model has {len(found.classes)} classes, its description names {len(said.classes)}", where=FILE, hint=AGAIN)
        return msgspec.structs.replace(found, classes=said.classes)
    return found


def inputs(said: Described, names: list[str]) -> list[Input]:
    """The model's columns in its order: those of the signature, else the model's own names as numbers."""
    if said.inputs is None:
        given = [Input(name, "Float64", required=False) for name in names]
    elif len(said.inputs) != len(names):
        raise DataError(f"the signature has {len(said.inputs)} columns, the model reads {len(names)}", where=FILE, hint=AGAIN)
    else:
        given = said.inputs
    if not 0 < len(given) <= MOST_INPUTS:
        raise DataError(f"the model reads {len(given)} columns", where=FILE, hint=f"1 to {MOST_INPUTS:,} can be served")
    return given


def plain(given: list[Input]) -> tuple[Column, ...]:
    """Columns that the model reads as they are."""
    text = next((i for i in given if i.type == "String"), None)
    if text is not None:
        raise DataError(f'the input "{text.name}" is a text, and the model reads numbers', where=FILE, hint=AGAIN)
    return tuple(Column(i.name, "bool" if i.type == "Boolean" else "number") for i in given)


def shape(width: int, outputs: int, categorical: tuple[int, ...] = ()) -> Shape:
    """The shape of a model that knows all of its classes."""
    if outputs > MOST_CLASSES:
        raise DataError(f"the model has {outputs} outputs", where=FILE, hint=f"at most {MOST_CLASSES:,} classes can be served")
    return Shape(width, outputs, tuple(range(outputs)) if outputs > 1 else (), categorical)


def required(given: list[Input]) -> tuple[str, ...]:
    """The columns that a question has to give."""
    return tuple(i.name for i in given if i.required)
