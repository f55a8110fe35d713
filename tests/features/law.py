"""The truth table of the window semantics (w = 24 h, hours), and one way to ask each execution."""

from collections.abc import Sequence
from typing import Any

import polars as pl

import ninefold as nf
from ninefold.features import Features
from ninefold.features.kernel import compute
from ninefold.features.online import Fold
from ninefold.features.oracle import Row, answer
from ninefold.features.spec import spec_of
from ninefold.tables import Table
from ninefold.units import duration

HOUR = duration("1h")

# entity, event time, known time, value
ROWS = [
    (1, 0, 0, 10),
    (2, 0, 0, 20),
    (2, 5, 30, 21),
    (3, 1, 1, 30),
    (3, 1, 2, 31),
    (4, 50, 50, 40),
    (5, -1, -1, 50),
    (5, 0, 0, None),
    (6, 0, 0, 60),
    (6, 1, 1, 61),
    (6, 10, 10, 62),
    (None, 1, 1, 99),
    (7, 0, 26, 70),
    (8, 1, 1, 80),
    (8, 1, 1, 81),
]

# entity, question in hours (and µs), latest, count, sum, max
CASES = [
    (1, 24, 0, 10, 1, 10, 10),
    (1, 24, 1, None, 0, None, None),
    (1, 0, 0, None, 0, None, None),
    (1, 0, 1, 10, 1, 10, 10),
    (2, 10, 0, 20, 1, 20, 20),
    (2, 29, 0, None, 0, None, None),
    (2, 31, 0, None, 0, None, None),
    (3, 1.5, 0, 30, 1, 30, 30),
    (3, 10, 0, 31, 2, 61, 31),
    (5, 10, 0, None, 2, 50, 50),
    (6, 5, 0, 61, 2, 121, 61),
    (6, 5, 0, 61, 2, 121, 61),
    (6, 25, 0, 62, 2, 123, 62),
    (4, 10, 0, None, 0, None, None),
    (99, 10, 0, None, 0, None, None),
    (7, 27, 0, None, 0, None, None),
    (None, 10, 0, None, None, None, None),
    (8, 2, 0, 81, 2, 161, 81),
]

TABLE = Table(lambda: None, key="id", time="e", tz="UTC", known="k")
GROUP = Features(
    TABLE, by="entity", columns={"latest": nf.last("v", "24h"), "count": nf.count("24h"), "sum": nf.sum("v", "24h"), "max": nf.max("v", "24h")}
)


def view(rows: Sequence[tuple[Any, ...]] = ROWS) -> pl.DataFrame:
    """Rows of (entity, e, k, v) in hours as a table's view."""
    whole = [(i, who, round(e * HOUR), round(k * HOUR), v, i) for i, (who, e, k, v) in enumerate(rows)]
    schema = {"id": pl.Int64, "entity": pl.Int64, "e": pl.Int64, "k": pl.Int64, "v": pl.Int64, "__seq": pl.Int64}
    return pl.DataFrame(whole, schema=schema, orient="row").with_columns(
        pl.col("k").alias("__k"), pl.from_epoch("e", "us").dt.replace_time_zone("UTC"), pl.from_epoch("k", "us").dt.replace_time_zone("UTC")
    )


def by_oracle(who: Any, q: int) -> dict[str, Any]:
    rows = [Row(entity, round(e * HOUR), round(k * HOUR), v, i) for i, (entity, e, k, v) in enumerate(ROWS)]
    return {name: answer(rows, who, q, aggregate) for name, aggregate in GROUP.aggregates}


def by_kernel(who: Any, q: int) -> dict[str, Any]:
    asked = pl.DataFrame({"entity": [who], "__q": [q]}, schema={"entity": pl.Int64, "__q": pl.Int64})
    return compute(view(), asked, GROUP, TABLE).row(0, named=True)


def by_fold(who: Any, q: int) -> dict[str, Any]:
    fold = Fold([spec_of("group", GROUP, "rows", TABLE)], slack=1 << 60)
    rows = [{"id": i, "entity": entity, "e": round(e * HOUR), "k": round(k * HOUR), "v": v} for i, (entity, e, k, v) in enumerate(ROWS)]
    fold.apply("rows", rows)
    return fold.lookup("group", (who,), q)
