"""The frame that a parameter's annotation asks for, whatever engine it belongs to."""

import inspect
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import polars as pl

from ninefold.errors import DeclarationError, NotYetError, closest
from ninefold.sources.frames import from_any

KINDS = ("polars.LazyFrame", "polars.DataFrame", "duckdb.DuckDBPyRelation", "pandas.DataFrame", "pyarrow.Table", "pyarrow.RecordBatchReader")
RELATION = KINDS[2]
_DUCKDB = threading.Lock()
_SHORT = {"pl": "polars", "pd": "pandas", "pa": "pyarrow", "_duckdb": "duckdb"}


def kind_of(annotation: Any) -> str:
    """The name of the frame type that an annotation means; without one, ``polars.LazyFrame``.

    Raises ``DeclarationError`` for a type that is no frame, ``NotYetError`` for Spark's.

    >>> kind_of(pl.DataFrame), kind_of("pd.DataFrame"), kind_of(inspect.Parameter.empty)
    ('polars.DataFrame', 'pandas.DataFrame', 'polars.LazyFrame')
    """
    if annotation is None or annotation is inspect.Parameter.empty or annotation is Any:
        return KINDS[0]
    text = annotation if isinstance(annotation, str) else f"{annotation.__module__}.{getattr(annotation, '__qualname__', annotation)}"
    package, _, rest = text.strip("\"' ").partition(".")
    package, name = _SHORT.get(package, package), rest.rpartition(".")[2] or package
    if package == "pyspark":
        raise NotYetError("this release does not give tables as Spark frames yet", hint="annotate the parameter with pyarrow.Table")
    found = f"{package}.{name}"
    if found in KINDS:
        return found
    alone = [k for k in KINDS if k.endswith(f".{name}") and k != "pandas.DataFrame"]
    if not rest and alone:
        return alone[0]
    raise DeclarationError(f"{text} is no frame that a parameter can have", hint=closest(found, KINDS))


def to_kind(frame: pl.LazyFrame, annotation: Any) -> Any:
    """The rows of ``frame`` as the type that ``annotation`` names.

    >>> to_kind(pl.LazyFrame({"a": [1]}), pl.DataFrame).rows()
    [(1,)]
    """
    return _as_kind(frame, kind_of(annotation), None)


@contextmanager
def handed(frames: Mapping[str, pl.LazyFrame], annotations: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The arguments of one call of a function, each as the type of its annotation. Call it, and read what it returns, inside.

    DuckDB relations of one call belong to one connection, so that they can be joined, and ``duckdb.sql`` finds them by name. It uses
    the connection that the whole process shares: such calls take turns, and see UTC.

    >>> with handed({"a": pl.LazyFrame({"k": [1]}), "b": pl.LazyFrame({"k": [1]})}, {"b": pl.DataFrame}) as given:
    ...     given["a"].collect().equals(given["b"])
    True
    """
    kinds = {name: kind_of(annotations.get(name)) for name in frames}
    if RELATION not in kinds.values():
        yield {name: _as_kind(frame, kinds[name], None) for name, frame in frames.items()}
        return
    import duckdb

    with _DUCKDB:
        shared, cursor = duckdb.default_connection(), duckdb.cursor()
        before = shared.execute("select current_setting('TimeZone')").fetchall()[0][0]
        shared.execute("set TimeZone = 'UTC'")
        try:
            yield {name: _as_kind(frame, kinds[name], cursor) for name, frame in frames.items()}
        finally:
            shared.execute(f"set TimeZone = '{before}'")


def _as_kind(frame: pl.LazyFrame, kind: str, connection: Any) -> Any:
    if kind == "polars.LazyFrame":
        return frame
    collected = frame.collect()
    if kind == "polars.DataFrame":
        return collected
    table = collected.to_arrow(compat_level=pl.CompatLevel.oldest())
    if kind == "pyarrow.Table":
        return table
    if kind == "pyarrow.RecordBatchReader":
        return table.to_reader()
    if kind == "pandas.DataFrame":
        return table.to_pandas()
    return _relation(table, connection)


def _relation(table: Any, connection: Any) -> Any:
    import duckdb

    # alone: a connection of its own; the default one is shared by the whole process and may be in use by the caller
    connection = connection if connection is not None else duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    return connection.from_arrow(table)


__all__ = ["KINDS", "from_any", "handed", "kind_of", "to_kind"]
