"""Drift followed from look to look: the findings of ``drift`` on all days so far, with each day scored once."""

from collections.abc import Sequence

import msgspec

from ninefold.monitors.distributions import GATE, History, drift, finding_of, scored, usual_size
from ninefold.monitors.finding import Finding, detector_limit, weekday
from ninefold.stats.detector import FEWEST_WINDOWS, Detector, Look
from ninefold.stats.histogram import Histogram


class Following:
    """The detectors of a monitor's columns. Each look gives the days since the last one; the reference stays the same."""

    def __init__(self, *, budget: str = "1 per quarter", gate: float = GATE) -> None:
        self.budget, self.gate = budget, gate
        self._columns: dict[str, _Column] = {}

    def look(self, histories: Sequence[History]) -> list[Finding]:
        """What has drifted as of the last window of each column. ``histories`` hold all days, as for :func:`drift`."""
        found = []
        used = [one for one in histories if len(one.windows) > one.reference]
        short = [one for one in used if sum(w.n > 0 for w in one.windows[: one.reference]) < FEWEST_WINDOWS]
        limit = detector_limit(len(used), self.budget)
        for one in used:
            if one not in short:
                last = self._column(one, limit).look(one)
                if last is not None and (last.open or last.watch):
                    found.append(finding_of(one, last, limit, self.gate))
        return found + (drift(short, budget=self.budget, gate=self.gate) if short else [])

    def _column(self, one: History, limit: float) -> "_Column":
        known = self._columns.get(one.column)
        if known is None or known.limit != limit or known.reference != one.days[: one.reference]:
            known = self._columns[one.column] = _Column(one, limit, self.gate)
        return known


class _Column:
    def __init__(self, one: History, limit: float, gate: float) -> None:
        self.reference, self.limit = one.days[: one.reference], limit
        # days without rows say nothing about the distribution; freshness tells of them
        kept = [i for i in range(one.reference) if one.windows[i].n > 0]
        self._days = tuple(one.days[i] for i in kept)
        self._windows = tuple(one.windows[i] for i in kept)
        alone = msgspec.structs.replace(one, days=self._days, windows=self._windows, reference=len(kept))
        self._usual = usual_size(alone)
        self._detector = Detector(scored(alone, self._usual)[0], [weekday(d) for d in self._days], limit=limit, gate=gate)
        self._seen: list[int] = []
        self._last: Look | None = None

    def look(self, one: History) -> Look | None:
        """Take the windows that are new; how things stand, ``since`` being a position among the history's days."""
        new = [(d, w) for d, w in zip(one.days[one.reference :], one.windows[one.reference :], strict=True) if w.n > 0]
        new = [(d, w) for d, w in new if not self._seen or d > self._seen[-1]]
        if new:
            self._step(one, [d for d, _ in new], [w for _, w in new])
        if self._last is None:
            return None
        place = self._last.since - len(self._days)
        day = self._seen[min(max(0, place), len(self._seen) - 1)]
        return self._last._replace(since=one.days.index(day) if day in one.days else len(one.days) - 1)

    def _step(self, one: History, days: list[int], windows: list[Histogram]) -> None:
        whole = msgspec.structs.replace(one, days=(*self._days, *days), windows=(*self._windows, *windows), reference=len(self._days))
        scores, sizes = scored(whole, self._usual)
        for i, day in enumerate(days, start=len(self._days)):
            self._last = self._detector.step(scores[i], weekday(day), float(sizes[i]))
            self._seen.append(day)
