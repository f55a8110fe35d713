"""A detector of change in a daily series that may be looked at for ever: the e-SR detector on seasonal recursive residuals.

1. The series is made free of yesterday, y_t = s_t − ρ s_{t−1}, and predicted from (1, weekday) by ridge regression up to t − 1. The
   standardised prediction errors w_t are independent while nothing changes (Brown, Durbin & Evans 1975). A baseline that is frozen
   instead gives false alarms without end, because its own error comes back every day.
2. p_t = P(|T| ≥ |w_t|); e_t = (1 − p + p ln p)/(p ln² p), the mixture of all κ p^{κ−1} (Vovk & Wang 2021).
3. M_t = (M_{t−1} + 1)·e_t (Shiryaev–Roberts). Without change the mean time to M ≥ A is at least A (Shin, Ramdas & Rinaldo 2022).
4. Nobody cares for a change that is small: an alarm needs M ≥ A *and* a size above a gate.

The baseline learns from every window that is not in an incident. Where ρ has to be estimated, step 3 is valid only nearly; simulations
of independent, autocorrelated and seasonal days (tests/stats) show that the gate carries the rest.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ninefold.stats.bootstrap import Floats
from ninefold.stats.paired import student_tail
from ninefold.stats.sequential import autocorrelation

FEWEST_WINDOWS = 28
QUIET = 7
_DIFFUSE = 1e6


class Look(NamedTuple):
    """What the detector says after one window: its statistic ``m``, whether an incident is ``open``, whether it is worth watching
    (``m`` at a tenth of the limit), the window since which things have moved, and the size now.
    """

    m: float
    open: bool
    watch: bool
    since: int
    size: float


def e_value(p: float) -> float:
    """(1 − p + p ln p)/(p ln² p): large for small p, 1/2 at p = 1, mean 1 for uniform p.

    >>> round(e_value(0.001), 1), e_value(1.0)
    (20.8, 0.5)
    """
    p = max(p, 1e-300)
    if p > 1 - 1e-4:
        return 0.5 + (1 - p) / 6
    log = math.log(p)
    return (1 - p + p * log) / (p * log * log)


class Residuals:
    """Standardised one-step prediction errors of one score, from a reference of at least 28 windows."""

    def __init__(self, reference: Floats, season: NDArray[np.int64], seasons: int) -> None:
        self._seasons = seasons
        means = np.array([reference[season == k].mean() if (season == k).any() else reference.mean() for k in range(seasons)])
        rest = reference - means[season]
        self._rho = autocorrelation(rest)
        # a score that is the same on every Monday has no noise of its own; without a floor the prior below would have no limit
        noise = float((rest[1:] - self._rho * rest[:-1]).var()) + 1e-6 * float(reference.var()) + 1e-18
        weeks = max(1.0, len(reference) / seasons)
        between = max(0.0, float(means.var(ddof=1)) - noise / weeks) if seasons > 1 else 0.0
        self._p = np.diag([_DIFFUSE, *[between / noise] * seasons])
        self._beta = np.zeros(seasons + 1)
        self._squares, self._freedom = 0.0, -1
        self._before: tuple[float, int] | None = None
        for value, place in zip(reference.tolist(), season.tolist(), strict=True):
            self.step(value, place, learn=True)

    def step(self, value: float, season: int, *, learn: bool) -> float:
        """The two-sided p-value of the next window, given all before it; then learn from it."""
        if self._before is None:
            self._before = (value, season)
            return 1.0
        x, y = self._row(season), value - self._rho * self._before[0]
        self._before = (value, season)
        spread = 1 + max(0.0, float(x @ self._p @ x))
        error = y - float(x @ self._beta)
        p = self._p_value(error, spread)
        if learn:
            gain = self._p @ x / spread
            self._beta = self._beta + gain * error
            self._p = self._p - np.outer(gain, x @ self._p)
            # the first window only finds the level
            if self._freedom >= 0:
                self._squares += error * error / spread
            self._freedom += 1
        return p

    def _p_value(self, error: float, spread: float) -> float:
        if self._freedom < 2:
            return 1.0
        scale = math.sqrt(self._squares / self._freedom * spread)
        if scale <= 1e-9 * max(1.0, abs(float(self._beta[0]))):
            # a score that never moved says nothing by itself; the size gate sees a constant that changes
            return 1.0 if abs(error) <= 1e-9 * max(1.0, abs(float(self._beta[0]))) else 1e-12
        return student_tail(error / scale, self._freedom)

    def _row(self, season: int) -> Floats:
        assert self._before is not None
        row = np.zeros(self._seasons + 1)
        row[0] = 1 - self._rho
        row[1 + season] += 1
        row[1 + self._before[1]] -= self._rho
        return row


class Detector:
    """The detector of one series of windows: it has learnt from a reference, and takes the windows after it one by one.

    Args:
        scores: (windows, scores) of the reference; several scores share an e-value, their mean (valid under any dependence).
        season: the weekday of each of these windows, 0 to ``seasons`` − 1.
        limit: A, the mean number of windows between false alarms.
        gate: the size from which a change matters.
        seasons: how many seasons there are.
        quiet: an incident closes after so many windows below half of the gate.
    """

    def __init__(self, scores: Floats, season: Sequence[int], *, limit: float, gate: float, seasons: int = 7, quiet: int = QUIET) -> None:
        places = np.asarray(season, dtype=np.int64)
        self.limit, self.gate, self.quiet = limit, gate, quiet
        self._models = [Residuals(scores[:, k], places, seasons) for k in range(scores.shape[1])]
        self._at = self._since = len(scores)
        self._m = self._climbed = 0.0
        self._opened, self._calm = False, 0

    def step(self, scores: Floats, season: int, size: float) -> Look:
        """Look at the next window: its scores, its season, and how large the change is there, noise removed."""
        p = [model.step(float(value), season, learn=not self._opened) for model, value in zip(self._models, scores, strict=True)]
        e = float(np.mean([e_value(v) for v in p]))
        # beyond the limit more evidence would only make the alarm slow to end
        self._m = min(10 * self.limit, (self._m + 1) * e)
        if not self._opened:
            # the change is where the evidence began to climb: the last reset of its cumulative sum (Page 1954)
            self._climbed = max(0.0, self._climbed + math.log(e))
        if self._climbed == 0:
            self._since = self._at + 1
        if self._opened:
            self._calm = self._calm + 1 if size < self.gate / 2 else 0
            if self._calm >= self.quiet:
                self._opened, self._calm, self._m = False, 0, 0.0
        elif self._m >= self.limit and size > self.gate:
            self._opened, self._calm = True, 0
        look = Look(self._m, self._opened, self._m >= self.limit / 10, min(self._since, self._at), size)
        self._at += 1
        return look


def watch(
    scores: Floats, season: Sequence[int], sizes: Sequence[float], *, reference: int, limit: float, gate: float, seasons: int = 7, quiet: int = QUIET
) -> list[Look]:
    """Look at every window after the reference, in order: the first ``reference`` windows, at least 28, are the reference; see
    :class:`Detector` for the rest. The sizes of the reference are not read.

    >>> rng = np.random.default_rng(0)
    >>> series = np.concatenate([rng.normal(0, 1, 60), rng.normal(4, 1, 10)])
    >>> looks = watch(series[:, None], [t % 7 for t in range(70)], [0.0] * 60 + [1.0] * 10, reference=50, limit=500, gate=0.5)
    >>> [50 + i for i, look in enumerate(looks) if look.open][0] < 64
    True
    """
    detector = Detector(scores[:reference], season[:reference], limit=limit, gate=gate, seasons=seasons, quiet=quiet)
    return [detector.step(scores[t], int(season[t]), float(sizes[t])) for t in range(reference, len(scores))]
