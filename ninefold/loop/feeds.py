"""How the tables that a model reads have been coming: rows by day, arrivals, lags. What the freshness check looks at."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ninefold.loop.days import ends, finished
from ninefold.loop.production import tail
from ninefold.monitors.arrivals import Feed
from ninefold.project.steps.training import local_day
from ninefold.tables.incoming import GIVEN, ORDER, RECEIVED
from ninefold.tables.known import ALWAYS, K, declared, k_of, later_columns
from ninefold.tables.moments import micros_of
from ninefold.tables.table import Table
from ninefold.units import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from ninefold.server.runtime import Runtime

DAYS = 90
_AT, _KNOWN, _DAY = "__at", "__arrived", "__day"
_LAG = 0.99  # of a day's rows have come so long after its end
_MOST_LAG = 7 * DAY


class Arrivals:
    """One table: rows by the local day on which they happened, and the instants at which anything came.

    Rows come by two roads: a run reads them (what was known as of it), updates bring them one by one. A row that came by both
    counts once: a day has as many rows as the road that brought more.
    """

    def __init__(self, runtime: "Runtime", name: str, table: Table) -> None:
        self.runtime, self.name, self.table = runtime, name, table
        decode = runtime.decoders.get(f"updates/{name}")
        self._tail = tail(runtime, f"updates/{name}", decode) if decode is not None else None
        self._read: dict[int, int] = {}
        self._posted: dict[int, int] = {}
        self._read_hours: dict[int, tuple[int, int]] = {}
        self._posted_hours: dict[int, tuple[int, int]] = {}
        self._basis: tuple[int | None, int] | None = None
        self._told: set[int] = set()
        self._lag = 0
        self._measured = self._late = 0

    def feed(self, now: int) -> Feed:
        """The feed as of ``now``: the last 90 finished days, and what arrived in them."""
        self._follow_runs(now)
        self._follow_updates()
        last = finished(now, self.table.tz)
        while self._lag and ends(last, self.table.tz) + self._lag > now:
            last -= 1
        counts = {d: max(self._read.get(d, 0), self._posted.get(d, 0)) for d in self._read.keys() | self._posted.keys()}
        known = [d for d in counts if d <= last]
        days = range(max(min(known, default=last), last - DAYS + 1), last + 1) if known else range(0)
        instants = sorted({i for hours in (self._read_hours, self._posted_hours) for pair in hours.values() for i in pair if i <= now})
        recent = [i for i in instants if i > now - DAYS * DAY]
        explicit = self.table.known is not None and self.table.known != self.table.time
        return Feed(
            table=self.name,
            days=tuple(days),
            rows=tuple(counts.get(d, 0) for d in days),
            arrivals=tuple(recent),
            declared_lag=self.table.known.offset if explicit and self.table.known is not None else None,
            measured=self._measured,
            lagged=self._late,
        )

    def _follow_updates(self) -> None:
        if self._tail is None:
            return
        came = self._tail.fresh()
        if came.anew:
            self._posted, self._posted_hours, self._measured, self._late = {}, {}, 0, 0
            self._told = set()
        if came.rows.height:
            self._take(came.rows)

    def _follow_runs(self, now: int) -> None:
        """Count the stored table anew where a run wrote another version, or saw more of it."""
        home = self.runtime.home
        stored = home.stored("tables", self.name)
        ran = home.ledger.last("run.started", f"{home.project}/run")
        basis = (stored.version, min(now, int(ran.body["as_of"])) if ran is not None else now)
        if basis == self._basis or basis[0] is None:
            return
        self._basis = basis
        rows = _timed(self.table, stored.scan(basis[0])).filter(pl.col(_KNOWN) < basis[1])
        self._read, self._read_hours = {}, {}
        _count(self._read, rows, self.table)
        came = [rows[c] for c in rows.columns if c == _KNOWN or c.startswith("__k.")]
        for series in came:
            _arrived(self._read_hours, series.filter((series < basis[1]) & (series > max(ALWAYS, basis[1] - 2 * DAYS * DAY))))
        if _AT in rows.columns and rows.height:
            delay = (rows[_KNOWN] - rows[_AT]).drop_nulls().quantile(_LAG)
            self._lag = int(min(_MOST_LAG, max(0.0, float(delay or 0.0))))

    def _take(self, updates: pl.DataFrame) -> None:
        """Updates that came: a new row gives its time; whatever comes has arrived when it was received, or (a replay) was known."""
        later = later_columns(self.table)
        timed = _timed(self.table, updates.lazy())
        own = timed[_KNOWN]
        cells = [pl.when(pl.col(GIVEN).list.contains(c)).then(pl.col(k_of(c))) for c in later if k_of(c) in timed.columns]
        arrived = updates.hstack(timed.select(c for c in timed.columns if c not in updates.columns)).select(
            pl.coalesce(pl.col(RECEIVED), pl.max_horizontal(*cells) if cells else pl.lit(None, pl.Int64), pl.lit(own)).alias("at")
        )["at"]
        _arrived(self._posted_hours, arrived)
        if self.table.time is None:
            return
        first = self._begin_rows(updates, list(later)) & self._unseen(updates)
        new = timed.filter(first)
        _count(self._posted, new, self.table)
        received = updates[RECEIVED].filter(first)
        slack = (new[_KNOWN] - new[_AT]).clip(0) // 10 + MINUTE
        late = (received > new[_KNOWN] + slack).drop_nulls()
        self._measured, self._late = self._measured + len(late), self._late + int(late.sum())

    def _unseen(self, updates: pl.DataFrame) -> pl.Series:
        """Which updates do not repeat one that was counted; a replay that goes on may tell rows twice, word for word."""
        if self.runtime.replay is None:
            return pl.repeat(True, updates.height, eager=True)
        said = updates.select(c for c in updates.columns if c not in {ORDER, RECEIVED}).with_columns(pl.col(GIVEN).list.join(","))
        hashes = said.hash_rows(seed=0)
        new = ~hashes.is_in(list(self._told)) & hashes.is_first_distinct()
        self._told.update(hashes.to_list())
        return new

    def _begin_rows(self, updates: pl.DataFrame, later: list[str]) -> pl.Series:
        """Which updates bring a row, and not only a column that came to be known later."""
        assert self.table.time is not None
        if self.table.time.column not in self.table.key:
            return updates[GIVEN].list.contains(self.table.time.column)
        with_row = [c for c in updates.columns if not c.startswith("__") and c not in later and c not in self.table.key]
        told = pl.any_horizontal([pl.col(GIVEN).list.len() == 0, *(pl.col(GIVEN).list.contains(c) for c in with_row)])
        return updates.select(told.alias("first")).to_series() if with_row else pl.Series("first", [True]).new_from_index(0, updates.height)


def _timed(table: Table, frame: pl.LazyFrame) -> pl.DataFrame:
    """When each row happened and was known, and when each later column was: the table's moments alone."""
    schema = frame.collect_schema()
    happened = [micros_of(table.time, schema, table.tz).alias(_AT)] if table.time is not None else []
    names = [c for c in later_columns(table) if c in schema]
    return (
        declared(table, frame)
        .with_columns(happened)
        .select(pl.col(K).alias(_KNOWN), *(k_of(c) for c in names), *([_AT] if happened else []), *([GIVEN] if GIVEN in schema else []))
        .collect()
    )


def _count(into: dict[int, int], rows: pl.DataFrame, table: Table) -> None:
    if _AT not in rows.columns or not rows.height:
        return
    counted: Any = rows.select(local_day(rows[_AT], table.tz).alias(_DAY)).drop_nulls().group_by(_DAY).len()
    for day, n in counted.iter_rows():
        into[day] = into.get(day, 0) + n


def _arrived(into: dict[int, tuple[int, int]], instants: pl.Series) -> None:
    """Keep the first and the last arrival of each hour: gaps longer than an hour stay exact."""
    values = instants.drop_nulls().to_numpy()
    values = values[(values > ALWAYS) & (values < np.iinfo(np.int64).max)]
    if not len(values):
        return
    values = np.sort(values)
    hours = values // HOUR
    starts = np.flatnonzero(np.r_[True, hours[1:] != hours[:-1]])
    stops = np.r_[starts[1:] - 1, len(values) - 1]
    for hour, low, high in zip(hours[starts].tolist(), values[starts].tolist(), values[stops].tolist(), strict=True):
        before = into.get(hour)
        into[hour] = (low, high) if before is None else (min(before[0], low), max(before[1], high))
