"""Times in their place: naive ones are resolved in the table's zone, all are given in it."""

import polars as pl

from ninefold.errors import DataError
from ninefold.tables.table import Table
from ninefold.units import many


def placed(frame: pl.DataFrame, table: Table, where: str = "") -> tuple[pl.DataFrame, dict[str, str]]:
    """The frame in types that can be stored, its times in the table's zone (default UTC); and the zone of each time column.

    A naive time that daylight saving repeats or skips is refused, with the rows: no rule is right for every table, and
    one that is chosen in silence makes two rows of one. The function can resolve them by what it knows.
    """
    return placed_in(frame, table.tz, table.key, where)


def placed_in(frame: pl.DataFrame, tz: str | None, key: tuple[str, ...] = (), where: str = "") -> tuple[pl.DataFrame, dict[str, str]]:
    """The same in the zone ``tz``; ``key`` names the columns by which a row is told."""
    casts: list[pl.Expr] = []
    zones: dict[str, str] = {}
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if isinstance(dtype, pl.Datetime):
            column = column.dt.cast_time_unit("us")
            if dtype.time_zone is not None:
                column = column.dt.convert_time_zone(tz or "UTC")
            elif tz is not None:
                _resolvable(frame, name, tz, key, where)
                column = column.dt.replace_time_zone(tz)
            if dtype.time_zone is not None or tz is not None:
                zones[name] = tz or "UTC"
            casts.append(column)
        elif isinstance(dtype, (pl.Categorical, pl.Enum)) or dtype in {pl.Null, pl.Time}:
            casts.append(column.cast(pl.String))
        elif dtype == pl.Object:
            raise DataError(f'the column "{name}" holds Python objects', where=where, hint="make it text or a number in the function")
    return frame.with_columns(casts), zones


def _resolvable(frame: pl.DataFrame, name: str, tz: str, key: tuple[str, ...], where: str) -> None:
    naive = pl.col(name)
    first = naive.dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null")
    last = naive.dt.replace_time_zone(tz, ambiguous="latest", non_existent="null")
    rows = frame.with_columns((first.is_null() & naive.is_not_null()).alias("__skipped"), (first != last).fill_null(False).alias("__repeated"))
    bad = rows.filter(pl.col("__skipped") | pl.col("__repeated"))
    if not bad.height:
        return
    skipped = bool(bad["__skipped"][0])
    shown = bad.select(*[c for c in key if c in frame.columns and c != name], name).head(3).rows(named=True)
    examples = "; ".join(", ".join(f"{k}={v}" for k, v in row.items()) for row in shown)
    raise DataError(
        f'{many(bad.height, "time")} of the column "{name}" {"does" if bad.height == 1 else "do"} not tell the instant in {tz}: '
        f"daylight saving {'skips' if skipped else 'repeats'} that hour ({examples})",
        where=where,
        hint=f'use a column in UTC if there is one, or decide in the function: pl.col("{name}").dt.replace_time_zone("{tz}", '
        + ('non_existent="null")' if skipped else 'ambiguous="earliest")'),
    )
