"""Durations, moments, sizes, shares and calendars: short strings, parsed here and nowhere else."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ninefold.clock import FIRST, LAST, micros, moment_of, zone
from ninefold.errors import UsageError

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
LONGEST = LAST - FIRST  # nothing lasts longer than a calendar
_DURATIONS = {"us": 1, "ms": 1000, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_SIZES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_LARGEST = 10.0**18  # of any unit; a number that no disk has is a slip of the finger
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|m|h|d|w)")
_MOMENT = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:([+-])\s*(.+?))?\s*")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")
_CALENDAR = re.compile(r"(?P<every>[\d.]+\s*[a-z]+)(?:\s+on\s+(?P<day>[a-z]{3}))?(?:\s+at\s+(?P<hour>\d{1,2}):(?P<minute>\d{2}))?")


def duration(text: str) -> int:
    """Microseconds of a duration; parts add up. A day is 24 hours, always.

    >>> duration("2h"), duration("1h 30m"), duration("20ms")
    (7200000000, 5400000000, 20000)
    """
    parts = _PART.findall(text) if isinstance(text, str) else []
    span = sum(float(n) * _DURATIONS[unit] for n, unit in parts)
    if not parts or _PART.sub("", text).strip() or span > LONGEST:
        raise UsageError(f"{text!r} is no duration", hint='write a number and us, ms, s, m, h, d or w: "20ms", "2h", "30d", "1h 30m"')
    return round(span)


def duration_text(us: int) -> str:
    """The shortest exact text of a duration.

    >>> duration_text(7_200_000_000), duration_text(90 * 60 * 1_000_000), duration_text(0)
    ('2h', '90m', '0s')
    """
    for unit in ("w", "d", "h", "m", "s", "ms"):
        if us and us % _DURATIONS[unit] == 0 and (unit != "w" or us >= 8 * _DURATIONS["w"]):
            return f"{us // _DURATIONS[unit]}{unit}"
    return f"{us}us" if us else "0s"


@dataclass(frozen=True, slots=True)
class Moment:
    """A column and an offset in microseconds: ``"scheduled_at - 2h"``."""

    column: str
    offset: int = 0

    def __str__(self) -> str:
        sign = "+" if self.offset > 0 else "-"
        return f"{self.column} {sign} {duration_text(abs(self.offset))}" if self.offset else self.column


def moment(text: str) -> Moment:
    """A column, or a column and a duration.

    >>> moment("left_at"), str(moment("scheduled_at-2h"))
    (Moment(column='left_at', offset=0), 'scheduled_at - 2h')
    """
    match = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise UsageError(f"{text!r} is no moment", hint='write a column, or a column ± a duration: "left_at", "scheduled_at - 2h"')
    column, sign, span = match.groups()
    offset = duration(span) if span else 0
    return Moment(column, -offset if sign == "-" else offset)


def size(text: str) -> int:
    """Bytes of a size.

    >>> size("4GiB"), size("1.5 kB")
    (4294967296, 1500)
    """
    match = _SIZE.fullmatch(text.strip()) if isinstance(text, str) else None
    if not match or match[2] not in _SIZES or float(match[1]) > _LARGEST:
        raise UsageError(f"{text!r} is no size", hint=f'write a number and one of {", ".join(_SIZES)}: "16GiB"')
    return round(float(match[1]) * _SIZES[match[2]])


def share(text: str) -> float:
    """A share between 0 and 1 of a percentage.

    >>> share("10%"), share("0.5%")
    (0.1, 0.005)
    """
    try:
        value = float(text.strip().removesuffix("%")) / 100 if text.strip().endswith("%") else -1.0
    except (ValueError, AttributeError):
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(f"{text!r} is no share", hint='write a percentage from "0%" to "100%"')
    return value


@dataclass(frozen=True, slots=True)
class Calendar:
    """Instants that come again: every so many days at an hour of the zone, or every so many hours from midnight."""

    every: int
    hour: int = 0
    minute: int = 0
    weekday: int | None = None

    def __str__(self) -> str:
        on = f" on {_WEEKDAYS[self.weekday]}" if self.weekday is not None else ""
        return duration_text(self.every) + on + (f" at {self.hour:02}:{self.minute:02}" if self.every % DAY == 0 else "")

    def ticks(self, start: int, end: int, tz: str = "UTC") -> list[int]:
        """The instants in ``[start, end)``, microseconds UTC. Steps of days keep the wall clock across daylight saving.

        >>> from ninefold.clock import iso, micros
        >>> [iso(t) for t in calendar("1d at 02:00").ticks(micros("2013-11-02T00:00Z"), micros("2013-11-05T00:00Z"), "America/New_York")]
        ['2013-11-02T06:00:00Z', '2013-11-03T07:00:00Z', '2013-11-04T07:00:00Z']
        """
        if self.every % DAY:
            first = -(-start // self.every) * self.every
            return list(range(first, end, self.every))
        where, found = zone(tz), []
        days = self.every // DAY
        day = moment_of(start, tz).date() - timedelta(days=1)
        origin = date(1970, 1, 5 + self.weekday) if self.weekday is not None else date(1970, 1, 1)
        day += timedelta(days=-(day - origin).days % days)
        while (at := micros(datetime.combine(day, time(self.hour, self.minute), where))) < end:
            if at >= start:
                found.append(at)
            day += timedelta(days=days)
        return found


def calendar(text: str) -> Calendar:
    """A calendar.

    >>> str(calendar("1w on mon at 07:00")), str(calendar("1d at 02:00")), str(calendar("1h"))
    ('7d on mon at 07:00', '1d at 02:00', '1h')
    """
    match = _CALENDAR.fullmatch(text.strip()) if isinstance(text, str) else None
    hint = 'write "1h", "1d", "1d at 02:00" or "1w on mon at 07:00"'
    if not match:
        raise UsageError(f"{text!r} is no calendar", hint=hint)
    every = duration(match["every"])
    weekday = None
    if match["day"]:
        if match["day"] not in _WEEKDAYS or every % (7 * DAY):
            raise UsageError(f"{text!r} is no calendar: a weekday goes with weeks", hint=hint)
        weekday = _WEEKDAYS.index(match["day"])
    elif every % (7 * DAY) == 0 and every:
        weekday = 0
    if not every or (match["hour"] and every % DAY) or int(match["hour"] or 0) > 23 or int(match["minute"] or 0) > 59:
        raise UsageError(f"{text!r} is no calendar: an hour goes with days or weeks", hint=hint)
    return Calendar(every, int(match["hour"] or 0), int(match["minute"] or 0), weekday)


def many(count: int, noun: str) -> str:
    """A count with its noun.

    >>> many(1, "row"), many(1234, "row"), many(2, "hypothesis"), many(2, "policy"), many(2, "day")
    ('1 row', '1,234 rows', '2 hypotheses', '2 policies', '2 days')
    """
    return f"1 {noun}" if count == 1 else f"{count:,} {plural(noun)}"


_SAME_FOR_MORE = {"features", "evidence"}
_ENDINGS = ((r"(?<=s)s$", "ses"), (r"is$", "es"), (r"terion$", "teria"), (r"(?<=[^aeou])y$", "ies"), (r"(?<=ch)$", "es"), (r"$", "s"))


def plural(noun: str) -> str:
    """The noun for more than one, as in paths.

    >>> plural("hypothesis"), plural("table"), plural("features"), plural("criterion"), plural("day"), plural("watch"), plural("process")
    ('hypotheses', 'tables', 'features', 'criteria', 'days', 'watches', 'processes')
    """
    if noun in _SAME_FOR_MORE:
        return noun
    return next(re.sub(ending, more, noun, count=1) for ending, more in _ENDINGS if re.search(ending, noun))
