"""Past production as a stream: every stored row once for each moment at which something of it became known, and the questions.

Nothing here is particular to a project: the stream follows from the tables' known times and the problem's decision times.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from ninefold.project.live.onrecord import unsent
from ninefold.tables.known import K, k_of
from ninefold.tables.table import Table
from ninefold.units import HOUR

# the hidden column that carries the moment of an update or a question inside a bucket
AT = "__at"


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is sent for one hour: updates by table, then the questions with their decision times."""

    start: int
    updates: dict[str, list[dict[str, Any]]]
    questions: list[dict[str, Any]]


def updates_of(table: Table, view: pl.DataFrame, start: int, end: int) -> list[pl.DataFrame]:
    """The updates of a table in ``[start, end)``: frames of (``AT``, the key, the columns known at that moment).

    A row is sent once for each distinct known time that it has: columns that are known at the same times travel together.
    What is null at its known time is sent as null: known to be empty.
    """
    together: list[tuple[pl.Series, list[str]]] = []
    for column in [c for c in view.columns if not c.startswith("__") and c not in table.key]:
        known = view[k_of(column) if k_of(column) in view.columns else K]
        for other, columns in together:
            if known.equals(other):
                columns.append(column)
                break
        else:
            together.append((known, [column]))
    if not any(known.equals(view[K]) for known, _ in together):
        together.append((view[K], []))
    return [_window(view, known.name, [*table.key, *columns], start, end) for known, columns in together]


def _window(view: pl.DataFrame, known: str, columns: list[str], start: int, end: int) -> pl.DataFrame:
    inside = view.filter(pl.col(known).is_between(start, end, closed="left"))
    return inside.select(pl.col(known).alias(AT), *columns).sort(AT, maintain_order=True)


def buckets(
    tables: dict[str, tuple[Table, pl.DataFrame]],
    questions: pl.DataFrame,
    start: int,
    end: int,
    *,
    sent: Mapping[str, pl.DataFrame] | None = None,
    again: int | None = None,
    width: int = HOUR,
) -> Iterator[Bucket]:
    """The stream from ``start`` to ``end``, hour by hour: updates first, then questions (strictness is the reader's: by ``q``).

    ``questions`` has ``__q`` and the request's columns. Times become ISO texts, as a client would send them. ``sent`` are the
    updates by table that came before, and are not sent again; but for those from ``again`` on (µs), which are.
    """
    before = sent or {}
    parts = [
        (name, _split(_left(frame, before[name], table, again) if name in before else frame, start, width))
        for name, (table, view) in tables.items()
        for frame in updates_of(table, view, start, end)
    ]
    asked = _split(questions.filter(pl.col("__q").is_between(start, end, closed="left")).rename({"__q": AT}).sort(AT), start, width)
    for n in range(-(-(end - start) // width)):
        updates: dict[str, list[dict[str, Any]]] = {}
        for name, split in parts:
            if n in split:
                updates.setdefault(name, []).extend(split[n])
        for rows in updates.values():
            rows.sort(key=lambda row: row[AT])
        yield Bucket(start + n * width, updates, asked.get(n, []))


def _left(frame: pl.DataFrame, before: pl.DataFrame, table: Table, again: int | None) -> pl.DataFrame:
    if again is None:
        return unsent(frame, before, table)
    return pl.concat([unsent(frame.filter(pl.col(AT) < again), before, table), frame.filter(pl.col(AT) >= again)])


def _split(frame: pl.DataFrame, start: int, width: int) -> dict[int, list[dict[str, Any]]]:
    texts = [
        pl.col(c).dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ") for c, t in frame.schema.items() if isinstance(t, pl.Datetime)
    ]
    numbered = frame.with_columns(*texts, __n=(pl.col(AT) - start) // width)
    return {int(key[0]): part.drop("__n").to_dicts() for key, part in numbered.partition_by("__n", as_dict=True, maintain_order=True).items()}
