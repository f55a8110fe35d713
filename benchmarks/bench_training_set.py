"""A training set, point in time, against plain DuckDB in one run: the same values, CPU seconds, and their ratio.

Two columns by a latest-value lookup (DuckDB: ASOF join) and three by windows (DuckDB: ASOF joins on running sums), over
rows that arrive in order: the case that DuckDB's ASOF can express at all. Late rows, corrections and ties are beyond it.

    python benchmarks/bench_training_set.py [rows] [questions]
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import polars as pl

import ninefold as nf
from ninefold.features.kernel import compute

SQL = """
with run as (
  select entity, t, v, count(*) over w as n, sum(v) over w as total
  from rows window w as (partition by entity order by t, id rows unbounded preceding)
), edge as (select entity, t, max(n) as n, max_by(total, n) as total, max_by(v, n) as v from run group by entity, t)
select q.i, case when a.t >= q.t - {day} then a.v end as last,
  coalesce(a.n, 0) - coalesce(h.n, 0) as n_hour, coalesce(a.n, 0) - coalesce(d.n, 0) as n_day,
  case when coalesce(a.n, 0) > coalesce(d.n, 0) then a.total - coalesce(d.total, 0) end as sum_day
from questions q
  asof left join edge a on q.entity = a.entity and q.t > a.t
  asof left join edge h on q.entity = h.entity and q.t - {hour} > h.t
  asof left join edge d on q.entity = d.entity and q.t - {day} > d.t
order by q.i
"""
HOUR, DAY = 3_600_000_000, 86_400_000_000


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """The result, and the least CPU seconds of three runs."""
    seconds = []
    for _ in range(3):
        start = time.process_time()
        result = work()
        seconds.append(time.process_time() - start)
    return result, min(seconds)


def main(rows: int = 1_000_000, questions: int = 336_776) -> None:
    """Print both times, the ratio, and how many values differ."""
    random = np.random.default_rng(0)
    entities = max(rows // 250, 1)
    # the row's id orders rows of one instant, in both
    data = pl.DataFrame(
        {
            "id": np.arange(rows),
            "entity": random.integers(0, entities, rows),
            "t": random.integers(0, 90 * DAY, rows),
            "v": random.integers(-20, 200, rows),
        }
    )
    asked = pl.DataFrame({"i": np.arange(questions), "entity": random.integers(0, entities, questions), "t": random.integers(0, 90 * DAY, questions)})
    events = nf.Table("bench:events", key="id", time="at", tz="UTC")
    group = nf.Features(events, by="entity", last=nf.last("v", "1d"), n_hour=nf.count("1h"), n_day=nf.count("1d"), sum_day=nf.sum("v", "1d"))
    view = data.with_columns(pl.from_epoch("t", "us").dt.replace_time_zone("UTC").alias("at"))
    ours, own = timed(lambda: compute(view, asked.with_columns(pl.col("t").alias("__q")), group, events))
    connection = duckdb.connect()
    connection.register("rows", data.to_arrow())
    connection.register("questions", asked.to_arrow())
    theirs, peer = timed(lambda: connection.sql(SQL.format(hour=HOUR, day=DAY)).pl())
    wrong = sum(int((ours[c].cast(pl.Int64).ne_missing(theirs[c].cast(pl.Int64))).sum()) for c in group.names)
    print(f"{rows:,} rows, {questions:,} questions, 4 columns; {wrong} values differ")
    print(f"ninefold {own:.2f} s CPU    DuckDB ASOF {peer:.2f} s CPU    ratio {own / peer:.2f} (aim: at most 1.2)")


if __name__ == "__main__":
    main(*(int(a.replace("_", "")) for a in sys.argv[1:]))
