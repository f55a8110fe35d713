"""What one check found at one look, and how many false alarms it may raise."""

import re
from datetime import date, timedelta
from typing import Any, Literal

import msgspec

from ninefold.errors import UsageError

Severity = Literal["watch", "alarm"]
_PERIODS = {"day": 1, "week": 7, "month": 30, "quarter": 90, "year": 365}
CHECKS = 4
"""Freshness, drift, quality and bias share a monitor's budget of false alarms."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that moved.

    ``subject`` is a table, a column, a metric or a group; ``score`` and ``limit`` are in the check's own unit (``details`` says more);
    ``since`` is the day (days since 1970, local) since which it has moved. A *watch* is shown; an *alarm* opens an incident.
    """

    check: str
    subject: str
    score: float
    limit: float
    since: int
    severity: Severity
    text: str
    details: dict[str, Any] = msgspec.field(default_factory=dict)


def false_alarms(text: str) -> float:
    """Expected alarms without a cause in 90 days.

    >>> false_alarms("1 per quarter"), false_alarms("2 per year")
    (1.0, 0.4931506849315068)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s+(?:per|a|an)\s+([a-z]+?)s?\s*", text)
    if not match or match[2] not in _PERIODS or float(match[1]) <= 0:
        raise UsageError(f"{text!r} is no budget of false alarms", hint='write a number and a period: "1 per quarter"')
    return float(match[1]) * 90 / _PERIODS[match[2]]


def detector_limit(series: int, budget: str) -> float:
    """The detector's limit A for so many series watched daily, so that they raise a quarter of the budget together.

    >>> detector_limit(30, "1 per quarter")
    10800.0
    """
    return 90 * max(1, series) / (false_alarms(budget) / CHECKS)


def weekday(day: int) -> int:
    """0 (Monday) to 6 of a day number since 1970-01-01, which was a Thursday.

    >>> weekday(0)
    3
    """
    return (day + 3) % 7


def day_text(day: int) -> str:
    """The date of a day number.

    >>> day_text(16_000)
    '2013-10-22'
    """
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()
