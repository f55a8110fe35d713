"""Many rows in one statement: an insert from arrays, one for each column.

Measured per row of a thousand: 3.5 µs of the client, where executemany takes 17 and a statement each 80.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from ninefold.ledger.dialect import Insert, query


def unnested(insert: Insert, types: dict[str, str], rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """The statement that inserts all these rows, and its arguments: an array of each column."""
    kinds = tuple(types[name] for name in insert.columns)
    return _text(insert, kinds), [_ARRAYS.get(kind, list)(column) for kind, column in zip(kinds, zip(*rows, strict=True), strict=True)]


@lru_cache(512)
def _text(insert: Insert, kinds: tuple[str, ...]) -> str:
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    return f"insert into {insert.table} ({', '.join(insert.columns)}) select * from unnest({arrays}) {query(insert.tail)}"


def waves(rows: Sequence[Sequence[Any]], key: Sequence[int]) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows in parts of which none has the same key twice; those with one key stay in their order.

    >>> list(waves([("a", 1), ("b", 2), ("a", 3)], [0]))
    [[('a', 1), ('b', 2)], [('a', 3)]]
    """
    if not key:
        yield rows
        return
    parts: list[list[Sequence[Any]]] = []
    seen: dict[tuple[Any, ...], int] = {}
    for row in rows:
        place = tuple(row[i] for i in key)
        turn = seen[place] = seen.get(place, -1) + 1
        if turn == len(parts):
            parts.append([])
        parts[turn].append(row)
    yield from parts


# as text: to let psycopg make arrays of values takes four times as long
def _numbers(column: Sequence[Any]) -> str:
    return "{" + ",".join(["NULL" if value is None else str(int(value)) for value in column]) + "}"


def _reals(column: Sequence[Any]) -> str:
    return "{" + ",".join(["NULL" if value is None else repr(float(value)) for value in column]) + "}"


def _texts(column: Sequence[Any]) -> str:
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in column]) + "}"


def _quoted(value: Any) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


_ARRAYS: dict[str, Callable[[Sequence[Any]], Any]] = {"bigint": _numbers, "double precision": _reals, "text": _texts}
