"""Any frame as a Polars lazy frame."""

from typing import Any

import polars as pl

from ninefold.errors import DataError, NotYetError

KINDS = "a polars LazyFrame or DataFrame, a DuckDB relation, a pandas DataFrame, or a pyarrow Table or RecordBatchReader"


def from_any(value: Any, where: str = "", *, said: str = "the function returned") -> pl.LazyFrame:
    """The rows of any frame that ninefold knows. Raises ``DataError`` for None and for anything else; ``said`` begins its message.

    >>> from_any(pl.DataFrame({"a": [1]})).collect().rows()
    [(1,)]
    """
    if isinstance(value, pl.LazyFrame):
        return value
    if isinstance(value, pl.DataFrame):
        return value.lazy()
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    if package in {"duckdb", "_duckdb"} and kind.__name__ == "DuckDBPyRelation":
        return _arrow(value.to_arrow_table())
    if package == "pandas" and kind.__name__ == "DataFrame":
        return _pandas(value, where)
    if package == "pyarrow" and kind.__name__ in {"Table", "RecordBatch", "RecordBatchReader"}:
        return _arrow(value)
    if package == "pyspark":
        raise NotYetError("this release does not read Spark frames yet", hint="return frame.toArrow()", where=where)
    if value is None:
        raise DataError(f"{said} None", hint=f"end it with return; it may return {KINDS}" if "returned" in said else f"give {KINDS}", where=where)
    named = kind.__name__ if package == "builtins" else f"{package}.{kind.__name__}"
    raise DataError(f"{said} {named}", hint=f"{'return' if 'returned' in said else 'give'} {KINDS}", where=where)


def _arrow(value: Any) -> pl.LazyFrame:
    frame = pl.from_arrow(value)
    if isinstance(frame, pl.Series):
        frame = frame.to_frame()
    # one resolution of time everywhere
    return frame.lazy().with_columns(pl.col(c).cast(pl.Datetime("us", t.time_zone)) for c, t in frame.schema.items() if isinstance(t, pl.Datetime))


def _pandas(value: Any, where: str) -> pl.LazyFrame:
    import pyarrow as pa

    named = [n for n in value.index.names if n is not None]
    try:
        table = pa.Table.from_pandas(value.reset_index() if named else value, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(
            f"the pandas frame has a column of mixed values: {error}", where=where, hint="give the column one type: frame[c].astype(str)"
        ) from error
    return _arrow(table)
