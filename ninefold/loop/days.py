"""Local days: their numbers since 1970, and where they begin and end in µs UTC."""

from datetime import UTC, date, datetime, time, timedelta

from ninefold.clock import micros, moment_of, zone

_EPOCH = date(1970, 1, 1)


def day_of(at: int, tz: str | None) -> int:
    """The number of the local day of an instant.

    >>> day_of(0, "America/New_York"), day_of(0, None)
    (-1, 0)
    """
    return (moment_of(at, tz or "UTC").date() - _EPOCH).days


def begins(day: int, tz: str | None) -> int:
    """The first instant of a local day.

    >>> begins(0, None), begins(0, "Europe/Rome")
    (0, -3600000000)
    """
    # where the clocks go forward or back at midnight, the earlier reading is meant
    midnight = datetime.combine(_EPOCH + timedelta(days=day), time(), zone(tz or "UTC"))
    return micros(midnight.astimezone(UTC))


def ends(day: int, tz: str | None) -> int:
    """The first instant after a local day; a day is 23 to 25 hours long."""
    return begins(day + 1, tz)


def finished(at: int, tz: str | None) -> int:
    """The last local day that is over at an instant.

    >>> finished(86_400_000_000, None), finished(86_399_000_000, None)
    (0, -1)
    """
    return day_of(at, tz) - 1
