"""From a table's rows to the rings that read them: which columns make a row of a ring, and when it is known."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import polars as pl

from ninefold.errors import DataError
from ninefold.features.aggregate import Aggregate
from ninefold.features.features import Features
from ninefold.features.reading import entity_columns
from ninefold.features.ring import Ring
from ninefold.features.spec import TableSpec, table_of
from ninefold.features.types import polars_types
from ninefold.tables.known import later_columns
from ninefold.units import Moment

RECEIVED = "__received"  # when a row was received, if each says so itself
_EVER = -(1 << 62)


class Feed:
    """One column of a table, by one entity, at one event time, under one condition: the rings that aggregates read."""

    __slots__ = ("at", "by", "column", "keep", "needs", "offset", "rings", "single", "where")

    def __init__(self, by: tuple[str, ...], at: Moment, column: str | None, where: pl.Expr | None) -> None:
        self.by, self.at, self.offset, self.column, self.where = by, at.column, at.offset, column, where
        self.single = by[0] if len(by) == 1 else None
        roots = where.meta.root_names() if where is not None else []
        self.needs = tuple(dict.fromkeys([*by, at.column, *([column] if column else []), *roots]))
        self.keep: int | None = 0  # µs that a row counts after it happened; None: for ever
        self.rings: dict[Any, Ring] = {}

    def reach(self, aggregate: Aggregate) -> None:
        """Keep rows for as long as this aggregate reads them."""
        if aggregate.ahead or self.keep is None:
            return
        self.keep = None if aggregate.window is None else max(self.keep, aggregate.window + aggregate.before)


class Record:
    """A row as far as it has come: values, when each was received, known time, and its places in the feeds' rings."""

    __slots__ = ("first", "k", "places", "received", "seq", "values", "version")

    def __init__(self, seq: int, first: int, feeds: int) -> None:
        self.values: dict[str, Any] = {}
        self.received: dict[str, int] = {}
        self.first = first  # when the row was first heard of
        self.k: int | None = None
        self.version: int | None = None  # the known time of a corrected row
        self.seq = seq
        self.places: list[tuple[Any, int, int, Any] | None] = [None] * feeds


class TableFeeds:
    """The feeds of one table, and its rows that may still change."""

    def __init__(self, spec: TableSpec, patience: int) -> None:
        self.spec, self.patience = spec, patience
        table = table_of(spec)
        self.time, self.known, self.key = table.time, table.known, table.key
        self.later = later_columns(table)
        self.feeds: list[Feed] = []
        self.columns: frozenset[str] = frozenset()
        self.records: dict[Any, Record] = {}
        self.seq = 0
        self._named: dict[Any, Feed] = {}
        self._swept = 0
        self.types = polars_types(spec.columns, spec.tz)

    def feed(self, by: tuple[str, ...], at: Moment, column: str | None, where: pl.Expr | None) -> Feed:
        """The feed of that definition; several aggregates share one."""
        name = (by, at, column, None if where is None else where.meta.serialize(format="binary"))
        if name not in self._named:
            self._named[name] = Feed(by, at, column, where)
            self.feeds.append(self._named[name])
            self.columns = self._columns()
        return self._named[name]

    def _columns(self) -> frozenset[str]:
        """Every column that some feed reads, and those that known times need."""
        moments = [self.time, self.known, *(m for c, m in self.later.items() if any(c in f.needs for f in self.feeds))]
        return frozenset(c for f in self.feeds for c in f.needs) | {m.column for m in moments if m is not None}

    def apply(self, rows: Iterable[Mapping[str, Any]], received: int | None, advance: Callable[[int], None], horizon: int | None) -> int:
        """Take in rows; see :meth:`Fold.apply`."""
        columns, conditions = self.columns, any(f.where is not None for f in self.feeds)
        count, waiting = 0, dict[Any, tuple[Record, bool]]()
        for row in rows:
            count += 1
            key = self._key(row)
            if conditions and key in waiting:  # one version of a row at a time: the condition looks at each
                self._flush(waiting, horizon)
            at = row.get(RECEIVED, received)
            if at is not None and at is not received:
                advance(at)
            record, changed = self._merge(key, row, columns, _EVER if at is None else at)
            if conditions:
                waiting[key] = (record, changed)
            else:
                self.place(record, changed, None, 0, horizon)
        self._flush(waiting, horizon)
        if len(self.records) > 2 * self._swept + 10_000 and horizon is not None:
            self._sweep(horizon)
        return count

    def _key(self, row: Mapping[str, Any]) -> Any:
        try:
            return row[self.key[0]] if len(self.key) == 1 else tuple([row[c] for c in self.key])
        except KeyError as error:
            raise DataError(f'a row of {self.spec.name} has no "{error.args[0]}", which its key names') from None

    def _merge(self, key: Any, row: Mapping[str, Any], columns: frozenset[str], received: int) -> tuple[Record, bool]:
        """The row's record with what is new; whether a known cell got another value."""
        record = self.records.get(key)
        if record is None:
            self.seq += 1
            record = self.records[key] = Record(row.get("__seq", self.seq), received, len(self.feeds))
        values, corrected = record.values, []
        for column, value in row.items():
            if column not in columns:
                continue
            old = values.get(column)
            if old is not None and column in record.received:
                if old == value:
                    continue  # said again: nothing new
                if self._told(record, column):
                    corrected.append(column)
            values[column] = value
            record.received[column] = received
        declared = _EVER if self.known is None else _moment(values, self.known)
        if corrected:
            ks = [k for k in (self._cell(record, c) for c in corrected if c in self.later) if k is not None]
            begins = received if received > _EVER else (record.k if record.k is not None else _EVER)
            record.version = max([begins, *ks])
        record.k = record.version if record.version is not None else None if declared is None else max(declared, record.first)
        return record, bool(corrected)

    def _told(self, record: Record, column: str) -> bool:
        return column not in self.later or self._cell(record, column) is not None

    def _cell(self, record: Record, column: str) -> int | None:
        """When a cell was known: declared, but not before it was received; known to be empty: when received."""
        received = record.received[column]
        moment = self.later.get(column)
        if moment is None:
            return received
        declared = _moment(record.values, moment)
        if declared is None:
            return received if record.values[column] is None and received > _EVER else None
        return max(received, declared)

    def _flush(self, waiting: dict[Any, tuple[Record, bool]], horizon: int | None) -> None:
        if not waiting:
            return
        records = [r for r, _ in waiting.values()]
        holds = self.conditions(records)
        for i, (record, changed) in enumerate(waiting.values()):
            self.place(record, changed, holds, i, horizon)
        waiting.clear()

    def conditions(self, records: list[Record]) -> dict[int, list[bool | None]]:
        """Each condition over the records, in one frame."""
        found = {}
        for number, feed in enumerate(self.feeds):
            if feed.where is None:
                continue
            data = {c: [r.values.get(c) for r in records] for c in feed.where.meta.root_names()}
            frame = pl.DataFrame([self._series(c, values) for c, values in data.items()])
            found[number] = frame.select(feed.where.alias("holds")).to_series().to_list()
        return found

    def _series(self, column: str, values: list[Any]) -> pl.Series:
        kind = self.types.get(column)
        if kind is None:
            return pl.Series(column, values, strict=False)
        physical = pl.Int64 if isinstance(kind, pl.Datetime) else kind
        series = pl.Series(column, values, dtype=physical, strict=False).cast(kind)
        return series.fill_nan(None) if kind.is_float() else series

    def place(self, record: Record, changed: bool, holds: dict[int, list[bool | None]] | None, number: int, horizon: int | None) -> None:
        """Bring the record's places in the rings up to date."""
        for at, feed in enumerate(self.feeds):
            new = None
            if holds is None or at not in holds or holds[at][number]:
                new = self._element(record, feed)
            old = record.places[at]
            if new == old and not changed:
                continue
            if old is not None:
                ring = feed.rings.get(old[0])
                if ring is not None:
                    ring.replace(old[1], old[2], record.seq, record.version if changed else None)
            record.places[at] = new
            if new is not None:
                self._insert(feed, new, record, horizon)

    def _element(self, record: Record, feed: Feed) -> tuple[Any, int, int, Any] | None:
        """Entity, event time, known time and value of the record in a feed; None while something is missing."""
        values, received, k = record.values, record.received, record.k
        e = values.get(feed.at)
        if k is None or e is None:
            return None
        for column in feed.needs:
            if column not in received:
                return None
            if column in self.later:
                cell = self._cell(record, column)
                if cell is None:
                    return None
                k = max(k, cell)
            elif received[column] > k:
                k = received[column]
        if feed.single is not None:
            who = values[feed.single]
            if who is None:
                return None
        else:
            who = tuple([values[c] for c in feed.by])
            if None in who:
                return None
        return who, e + feed.offset, k, True if feed.column is None else values[feed.column]

    def _insert(self, feed: Feed, place: tuple[Any, int, int, Any], record: Record, horizon: int | None) -> None:
        who, e, k, value = place
        if horizon is not None and feed.keep is not None and e < horizon - feed.keep:
            return  # no question within the slack can see it
        ring = feed.rings.get(who)
        if ring is None:
            ring = feed.rings[who] = Ring()
        ring.insert(e, k, record.seq, value)
        if len(ring.e) > ring.limit and horizon is not None:
            ring.trim(None if feed.keep is None else horizon - feed.keep, horizon)

    def expire(self, horizon: int | None) -> int:
        """Trim every ring and drop rows that can change nothing any more; returns the rows of rings left."""
        left = 0
        for feed in self.feeds:
            if horizon is not None:
                for ring in feed.rings.values():
                    ring.trim(None if feed.keep is None else horizon - feed.keep, horizon)
                feed.rings = {who: ring for who, ring in feed.rings.items() if ring.e}
            left += sum(len(ring.e) for ring in feed.rings.values())
        if horizon is not None:
            self._sweep(horizon)
        return left

    def _sweep(self, horizon: int) -> None:
        self.records = {key: record for key, record in self.records.items() if self._may_change(record, horizon)}
        self._swept = len(self.records)

    def _may_change(self, record: Record, horizon: int) -> bool:
        latest = _EVER
        for place, feed in zip(record.places, self.feeds, strict=True):
            if place is None:  # it waits for a column
                heard = max(record.first, *record.received.values(), _EVER)
                time = None if self.time is None else _moment(record.values, self.time)
                latest = max(latest, max(heard, _EVER if time is None else time) + self.patience)
            elif feed.keep is None:
                return True
            else:
                latest = max(latest, place[1] + feed.keep)
        return latest >= horizon


def feeds_of(table: TableFeeds, group: Features, aggregate: Aggregate) -> tuple[Feed, tuple[str, ...]]:
    """The feed that an aggregate reads, and the question's columns that name its entity."""
    rows_by, by = entity_columns(group, aggregate)
    moment = group.at or table.time
    if moment is None:
        raise DataError(f"the rows of {table.spec.name} have no event time", hint='say at="column", or give the table a time=')
    feed = table.feed(rows_by, moment, aggregate.column, aggregate.where)
    feed.reach(aggregate)
    return feed, by


def _moment(values: Mapping[str, Any], moment: Moment) -> int | None:
    at = values.get(moment.column)
    return None if at is None else at + moment.offset
