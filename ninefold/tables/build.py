"""Building a table: call its function, check and place its times, check its rows, set the broken ones apart."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from ninefold.errors import DataError, NinefoldError, closest
from ninefold.sources.frames import from_any
from ninefold.sources.function import failed, place_of
from ninefold.tables.check import Report, check
from ninefold.tables.expect import not_null
from ninefold.tables.frames import handed
from ninefold.tables.known import declared
from ninefold.tables.table import Table
from ninefold.tables.zones import placed


@dataclass(frozen=True, slots=True)
class Built:
    """A built table: its sound rows, those set apart (with ``__reason``), the report, and the zones of its times."""

    frame: pl.DataFrame
    quarantine: pl.DataFrame
    report: Report
    zones: dict[str, str]


def build(
    table: Table,
    inputs: Mapping[str, pl.LazyFrame],
    *,
    name: str = "",
    annotations: Mapping[str, Any] | None = None,
    tables: Mapping[Any, Any] | None = None,
) -> Built:
    """The rows of ``table`` from its inputs by parameter name.

    ``annotations`` say which kind of frame each parameter takes (default: the function's own); ``tables`` the frames
    that ``nf.refers_to`` names. Raises ``DataError`` where the function fails (chained, with its line), returns no frame
    or lacks a declared column, where times cannot be placed, and where an expectation's limit stops the run.
    """
    what = f'the table "{name}"' if name else "the table"
    where = place_of(table.of) if callable(table.of) else str(table.of)
    rows = _called(table, inputs, annotations, what, where)
    try:
        schema = rows.collect_schema()
        _columns_exist(table, schema, what, where)
        frame = rows.collect()
    except NinefoldError:
        raise
    except Exception as error:  # a lazy frame runs the user's expressions and functions only now
        raise failed(what, table.of, error) from error
    frame, zones = placed(frame, table, where)
    declared(table, frame.lazy(), where).collect_schema()
    report = check(frame, [not_null(*table.key), *table.expect], tables=tables)
    if report.stops:
        raise DataError(
            f"{what} breaks what is expected of it: {'; '.join(report.stops)}",
            where=where,
            hint="look at the rows with nf.check(frame, expect).bad, or correct the limit",
        )
    return Built(report.good, report.bad, report, zones)


def _called(table: Table, inputs: Mapping[str, pl.LazyFrame], annotations: Mapping[str, Any] | None, what: str, where: str) -> pl.LazyFrame:
    if not callable(table.of):
        return from_any(next(iter(inputs.values())), where)
    kinds = annotations if annotations is not None else {n: p.annotation for n, p in inspect.signature(table.of).parameters.items()}
    try:
        with handed(inputs, kinds) as frames:
            return from_any(table.of(**frames), where)
    except NinefoldError:
        raise
    except Exception as error:  # anything may go wrong in code that is not ours
        raise failed(what, table.of, error) from error


def _columns_exist(table: Table, schema: pl.Schema, what: str, where: str) -> None:
    moments = {"time": table.time and table.time.column, "known": table.known and table.known.column, "until": table.until}
    named = [("key", c) for c in table.key] + [(f, c) for f, c in moments.items() if c]
    named += [("later", c) for pair in table.later for c in (pair[0], pair[1].column)] + [("personal", c) for c in table.personal]
    for field, column in named:
        if column not in schema:
            raise DataError(f'{what} has no column "{column}", which {field}= names', where=where, hint=closest(column, schema))
    if ours := [c for c in schema if c.startswith("__")]:
        raise DataError(f'{what} has the column "{ours[0]}"; names that begin with "__" are ours', where=where, hint="rename it in the function")
