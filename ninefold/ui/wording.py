"""Numbers, sizes and spans of time as people read them: sensible digits, units, no false precision."""

import math
from typing import Any

from ninefold.units import DAY, HOUR, MINUTE, SECOND, many, plural

_SIZES = ("B", "kB", "MB", "GB", "TB")


def number(value: Any, digits: int = 3) -> str:
    """A number with that many significant digits; whole numbers with separators; nothing as a dash.

    >>> number(0.74678), number(336776), number(12.3456), number(1e-11), number(None)
    ('0.747', '336,776', '12.3', '1e-11', '–')
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    if not isinstance(value, float):
        return str(value)
    if value == int(value) and abs(value) < 1e15:
        return number(int(value))
    size = math.floor(math.log10(abs(value)))
    if size < -4:
        return f"{value:.{digits - 2}g}".replace("e-0", "e-").replace("-", "−", 1 if value < 0 else 0)
    return f"{value:,.{max(0, digits - 1 - size)}f}".replace("-", "−")


def measured(value: float | None, digits: int = 4) -> str:
    """A value that a run logged: what is no number says so, and is told from one that is missing.

    >>> measured(0.74678), measured(float("nan")), measured(float("-inf")), measured(None)
    ('0.7468', 'not a number', '−∞', '–')
    """
    return number(value, digits) if value is None or math.isfinite(value) else strange(value)


def strange(value: float) -> str:
    """A value that is no number, in words; empty for others."""
    return "" if math.isfinite(value) else "not a number" if math.isnan(value) else "∞" if value > 0 else "−∞"


def share(value: float | None) -> str:
    """A share in percent.

    >>> share(0.1), share(0.0042), share(1.0)
    ('10 %', '0.42 %', '100 %')
    """
    if value is None:
        return "–"
    percent = value * 100
    return f"{percent:.0f} %" if abs(percent) >= 10 or percent == round(percent) else f"{percent:.2g} %"


def size(value: float | None) -> str:
    """Bytes in decimal units.

    >>> size(31053850), size(42)
    ('31.1 MB', '42 B')
    """
    if value is None:
        return "–"
    scaled, unit = float(value), 0
    while scaled >= 1000 and unit < len(_SIZES) - 1:
        scaled, unit = scaled / 1000, unit + 1
    return f"{scaled:.1f} {_SIZES[unit]}" if unit else f"{int(value)} B"


def span(us: float | None) -> str:
    """A span of time, in its largest fitting unit.

    >>> span(29_550_000), span(20_000), span(3 * 86_400_000_000), span(90 * 60_000_000)
    ('29.6 s', '20 ms', '3 days', '1.5 h')
    """
    if us is None:
        return "–"
    for unit, name in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"), (1000, "ms")):
        if abs(us) >= unit:
            value = us / unit
            text = f"{value:.0f}" if value >= 100 or abs(value - round(value)) < 0.05 else f"{value:.1f}"
            return f"{text} {'day' if name == 'days' and text == '1' else name}"
    return f"{us:.0f} µs"


def interval(low: float | None, high: float | None) -> str:
    """A 95 % interval, or nothing.

    >>> interval(0.7266, 0.7653), interval(None, None)
    ('[0.727, 0.765]', '')
    """
    return "" if low is None or high is None else f"[{number(low)}, {number(high)}]"


def comparison(criterion: str) -> str:
    """A criterion as it is read.

    >>> comparison("roc_auc >= 0.7")
    'roc_auc ≥ 0.7'
    """
    return criterion.replace(">=", "≥").replace("<=", "≤")


def release_state(state: str) -> str:
    """A release's state as it is read: of a version that was tried while the champion stayed, that it was not promoted.

    >>> release_state("stayed"), release_state("champion")
    ('not promoted', 'champion')
    """
    return "not promoted" if state == "stayed" else state


def several(n: int, noun: str) -> str:
    """A count with its noun.

    >>> several(1, "row"), several(1200, "row"), several(0, "file")
    ('1 row', '1,200 rows', 'no files')
    """
    return f"no {plural(noun)}" if n == 0 else many(n, noun)


def short(digest: str | None) -> str:
    """The beginning of a digest: enough to tell it from others."""
    return (digest or "")[:12]
