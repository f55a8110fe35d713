"""Rows posted to a source that has no location: kept as they came, typed together when they are read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.errors import UsageError
from ninefold.ids import new_id
from ninefold.sources.source import Source
from ninefold.units import many

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS = 10_000


class Row(msgspec.Struct, frozen=True):
    """One posted row: an id for retries, when it was received (µs), and its JSON."""

    id: str
    at: int
    row: str


def payloads(body: Any, *, at: int, batch: str | None = None) -> list[bytes]:
    """What goes into the journal for a body (one object, or a list of them). ``batch`` is the client's key: the same key again
    gives the same ids, and rows of one id count once. Raises UsageError naming the row that is none.
    """
    rows = body if isinstance(body, list) else [body]
    if not 0 < len(rows) <= MOST_ROWS:
        raise UsageError(f"{many(len(rows), 'row')} in one request", hint=f"send 1 to {MOST_ROWS:,}")
    for i, row in enumerate(rows):
        place = f"[{i}]" if isinstance(body, list) else ""
        if not isinstance(row, dict) or not row:
            raise UsageError("a row is an object with columns", where=place, hint='{"store": "rome", "units": 3}')
        nested = next((c for c, v in row.items() if isinstance(v, (dict, list))), None)
        if nested is not None:
            raise UsageError(f'"{nested}" is nested', where=f"{place}.{nested}", hint="send flat rows: texts, numbers, true, false, null")
    ids = [f"{batch}/{i}" if batch else new_id() for i in range(len(rows))]
    encode = msgspec.json.encode
    return [encode(Row(id, at, encode(row).decode())) for id, row in zip(ids, rows, strict=True)]


def frame(lines: Sequence[bytes]) -> "pl.DataFrame":
    """Journal payloads as a frame of ids, times and JSON texts.

    >>> frame(payloads({"units": 3}, at=0, batch="a")).rows()
    [('a/0', 0, '{"units":3}')]
    """
    import polars as pl

    schema = {"id": pl.String(), "at": pl.Int64(), "row": pl.String()}
    return pl.read_ndjson(b"\n".join(lines), schema=schema) if lines else pl.DataFrame(schema=schema)


def typed(rows: "pl.DataFrame", source: Source, name: str) -> "pl.DataFrame":
    """The rows with their columns, each id once, in types that all values have: as a file of JSON lines would be read."""
    from ninefold.sources.formats import decode

    once = rows.unique("id", keep="first", maintain_order=True)
    data = "\n".join(once["row"].to_list()).encode()
    return decode(data, f"{name}.jsonl", declared="json", null=source.null, types=dict(source.types))


def empty(source: Source) -> "pl.DataFrame":
    """No rows, with the columns that ``types=`` names."""
    import polars as pl

    from ninefold.sources.types import KINDS

    # posted times have an offset
    kinds = {**KINDS, "datetime": pl.Datetime("us", "UTC")}
    return pl.DataFrame(schema={column: kinds[text.partition(":")[0]] for column, text in source.types})
