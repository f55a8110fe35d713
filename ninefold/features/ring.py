"""The rows of one entity that may still count, in order of (e, k, seq); running sums over them, read at any ``q``."""

import math
from bisect import bisect_left, bisect_right
from typing import Any

from ninefold.features import oracle
from ninefold.features.aggregate import Aggregate

_POINT = 200  # doubles are added as whole numbers of 2⁻²⁰⁰: exactly, so that a sum never drifts
_WILD = 700  # beyond 2⁷⁰⁰, and for infinities, values are added one by one at read
_BLOCK = 64  # rows whose least and greatest value are kept, for windows of many rows


class Ring:
    """Parallel columns: event time ``e``, known time ``k``, sequence ``s``, value ``v``, end ``g`` (of replaced rows, else None).

    ``n``, ``total``, ``squares`` are running counts and sums before each row, ``top`` the greatest known time up to it;
    they are built on read, up to the row ``built``, and rebuilt behind a row that came late.
    """

    __slots__ = ("_high", "_low", "built", "e", "g", "k", "limit", "n", "real", "s", "squares", "top", "total", "v", "wild")

    def __init__(self) -> None:
        self.e: list[int] = []
        self.k: list[int] = []
        self.s: list[int] = []
        self.v: list[Any] = []
        self.g: list[int | None] | None = None
        self.real = self.wild = False
        self.limit = 64
        self.built = 0
        self.n, self.total, self.squares, self.top = [0], [0], [0], list[int]()
        self._low, self._high = list[Any](), list[Any]()

    def insert(self, e: int, k: int, s: int, v: Any) -> None:
        """Add a row; in the usual order of arrival this is an append."""
        if v.__class__ is float:
            if v != v:
                v = None  # NaN is read as null
            else:
                self._is_real(v)
        times = self.e
        at = len(times)
        if at and (e < times[-1] or (e == times[-1] and (k, s) < (self.k[-1], self.s[-1]))):
            at = bisect_right(times, e)
            while at and times[at - 1] == e and (self.k[at - 1], self.s[at - 1]) > (k, s):
                at -= 1
            self._rebuild_from(at)
        times.insert(at, e)
        self.k.insert(at, k)
        self.s.insert(at, s)
        self.v.insert(at, v)
        if self.g is not None:
            self.g.insert(at, None)

    def replace(self, e: int, k: int, s: int, gone: int | None) -> None:
        """End a row at ``gone``, the known time of its next version; None takes it out."""
        at = bisect_left(self.e, e)
        while at < len(self.e) and self.e[at] == e and (self.k[at], self.s[at]) != (k, s):
            at += 1
        if at == len(self.e) or self.e[at] != e:
            return  # it has expired
        if gone is not None and gone > k:
            if self.g is None:
                self.g = [None] * len(self.e)
            self.g[at] = gone
            return
        for column in (self.e, self.k, self.s, self.v, self.g):
            if column is not None:
                del column[at]
        self._rebuild_from(at)

    def trim(self, before: int | None, ended: int) -> None:
        """Forget rows that happened before ``before``, and versions that were replaced before ``ended``."""
        at = bisect_left(self.e, before) if before is not None else 0
        if at:
            for column in (self.e, self.k, self.s, self.v, self.g):
                if column is not None:
                    del column[:at]
            if self.built >= at:
                for running in (self.n, self.total, self.squares, self.top):
                    del running[:at]
                self.built -= at
                self._low, self._high = [], []
            else:
                self._forget()
        if self.g is not None:
            stay = [i for i, g in enumerate(self.g) if g is None or g >= ended]
            if len(stay) < len(self.g):
                self.e, self.k, self.s, self.v = ([column[i] for i in stay] for column in (self.e, self.k, self.s, self.v))
                kept = [self.g[i] for i in stay]
                self.g = kept if any(g is not None for g in kept) else None
                self._forget()
        self.limit = max(64, 2 * len(self.e))

    def read(self, a: Aggregate, q: int, same_instant: bool) -> Any:
        """The aggregate at ``q``: exactly the rows known then, whatever has come since."""
        known = q + 1 if same_instant else q
        low, high = self._window(a, q, known)
        if a.rows is not None or a.op in ("first", "last"):
            return self._ordered(a, low, high, known)
        if self.g is None and not self.wild and a.op in ("count", "sum", "mean", "std", "any") and (a.op != "any" or a.column is None):
            return self._summed(a, low, high, known)
        if self.g is None and a.op in ("min", "max") and high - low > 2 * _BLOCK:
            values = self._extremes(low, high, known, a.op)
        else:
            values = self._visible(low, high, known)
        return _reduced(a, values)

    def _window(self, a: Aggregate, q: int, known: int) -> tuple[int, int]:
        if a.ahead:
            return bisect_left(self.e, q), bisect_left(self.e, q + (a.window or 0))
        low = 0 if a.window is None else bisect_left(self.e, q - a.before - a.window)
        return low, bisect_left(self.e, known - a.before)

    def _sees(self, at: int, known: int) -> bool:
        if self.k[at] >= known:
            return False
        gone = None if self.g is None else self.g[at]
        return gone is None or gone >= known

    def _visible(self, low: int, high: int, known: int) -> list[Any]:
        if self.g is None:
            return [v for v, k in zip(self.v[low:high], self.k[low:high], strict=True) if k < known]
        return [self.v[i] for i in range(low, high) if self._sees(i, known)]

    def _ordered(self, a: Aggregate, low: int, high: int, known: int) -> Any:
        if a.rows is None:
            places = range(low, high) if a.op == "first" else range(high - 1, low - 1, -1)
            for at in places:
                if self._sees(at, known):
                    return self.v[at]
            return a.empty
        newest: list[Any] = []
        for at in range(high - 1, low - 1, -1):
            if self._sees(at, known):
                newest.append(self.v[at])
                if len(newest) == a.rows:
                    break
        if a.op in ("first", "last"):
            return (newest[-1] if a.op == "first" else newest[0]) if newest else a.empty
        return _reduced(a, newest[::-1])

    def _summed(self, a: Aggregate, low: int, high: int, known: int) -> Any:
        if self.built < high:
            self._build()
        sure = max(bisect_left(self.top, known, 0, high), low)  # rows before were all known
        rows = sure - low
        n, total = self.n[sure] - self.n[low], self.total[sure] - self.total[low]
        squares = self.squares[sure] - self.squares[low] if a.op == "std" else 0
        for at in range(sure, high):
            if self.k[at] < known:
                rows += 1
                if (v := self.v[at]) is not None and v.__class__ is not str:
                    whole = self._whole(v)
                    n, total, squares = n + 1, total + whole, squares + whole * whole
                elif v is not None:
                    n += 1
        if a.op == "any":
            return rows > 0 or (False if a.empty is None else a.empty)
        found = rows if a.column is None else n
        if not found:
            return 0 if a.op == "count" and a.empty is None else a.empty
        if a.op == "count":
            return found
        if a.op == "std":
            if n < 2:
                return None
            return math.sqrt((n * squares - total * total) / (n * (n - 1) * (1 << 2 * _POINT if self.real else 1)))
        value = total / (1 << _POINT) if self.real else total
        return value / n if a.op == "mean" else value

    def _build(self) -> None:
        n, total, squares, top = self.n, self.total, self.squares, self.top
        count, sum_, square, newest = n[-1], total[-1], squares[-1], top[-1] if top else self.k[0]
        for at in range(self.built, len(self.e)):
            v = self.v[at]
            if v is not None:
                count += 1
                if v.__class__ is not str:
                    whole = self._whole(v)
                    sum_ += whole
                    square += whole * whole
            newest = max(newest, self.k[at])
            n.append(count)
            total.append(sum_)
            squares.append(square)
            top.append(newest)
        self.built = len(self.e)

    def _extremes(self, low: int, high: int, known: int, op: str) -> list[Any]:
        """Candidates for the least or greatest value: whole blocks of rows known, and the rows at both ends."""
        if self.built < high:
            self._build()
        sure = bisect_left(self.top, known, 0, high)
        first, last = -(-low // _BLOCK), sure // _BLOCK
        if last <= first:
            return self._visible(low, high, known)
        kept, better = (self._low, min) if op == "min" else (self._high, max)
        for block in range(len(kept), last):
            kept.append(better((v for v in self.v[block * _BLOCK : (block + 1) * _BLOCK] if v is not None), default=None))
        return [*self._visible(low, first * _BLOCK, known), *kept[first:last], *self._visible(last * _BLOCK, high, known)]

    def _is_real(self, v: float) -> None:
        if not self.real:
            self.real = True
            self._forget()
        if not self.wild and not -(2.0**_WILD) < v < 2.0**_WILD:
            self.wild = True

    def _whole(self, v: Any) -> int:
        if not self.real:
            return int(v)
        return int(math.ldexp(v, _POINT)) if v.__class__ is float else int(v) << _POINT

    def _rebuild_from(self, at: int) -> None:
        if at < self.built:
            for running in (self.n, self.total, self.squares):
                del running[at + 1 :]
            del self.top[at:]
            del self._low[at // _BLOCK :]
            del self._high[at // _BLOCK :]
            self.built = at

    def _forget(self) -> None:
        self.n, self.total, self.squares, self.top = [0], [0], [0], list[int]()
        self._low, self._high = [], []
        self.built = 0


def _reduced(a: Aggregate, values: list[Any]) -> Any:
    """The aggregate over the values of visible rows, null ones included."""
    if a.column is None:
        if a.op == "any":
            return bool(values) or (False if a.empty is None else a.empty)
        return len(values) or (0 if a.empty is None else a.empty)
    there = [v for v in values if v is not None]
    if not there:
        return 0 if a.op == "count" and a.empty is None else a.empty
    return oracle.reduced(a, there)
