"""Time: integer microseconds UTC inside, ISO 8601 at the edges, a clock that can be simulated."""

import threading
import time
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ninefold.errors import UsageError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
# what a datetime can hold, in microseconds since 1970
FIRST = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // _MICRO
LAST = (datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC) - _EPOCH) // _MICRO


class Clock(Protocol):
    """Tells the time of whoever judges: the endpoint, the monitors, the loop."""

    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        return time.time_ns() // 1000


class SimulatedClock:
    """A clock that stands until it is set: a replay moves it. It never goes back.

    >>> clock = SimulatedClock(micros("2013-10-01T00:00Z"))
    >>> clock.set(micros("2013-10-01T01:00Z")); iso(clock.now())
    '2013-10-01T01:00:00Z'
    """

    def __init__(self, at: int) -> None:
        self._at, self._lock = at, threading.Lock()

    def now(self) -> int:
        return self._at

    def set(self, at: int) -> None:
        with self._lock:
            self._at = max(self._at, at)


def now() -> int:
    """Microseconds since 1970 UTC by the machine's clock."""
    return time.time_ns() // 1000


def zone(name: str) -> tzinfo:
    """The time zone of that IANA name.

    >>> zone("America/New_York").key
    'America/New_York'
    """
    if name.upper() in {"UTC", "Z"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f'"{name}" is no time zone', hint='write an IANA name such as "Europe/Rome" or "UTC"') from None


def micros(value: "str | datetime | int", tz: str | None = None) -> int:
    """Microseconds since 1970 UTC of an ISO 8601 text or a datetime; a naive one needs ``tz``.

    >>> micros("1970-01-01T00:00:01Z"), micros("1970-01-01T01:00", tz="Europe/Rome")
    (1000000, 0)
    """
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise UsageError(f'"{value}" is no time', hint='write ISO 8601, such as "2013-10-01T00:00-04:00"') from None
    if value.tzinfo is None:
        if tz is None:
            raise UsageError(f'"{value.isoformat()}" has no time zone', hint="add an offset (Z, +02:00) or say which zone is meant")
        try:
            value = _placed(value, tz)
        except OverflowError:  # within a day of either end of the calendar
            raise _outside(value) from None
    at = (value - _EPOCH) // _MICRO
    if not FIRST <= at <= LAST:
        raise _outside(value)
    return at


def _outside(value: datetime) -> UsageError:
    return UsageError(f'"{value.isoformat()}" lies outside of the years 1 to 9999 in UTC', hint="give a time that a calendar has")


def _placed(value: datetime, tz: str) -> datetime:
    """A local time in its zone; one that the clocks skip or show twice is refused, as no reading of it is right."""
    there = value.replace(tzinfo=zone(tz))
    if there.astimezone(UTC).astimezone(there.tzinfo).replace(tzinfo=None) != value.replace(fold=0):
        raise UsageError(f"{value.isoformat()} does not exist in {tz}: the clocks go forward over it", hint="write it with its offset")
    if there.utcoffset() != there.replace(fold=1).utcoffset():
        raise UsageError(f"{value.isoformat()} happens twice in {tz}: the clocks go back", hint=f"write it with its offset: {there.isoformat()}")
    return there


def moment_of(at: int, tz: str | None = None) -> datetime:
    """The datetime of microseconds UTC, in the zone ``tz`` (default UTC)."""
    when = _EPOCH + timedelta(microseconds=at)
    return when.astimezone(zone(tz)) if tz else when


def iso(at: int, tz: str | None = None) -> str:
    """ISO 8601 of microseconds UTC; seconds unless there are fractions.

    >>> iso(0), iso(1_500_000), iso(0, "Europe/Rome")
    ('1970-01-01T00:00:00Z', '1970-01-01T00:00:01.500000Z', '1970-01-01T01:00:00+01:00')
    """
    text = moment_of(at, tz).isoformat()
    return text.replace("+00:00", "Z") if tz is None or isinstance(zone(tz), timezone) else text
