"""When rows count: each row is alive over one stretch of the questions, once these are sorted by (entity, time).

A row counts for a past window ``w`` at the questions ``q`` in ``(max(k, e), min(e + w, gone)]``, for a planned one at
those in ``(max(k, e - w), min(e, gone)]``. Sorted questions turn both edges into positions by binary search; late rows,
corrections and lags need nothing further, and no rows are joined.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]
NEVER = np.iinfo(np.int64).max  # a known time or end that does not come
_FAR = 1 << 62  # beyond any time, and sums with a window do not overflow


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions sorted by (entity, time). ``order`` holds their places in the frame, without those of nobody."""

    order: Int
    keys: Int
    bits: int
    low: int
    high: int
    ranks: Int | None  # the distinct times, where entity and time do not fit into 63 bits together

    @classmethod
    def sort(cls, entity: Int, q: Int) -> "Asked":
        """Sort the questions; those with the entity -1 are left out (they get null for everything)."""
        places = np.flatnonzero(entity >= 0)
        entity, q = entity[places], q[places]
        low, high = (int(q.min()), int(q.max())) if len(q) else (0, 0)
        bits = (high - low + 2).bit_length()
        ranks = None
        if len(q) and int(entity.max()) >> (62 - bits):
            ranks = np.unique(q)
            bits = (len(ranks) + 2).bit_length()
        asked = cls(places, places, bits, low, high, ranks)
        keys = asked.pack(entity, q)
        order = np.argsort(keys, kind="stable")
        return cls(places[order], keys[order], bits, low, high, ranks)

    def pack(self, entity: Int, time: Int) -> Int:
        """(entity, time) as one number; only how a time lies to the questions' times is kept."""
        if self.ranks is not None:
            within = np.searchsorted(self.ranks, time, side="right").astype(np.int64)
        else:
            within = np.clip(time, self.low - 1, self.high) - (self.low - 1)
        return (entity << self.bits) | within

    def after(self, entity: Int, time: Int) -> Int:
        """The place of the first question of the entity later than ``time``."""
        return np.searchsorted(self.keys, self.pack(entity, time), side="right").astype(np.int64)

    @property
    def count(self) -> int:
        """Number of questions of somebody."""
        return len(self.order)

    @property
    def last(self) -> int:
        """The greatest entity that is asked about."""
        return int(self.keys[-1]) >> self.bits if len(self.keys) else -1


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one group, those that can count: entity, event time, known time, sequence, end by a newer version."""

    entity: Int
    e: Int
    k: Int
    seq: Int
    gone: Int | None
    index: Int  # their places in the view


@dataclass(frozen=True, slots=True)
class Alive:
    """``rows`` (places in :class:`Rows`) count for the sorted questions ``low`` to ``high`` (excluded)."""

    rows: Int
    low: Int
    high: Int


def begin(rows: Rows, window: int | None, ahead: bool, before: int, same_instant: bool) -> Int:
    """The instant after which a row counts."""
    early = 1 if same_instant else 0  # k ≤ q and e ≤ q, in whole microseconds
    edge = rows.e - _span(window) if ahead else rows.e + (before - early)
    return np.maximum(rows.k - early, edge)


def end(rows: Rows, window: int | None, ahead: bool, before: int, same_instant: bool) -> Int:
    """The last instant at which a row counts."""
    stop = rows.e if ahead else np.full(len(rows.e), _FAR) if window is None else rows.e + (before + window)
    if rows.gone is None:
        return stop
    return np.minimum(stop, rows.gone - 1 if same_instant else rows.gone)


def alive(asked: Asked, rows: Rows, low: Int, stop: Int) -> Alive:
    """The stretches of rows that begin at the positions ``low`` and end with ``stop``; rows without one are left out."""
    high = asked.after(rows.entity, stop)
    some = np.flatnonzero(high > low)
    return Alive(some, low[some], high[some])


def newest(asked: Asked, rows: Rows, start: Int, stop: Int, n: int) -> Alive:
    """The stretches in which a row is among the ``n`` newest of its entity, by (e, k, seq)."""
    order = np.lexsort((rows.seq, rows.k, rows.e, rows.entity))
    entity, begins = rows.entity[order], start[order]
    same = entity[1:] == entity[:-1]
    if rows.gone is None and bool(np.all(begins[1:][same] >= begins[:-1][same])):
        # known in the order of their events: a row leaves when the n-th row after it begins
        pushed = np.full(len(order), _FAR)
        if len(order) > n:
            followed = entity[n:] == entity[:-n]
            pushed[:-n][followed] = begins[n:][followed]
        ends = np.empty_like(pushed)
        ends[order] = np.minimum(pushed, stop[order])
        return alive(asked, rows, asked.after(rows.entity, start), ends)
    return _newest_swept(asked, rows, order, start, stop, n)


def _newest_swept(asked: Asked, rows: Rows, order: Int, start: Int, stop: Int, n: int) -> Alive:
    """The same where rows come late or are replaced: a sweep over begins and ends, keeping the known rows in order."""
    low, high = asked.after(rows.entity, start), asked.after(rows.entity, stop)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    events = sorted(
        (int(entity), int(place), kind, int(rank[i]))
        for i, entity in enumerate(rows.entity)
        if high[i] > low[i]
        for kind, place in ((1, low[i]), (0, high[i]))
    )
    found: list[tuple[int, int, int]] = []
    known: list[int] = []
    since: dict[int, int] = {}
    here = -1
    for who, place, kind, which in events:
        if who != here:
            known, since, here = [], {}, who
        if kind:
            insort(known, which)
        else:
            known.pop(bisect_left(known, which))
        now = set(known[-n:])
        found.extend((left, since.pop(left), place) for left in since.keys() - now)
        for came in now - since.keys():
            since[came] = place
    table = np.array([f for f in found if f[2] > f[1]], np.int64).reshape(-1, 3)
    return Alive(order[table[:, 0]], table[:, 1], table[:, 2])


def _span(window: int | None) -> int:
    return 0 if window is None else window
