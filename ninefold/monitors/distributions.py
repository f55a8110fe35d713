"""The drift check: each column's daily windows against its own variation between days, the same weekday."""

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from ninefold.monitors.finding import Finding, day_text, detector_limit, weekday
from ninefold.stats.bootstrap import Floats
from ninefold.stats.corrections import benjamini_hochberg
from ninefold.stats.detector import FEWEST_WINDOWS, Look, watch
from ninefold.stats.histogram import Grid, Histogram, total
from ninefold.stats.sizes import homogeneity_p, ks_distance, ks_p, ks_size, tv_distance, tv_size

GATE = 0.05
"""The share of rows that must have moved, sampling noise removed, for a drift to matter."""
LEVEL = 0.05
ORDINARY = 0.9
"""The share of the reference's days whose distance from the others counts as ordinary."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """A column's daily windows on its reference's grid, in order; the first ``reference`` of them are the reference."""

    column: str
    grid: Grid
    days: tuple[int, ...]
    windows: tuple[Histogram, ...]
    reference: int


def drift(histories: Sequence[History], *, budget: str = "1 per quarter", gate: float = GATE) -> list[Finding]:
    """What has drifted as of the last window of each column. All columns together raise a quarter of ``budget`` without a cause.

    A column needs 28 windows of reference; with fewer, the windows since are compared once with the reference, rows taken as
    independent, and what is found is only watched.
    """
    used = [one for one in map(_with_rows, histories) if len(one.windows) > one.reference]
    short = [one for one in used if one.reference < FEWEST_WINDOWS]
    limit = detector_limit(len(used), budget)
    found = []
    for one in used:
        if one.reference >= FEWEST_WINDOWS:
            scores, sizes = scored(one)
            season = [weekday(d) for d in one.days]
            last = watch(scores, season, sizes, reference=one.reference, limit=limit, gate=gate)[-1]
            if last.open or last.watch:
                found.append(finding_of(one, last, limit, gate))
    return found + _once(short, gate)


def _with_rows(one: History) -> History:
    """Days without rows say nothing about the distribution; freshness tells of them."""
    kept = [i for i, window in enumerate(one.windows) if window.n > 0]
    if len(kept) == len(one.windows):
        return one
    return History(
        column=one.column,
        grid=one.grid,
        days=tuple(one.days[i] for i in kept),
        windows=tuple(one.windows[i] for i in kept),
        reference=sum(i < one.reference for i in kept),
    )


def scored(one: History, usual: float | None = None) -> tuple[Floats, list[float]]:
    """The scores of every window (windows, scores), and its size against the same weekday of the reference (0 within the reference).

    What the reference's own days show, ``usual`` (see :func:`usual_size`), is taken off the size: rows of one day share their weather.
    """
    ordinary = usual_size(one) if usual is None else usual
    counts = np.array([w.counts for w in one.windows], dtype=np.float64)
    nulls = np.array([w.null + w.nan for w in one.windows], dtype=np.float64)
    season = np.array([weekday(d) for d in one.days])
    same = {k: counts[: one.reference][season[: one.reference] == k] for k in range(7)}
    same = {k: part if len(part) else counts[: one.reference] for k, part in same.items()}
    shape = _number_scores(one.grid, counts, one.reference) if one.grid.kind == "number" else _category_scores(counts, season, same, one.reference)
    rows = counts.sum(1) + nulls
    null_score = np.log((nulls + 0.5) / (rows - nulls + 0.5))
    sizes = [0.0] * one.reference
    for t in range(one.reference, len(counts)):
        size = max(_size(one.grid, counts[t], same[int(season[t])].sum(0)), _null_size(nulls, rows, season, one.reference, t))
        sizes.append(max(0.0, size - ordinary))
    return np.column_stack([*shape, null_score]), sizes


def usual_size(one: History) -> float:
    """How far nine of ten of the reference's days lie from the others on the same weekday: what a day differs by when nothing happened.

    Row noise is taken off each size already; what is left is the variation between days, which no number of rows makes smaller.
    """
    counts = np.array([w.counts for w in one.windows[: one.reference]], dtype=np.float64)
    season = np.array([weekday(d) for d in one.days[: one.reference]])
    found = []
    for k in range(7):
        part = counts[season == k]
        pooled = part.sum(0)
        found += [_size(one.grid, day, pooled - day) for day in part if len(part) > 1 and day.sum() and (pooled - day).sum()]
    return max(0.0, float(np.quantile(found, ORDINARY))) if found else 0.0


def _number_scores(grid: Grid, counts: Floats, reference: int) -> list[Floats]:
    """The mean, in standard deviations of the reference, and the log of the standard deviation; from bin means, so that one wild value
    does not decide.
    """
    means, n = np.asarray(grid.means), np.maximum(counts.sum(1), 1)
    pooled = counts[:reference].sum(0)
    centre = float((pooled * means).sum() / max(pooled.sum(), 1))
    sd = math.sqrt(float((pooled * (means - centre) ** 2).sum() / max(pooled.sum(), 1))) or 1.0
    scaled = (means - centre) / sd
    mean = counts @ scaled / n
    variance = np.maximum(counts @ scaled**2 / n - mean**2, 0)
    return [mean, 0.5 * np.log(variance + 1e-6)]


def _category_scores(
    counts: Floats, season: np.ndarray[tuple[int, ...], np.dtype[np.int64]], same: Mapping[int, Floats], reference: int
) -> list[Floats]:
    """√ of the total variation to the same weekday of the reference, each reference window left out of its own comparison."""
    found = np.empty(len(counts))
    for t, window in enumerate(counts):
        others = same[int(season[t])].sum(0)
        if t < reference and others.sum() > window.sum():
            others = others - window
        found[t] = math.sqrt(max(0.0, tv_distance(window, others)))
    return [found]


def _size(grid: Grid, window: Floats, reference: Floats) -> float:
    return ks_size(window, reference) if grid.kind == "number" else tv_size(window, reference)


def _null_size(nulls: Floats, rows: Floats, season: np.ndarray[tuple[int, ...], np.dtype[np.int64]], reference: int, t: int) -> float:
    before = season[:reference] == season[t]
    before = before if before.any() else np.ones(reference, dtype=bool)
    a = np.array([nulls[t], rows[t] - nulls[t]])
    b = np.array([nulls[:reference][before].sum(), (rows - nulls)[:reference][before].sum()])
    return tv_size(a, b)


def finding_of(one: History, last: Look, limit: float, gate: float) -> Finding:
    """What a column that moved says: since when, how much, in its own unit."""
    reference, now = total(one.windows[: one.reference]), one.windows[-1]
    since = one.days[min(last.since, len(one.days) - 1)]
    moved = describe(one.grid, reference, now) if reference is not None else ""
    share = f"{max(0.0, last.size):.0%}"
    text = f"{one.column} has moved since {day_text(since)}: {share} of the rows lie elsewhere than on the same weekday of the reference{moved}"
    return Finding(
        check="drift",
        subject=one.column,
        score=last.m,
        limit=limit,
        since=since,
        severity="alarm" if last.open else "watch",
        text=text,
        details={"size": last.size, "gate": gate, "reference_windows": one.reference},
    )


def describe(grid: Grid, reference: Histogram, now: Histogram) -> str:
    """What moved, in the column's own unit: the middle of numbers, the share of the category that changed most, the nulls."""
    a, b = reference.array(), now.array()
    if a.sum() == 0 or b.sum() == 0:
        return "; there are only nulls"
    null_a, null_b = ((h.null + h.nan) / max(1, h.n) for h in (reference, now))
    nulls = f"; nulls {null_a:.1%} → {null_b:.1%}" if abs(null_a - null_b) > 0.01 else ""
    if grid.kind == "number":
        means = np.asarray(grid.means)
        return f"; mean {float(a @ means / a.sum()):.4g} → {float(b @ means / b.sum()):.4g}{nulls}"
    shift = b / b.sum() - a / a.sum()
    place = int(np.abs(shift).argmax())
    name = (*grid.values, "other", "never seen before")[place]
    return f'; "{name}" {a[place] / a.sum():.1%} → {b[place] / b.sum():.1%}{nulls}'


def _once(histories: Sequence[History], gate: float) -> list[Finding]:
    """One comparison of all windows since with the reference: p-values corrected over the columns, and the size."""
    pairs = [(one, total(one.windows[: one.reference]), total(one.windows[one.reference :])) for one in histories]
    known = [(one, a, b) for one, a, b in pairs if a is not None and b is not None]
    compared = [compare(one.grid, a, b) for one, a, b in known]
    corrected = benjamini_hochberg([p for p, _ in compared])
    found = []
    for (one, a, b), (_, size), p in zip(known, compared, corrected, strict=True):
        if p < LEVEL and size > gate:
            text = (
                f"{one.column} differs from its {one.reference} days of reference{describe(one.grid, a, b)} (too few days to judge its own variation)"
            )
            found.append(
                Finding(
                    check="drift",
                    subject=one.column,
                    score=size,
                    limit=gate,
                    since=one.days[one.reference],
                    severity="watch",
                    text=text,
                    details={"p": p},
                )
            )
    return found


def compare(grid: Grid, a: Histogram, b: Histogram) -> tuple[float, float]:
    """The p-value (rows taken as independent) and the size of the difference of two histograms, nulls included."""
    x, y = a.array(), b.array()
    nulls = [np.array([h.null + h.nan, sum(h.counts)], dtype=np.float64) for h in (a, b)]
    shape = ks_p(ks_distance(x, y), x.sum(), y.sum()) if grid.kind == "number" else homogeneity_p(x, y)
    size = _size(grid, x, y)
    p = min(1.0, 2 * min(shape, homogeneity_p(*nulls)))
    return p, max(size, tv_size(*nulls), 0.0)
