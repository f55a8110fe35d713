"""The freshness check: rows come when they are due, as many as usual, and no later than declared."""

import math

import msgspec
import numpy as np

from ninefold.monitors.finding import Finding, weekday
from ninefold.stats.corrections import wilson
from ninefold.units import DAY, HOUR, MINUTE, duration_text, many

FEWEST = 3
"""So many days of the same weekday must be known before a volume is judged."""
LATE_SHARE = 0.01
SPREADS = 5.0


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """How a table's rows have been coming.

    ``days`` and ``rows`` are the finished days, in order, and their numbers of rows (0 where none came); ``arrivals`` the instants in
    µs at which rows came, in order; ``declared_lag`` in µs what ``known=`` promises, ``lagged`` of ``measured`` rows came later.
    """

    table: str
    days: tuple[int, ...] = ()
    rows: tuple[int, ...] = ()
    arrivals: tuple[int, ...] = ()
    declared_lag: int | None = None
    measured: int = 0
    lagged: int = 0


def freshness(feed: Feed, now: int, today: int) -> list[Finding]:
    """Look at one feed at ``now`` (µs) on the day ``today``: is it late, is the last finished day short or long, is its lag as declared?"""
    return [f for f in (_late(feed, now, today), _volume(feed), _lag(feed, today)) if f is not None]


def _late(feed: Feed, now: int, today: int) -> Finding | None:
    """Late: nothing for twice as long as the longest quiet that the feed ever had (a day at least for a feed with few arrivals)."""
    if len(feed.arrivals) < 2:
        return None
    gaps = np.diff(np.asarray(feed.arrivals, dtype=np.int64))
    limit = 2 * int(gaps.max()) if len(gaps) >= 20 else max(DAY, 2 * int(gaps.max()))
    quiet = now - feed.arrivals[-1]
    if quiet <= limit:
        return None
    text = f"{feed.table}: no row for {_span(quiet)}; until now it was never quiet for longer than {_span(int(gaps.max()))}"
    return Finding(
        check="freshness",
        subject=feed.table,
        score=quiet / 1e6,
        limit=limit / 1e6,
        since=today - quiet // DAY,
        severity="alarm",
        text=text,
        details={"kind": "late"},
    )


def _span(us: int) -> str:
    unit = HOUR if us >= 3 * HOUR else MINUTE
    return duration_text(max(MINUTE, us // unit * unit))


def _volume(feed: Feed) -> Finding | None:
    """Volume: the last day's rows against the same weekday before, on the log scale, in its own spread; half or double at least."""
    if len(feed.days) < 2 or len(feed.days) != len(feed.rows):
        return None
    day, count = feed.days[-1], feed.rows[-1]
    same = np.log1p(np.array([r for d, r in zip(feed.days[:-1], feed.rows[:-1], strict=True) if weekday(d) == weekday(day)], dtype=np.float64))
    if len(same) < FEWEST:
        return None
    usual = float(np.median(same))
    # the spread of all days about their weekday's middle: a weekday alone has too few
    spread = 1.4826 * float(np.median(np.abs(_about_weekday(feed)))) + 0.02 + 1 / math.sqrt(max(1.0, math.expm1(usual)))
    distance = math.log1p(count) - usual
    limit = max(math.log(2), SPREADS * spread)
    if abs(distance) <= limit:
        return None
    expected = math.expm1(usual)
    text = f"{feed.table}: {many(count, 'row')}, where {expected:,.0f} are usual on this weekday"
    return Finding(
        check="freshness",
        subject=feed.table,
        score=abs(distance),
        limit=limit,
        since=day,
        severity="alarm",
        text=text,
        details={"kind": "volume", "rows": count, "usual": round(expected)},
    )


def _about_weekday(feed: Feed) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    days, rows = np.asarray(feed.days[:-1]), np.log1p(np.asarray(feed.rows[:-1], dtype=np.float64))
    place = np.array([weekday(int(d)) for d in days])
    middles = np.array([np.median(rows[place == k]) if (place == k).any() else 0.0 for k in range(7)])
    return np.asarray(rows - middles[place])


def _lag(feed: Feed, today: int) -> Finding | None:
    if feed.declared_lag is None or feed.measured == 0:
        return None
    low, _ = wilson(feed.lagged, feed.measured)
    if low <= LATE_SHARE:
        return None
    share = feed.lagged / feed.measured
    declared = duration_text(feed.declared_lag)
    text = (
        f"{feed.table}: {share:.1%} of the rows came later than the declared {declared}: known= is too short, "
        "features were trained on what production did not have"
    )
    return Finding(
        check="freshness", subject=feed.table, score=share, limit=LATE_SHARE, since=today, severity="alarm", text=text, details={"kind": "lag"}
    )
