"""Polars expressions that may travel: to and from JSON without Python inside, one row at a time."""

import io
import json
import warnings
from collections.abc import Iterator
from typing import Any

import polars as pl

from ninefold.errors import CorruptError, DeclarationError

# nodes of Polars' JSON that hold or load code: pickled functions, native plugins, whole query plans
_CODE = frozenset({"AnonymousFunction", "AnonymousAgg", "AnonymousExpr", "PythonFunction", "FfiPlugin", "callback", "SubPlan", "Object"})
_BYTES = 16  # a list of so many small numbers outside a literal is a blob


def dump(expression: pl.Expr, what: str) -> str:
    """The expression as JSON. Raises DeclarationError where it calls a Python function, or looks at other rows.

    >>> dump(pl.col("minutes") / 60, "the feature hours").startswith('{"BinaryExpr"')
    True
    """
    rowwise(expression, what)
    return _json(expression, what)


def load(text: str, what: str) -> pl.Expr:
    """The expression of such a JSON text; nothing in it is unpickled or loaded. Raises CorruptError for anything else.

    >>> str(load(dump(pl.col("at").dt.hour(), "hour"), "hour"))
    'col("at").dt.hour()'
    """
    try:
        tree = json.loads(text)
    except ValueError as error:
        raise CorruptError(f"{what} is no expression: {error}") from None
    if _code(tree):
        raise CorruptError(f"{what} carries a function, which is never loaded", hint="pack the features again from their declaration")
    try:
        return pl.Expr.deserialize(io.StringIO(text), format="json")
    except pl.exceptions.PolarsError as error:
        raise CorruptError(f"{what} is no expression of this Polars ({pl.__version__}): {error}") from error


def rowwise(expression: pl.Expr, what: str) -> None:
    """Refuse what looks at other rows (``.mean()``, ``.shift()``, ``.over()``): they may lie in the future, and a request has none."""
    if _code(json.loads(_json(expression, what))):
        raise DeclarationError(
            f"{what} calls a Python function", hint="write it with Polars expressions only: they travel with the model and run without Python code"
        )
    if not expression.meta.is_row_separable():
        raise DeclarationError(
            f"{what} looks at other rows: {expression}", hint="aggregate with nf.mean, nf.sum, ... over a window; expressions see one row"
        )


def _json(expression: pl.Expr, what: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that JSON differs between Polars versions: load() names the version
            return str(expression.meta.serialize(format="json"))
    except pl.exceptions.PolarsError as error:
        raise DeclarationError(
            f"{what} cannot be written down: {error}", hint="write it with Polars expressions over columns and plain values"
        ) from None


def _code(tree: Any) -> bool:
    return any(_suspect(key, value, inside) for key, value, inside in _walk(tree, False))


def _suspect(key: str, value: Any, literal: bool) -> bool:
    if key in _CODE:
        return True
    blob = isinstance(value, list) and len(value) >= _BYTES and all(isinstance(v, int) for v in value[:_BYTES])
    return blob and not literal


def _walk(tree: Any, literal: bool) -> Iterator[tuple[str, Any, bool]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            inside = literal or key == "Literal"
            yield key, value, inside
            yield from _walk(value, inside)
    elif isinstance(tree, list):
        for value in tree:
            if isinstance(value, (dict, list)):
                yield "", value, literal
                yield from _walk(value, literal)
