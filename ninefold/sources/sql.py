"""Rows of a database: SQLite, DuckDB, Postgres."""

import sqlite3
from datetime import date, datetime
from typing import Any

import polars as pl

from ninefold.errors import DataError, DeclarationError, UsageError
from ninefold.ids import digest
from ninefold.sources.location import Location
from ninefold.sources.read import Batch, FileRead
from ninefold.sources.source import Source
from ninefold.sources.types import continued, typed
from ninefold.sources.watermark import highest, value_of

# Postgres names its types by number: a column that is all null keeps its type
_POSTGRES: dict[int, pl.DataType] = {
    16: pl.Boolean(),
    20: pl.Int64(),
    21: pl.Int64(),
    23: pl.Int64(),
    25: pl.String(),
    700: pl.Float64(),
    701: pl.Float64(),
    1042: pl.String(),
    1043: pl.String(),
    1082: pl.Date(),
    1114: pl.Datetime("us"),
    1184: pl.Datetime("us", "UTC"),
    1700: pl.Float64(),
}


def query(source: Source, location: Location, state: dict[str, Any] | None) -> Batch:
    """The rows of ``query=`` (or of the table that a connection names); above the watermark where one is kept.

    The database is only read. Raises ``DataError`` with the database's own words, never with a password.
    """
    sql = source.query or (f"select * from {location.table}" if location.table else None)
    if sql is None:
        raise DeclarationError(
            f'the source reads "{location.shown}" but has no query', hint='add query="select ...", or write "connection:schema.table"'
        )
    mark = (state or {}).get("watermark")
    sql = sql.strip().rstrip(";")
    run = {"sqlite": _sqlite, "duckdb": _duckdb}.get(location.url.partition(":")[0], _postgres)
    if source.watermark:
        column = '"' + source.watermark.replace('"', '""') + '"'
        holder = "%s" if run is _postgres else "?"
        text = f"select * from ({sql.replace('%', '%%') if run is _postgres and mark is not None else sql}) as t"
        sql = text + (f" where {column} > {holder}" if mark is not None else "") + f" order by {column}"
    frame = typed(run(location, sql, () if mark is None else (value_of(mark),)), dict(source.types), location.shown, "nothing")
    fit = continued(frame, state if mark is not None else None, location.shown)
    if fit is None:
        return query(source, location, None)
    frame, schema = fit
    read = FileRead(location.shown, digest(sql.encode()), 0, frame.height)
    return Batch(frame, mark is not None, {"watermark": highest(frame, source.watermark, mark), "schema": schema}, [read])


def _sqlite(location: Location, sql: str, values: tuple[Any, ...]) -> pl.DataFrame:
    path = location.url.removeprefix("sqlite:///")
    # the watermark as SQLite's own functions write times
    values = tuple(v.isoformat(" ") if isinstance(v, datetime) else v.isoformat() if isinstance(v, date) else v for v in values)
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise DataError(f"the database cannot be opened: {error}", where=path, hint="check the path; it is relative to the project's root") from error
    try:
        cursor = connection.execute(sql, values)
        names = [d[0] for d in cursor.description or ()]
        rows = cursor.fetchall()
    except sqlite3.Error as error:
        raise _refused(error, path, sql) from error
    finally:
        connection.close()
    columns = zip(*rows, strict=True) if rows else [[] for _ in names]
    series = [pl.Series(n, list(c), strict=False) for n, c in zip(names, columns, strict=True)]
    # SQLite has no type for times: ISO text is what its own functions write
    return typed(pl.DataFrame(series), {}, path, "times")


def _duckdb(location: Location, sql: str, values: tuple[Any, ...]) -> pl.DataFrame:
    import duckdb

    path = location.url.removeprefix("duckdb:///")
    try:
        connection = duckdb.connect(path, read_only=True)
    except duckdb.Error as error:
        raise DataError(
            f"the database cannot be opened: {error}", where=path, hint="check the path; no other process may have it open for writing"
        ) from error
    try:
        table = connection.sql(sql, params=list(values) or None).to_arrow_table()
    except duckdb.Error as error:
        raise _refused(error, path, sql) from error
    finally:
        connection.close()
    return _plain(pl.DataFrame(pl.from_arrow(table)))


def _postgres(location: Location, sql: str, values: tuple[Any, ...]) -> pl.DataFrame:
    try:
        import psycopg
    except ImportError as error:
        raise UsageError("reading Postgres needs the package psycopg", hint='pip install "ninefold[postgres]"') from error
    url = location.url.replace("postgresql+psycopg://", "postgresql://")
    try:
        with psycopg.connect(url, connect_timeout=15) as connection:
            connection.read_only = True
            with connection.cursor(binary=True) as cursor:
                cursor.execute(sql.encode(), values or None)
                described = [(d.name, _POSTGRES.get(d.type_code)) for d in cursor.description or ()]
                rows = cursor.fetchall()
    except psycopg.OperationalError as error:
        raise DataError(
            f"the database does not answer: {_line(error)}", where=location.shown, hint="check the connection's URL and that the server runs"
        ) from error
    except psycopg.Error as error:
        raise _refused(error, location.shown, sql) from error
    columns = zip(*rows, strict=True) if rows else [[] for _ in described]
    return _plain(pl.DataFrame([pl.Series(n, list(c), dtype=t, strict=False) for (n, t), c in zip(described, columns, strict=True)]))


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Decimals as floats (models read no others), times in microseconds UTC."""
    casts: list[pl.Expr] = [pl.col(c).cast(pl.Float64) for c, t in frame.schema.items() if isinstance(t, pl.Decimal)]
    for name, dtype in frame.schema.items():
        if isinstance(dtype, pl.Datetime):
            zoned = pl.col(name).dt.convert_time_zone("UTC") if dtype.time_zone else pl.col(name)
            casts.append(zoned.dt.cast_time_unit("us"))
    return frame.with_columns(casts)


def _refused(error: Exception, where: str, sql: str) -> DataError:
    return DataError(f"the database refuses the query: {_line(error)}", where=where, hint=f"try it there: {sql[:200]}")


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
