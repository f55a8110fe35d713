"""Features online: a fold over the rows as they arrive, answering at any ``q`` as the batch kernel would."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from ninefold.errors import ConflictError, DataError, NotFoundError, UsageError, closest
from ninefold.features.aggregate import Aggregate
from ninefold.features.feeds import Feed, TableFeeds, feeds_of
from ninefold.features.ring import Ring
from ninefold.features.snapshot import frozen, thawed, warm
from ninefold.features.spec import GroupSpec, features_of

HOUR = 3_600_000_000
DAY = 24 * HOUR
_FORMAT = 1  # of snapshots

Past = Callable[[str, "Mapping[str, Any]", int], dict[str, Any]]


class Fold:
    """Rings of rows per entity, for several groups; exact at any ``q`` from ``slack`` µs before the newest on.

    Rows come through :meth:`apply` in instalments under their table's key: a value counts once its entity, event time
    and column are all there. A filled cell adds, another value for a known cell begins a new version: the old one counts
    until then. Rows expire when no window (and slack) reaches them; the clock of expiry is the greatest ``received`` and
    ``q`` seen, never a time in the data. Windows over all of the past (``nf.last("column")``) keep all their rows.

    One lock guards it: threads may apply and look up at once. ``past`` answers below the slack (from the lake); without
    it such a lookup raises UsageError. ``patience`` (µs) is how long an incomplete row waits for its other columns.
    """

    def __init__(self, groups: Sequence[GroupSpec], *, slack: int = HOUR, patience: int = 30 * DAY, past: Past | None = None) -> None:
        self.groups = {spec.name: spec for spec in groups}
        self.slack, self.past = slack, past
        self.clock: int | None = None
        self.tables: dict[str, TableFeeds] = {}
        self._plans: dict[str, _Plan] = {}
        self._lock = threading.RLock()
        for spec in groups:
            group = features_of(spec)
            if not group.aggregates:
                continue
            assert spec.table is not None  # a group that aggregates names its table
            table = self.tables.setdefault(spec.table.name, TableFeeds(spec.table, patience))
            plan = _Plan(group.by, [])
            for name, aggregate in group.aggregates:
                feed, question_by = feeds_of(table, group, aggregate)
                plan.reads.append((name, aggregate, feed, None if question_by == group.by else question_by, group.same_instant))
            self._plans[spec.name] = plan

    def apply(self, table: str, rows: Iterable[Mapping[str, Any]], received: int | None = None) -> int:
        """Take in rows, or parts of them, of a table: key columns and values, times as µs UTC. Returns how many.

        A column that is absent says nothing new; None says that it is known to be empty. A value counts from the latest
        of its declared known time and ``received`` (or the row's own ``__received``); without either, as a backfill, from
        its declared known time. Tables that no group reads are passed over. Raises DataError for a row without its key.
        """
        feeds = self.tables.get(table)
        if feeds is None:
            return 0
        with self._lock:
            if received is not None:
                self._advance(received)
            return feeds.apply(rows, received, self._advance, self._horizon())

    def lookup(self, group: str, entity: "tuple[Any, ...] | Mapping[str, Any]", q: int) -> dict[str, Any]:
        """The group's aggregates for an entity at ``q``: the entity's values in the order of ``by``, or the question's columns.

        Null everywhere where a value of the entity is null. Raises NotFoundError for an unknown group, UsageError below the slack.
        """
        plan = self._plans.get(group)
        if plan is None:
            if group in self.groups:
                return {}
            raise NotFoundError(f'there are no features "{group}"', hint=closest(group, self.groups))
        who = entity if isinstance(entity, Mapping) else dict(zip(plan.by, entity, strict=True))
        with self._lock:
            if self.clock is not None and q < self.clock - self.slack:
                if self.past is None:
                    raise UsageError(
                        f"asked at {q}, more than {self.slack} µs before the newest {self.clock}", hint="ask the lake: it answers at any time"
                    )
                return self.past(group, who, q)
            if self.clock is None or q > self.clock:
                self.clock = q
            return plan.answers(who, q)

    def warm(self, table: str, view: pl.DataFrame, now: int) -> int:
        """Load a table's view, as known before ``now``: the rows that some window (and slack) still reaches. Returns how many."""
        feeds = self.tables.get(table)
        if feeds is None:
            return 0
        with self._lock:
            self._advance(now)
            return warm(feeds, view, now - self.slack)

    def snapshot(self) -> bytes:
        """Everything that the fold holds, to go on from after a restart."""
        with self._lock:
            tables = {name: frozen(table) for name, table in self.tables.items()}
            return msgspec.msgpack.encode([_FORMAT, [s.json() for s in self.groups.values()], self.clock, tables])

    def load(self, data: bytes) -> None:
        """Go on from a snapshot. Raises ConflictError where the groups were defined otherwise: then warm it from the lake."""
        version, groups, clock, tables = msgspec.msgpack.decode(data)
        if version != _FORMAT or groups != [s.json() for s in self.groups.values()]:
            raise ConflictError("the snapshot is of other features", hint="warm the fold from the lake instead")
        with self._lock:
            self.clock = clock
            for name, state in tables.items():
                thawed(self.tables[name], state)

    def expire(self) -> int:
        """Forget what no question within the slack can reach, also of entities that nobody writes to. Returns the rows left."""
        with self._lock:
            return sum(table.expire(self._horizon()) for table in self.tables.values())

    def _advance(self, at: int) -> None:
        if self.clock is None or at > self.clock:
            self.clock = at

    def _horizon(self) -> int | None:
        return None if self.clock is None else self.clock - self.slack


class _Plan:
    """How a group is read: each aggregate, its feed, and the question's columns where they are not the group's."""

    __slots__ = ("by", "reads")

    def __init__(self, by: tuple[str, ...], reads: list[tuple[str, Aggregate, Feed, tuple[str, ...] | None, bool]]) -> None:
        self.by, self.reads = by, reads

    def answers(self, who: Mapping[str, Any], q: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, aggregate, feed, by, same_instant in self.reads:
            columns = self.by if by is None else by
            try:
                values = tuple([who[c] for c in columns])
            except KeyError as error:
                raise DataError(f'the question has no column "{error.args[0]}"', hint=closest(error.args[0], who)) from None
            if None in values:
                found[name] = None
                continue
            found[name] = feed.rings.get(values[0] if len(values) == 1 else values, _NONE).read(aggregate, q, same_instant)
        return found


_NONE = Ring()
