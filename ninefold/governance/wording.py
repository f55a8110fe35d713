"""How numbers, times and lists read in cards and reports."""

from collections.abc import Iterable
from typing import Any

from ninefold.clock import iso


def number(value: Any) -> str:
    """A number with four digits that count; nothing where there is none.

    >>> number(0.7467800735), number(82159), number(None), number(1234567.8)
    ('0.7468', '82,159', '', '1,235,000')
    """
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    rounded = float(f"{value:.4g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 10_000 else f"{rounded:g}"


def interval(low: Any, high: Any) -> str:
    """A 95 % interval; nothing where it is not known.

    >>> interval(0.7266, 0.7653), interval(None, None)
    ('[0.7266, 0.7653]', '')
    """
    return "" if low is None or high is None else f"[{number(low)}, {number(high)}]"


def listed(names: Iterable[str]) -> str:
    """Names in a sentence.

    >>> listed(["a", "b", "c"]), listed(["a"]), listed([])
    ('a, b and c', 'a', 'none')
    """
    all_names = list(names)
    if not all_names:
        return "none"
    return all_names[0] if len(all_names) == 1 else f"{', '.join(all_names[:-1])} and {all_names[-1]}"


def when(at: int | None) -> str:
    """A time in UTC, to the second."""
    return "" if at is None else iso(at // 1_000_000 * 1_000_000)


def percent(part: float, whole: float) -> str:
    """A share.

    >>> percent(1, 8), percent(1, 0)
    ('12.5 %', '')
    """
    return f"{100 * part / whole:.1f} %" if whole else ""
