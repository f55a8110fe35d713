"""What measuring gives: a value with its interval, its slices, and the constant policy's value on the same rows."""

from collections.abc import Iterator, Sequence
from typing import overload

import msgspec


class Slice(msgspec.Struct, frozen=True):
    """One group. ``n`` is the number of rows that the metric divides by; a group with too few is listed, not judged."""

    by: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    judged: bool


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One metric on one set of rows.

    ``low`` and ``high`` are the 95 % interval by day; None when there are under 20 days. ``n`` rows had a truth, ``void`` had none.
    ``relative`` is the value over ``baseline``, resampled together, for metrics that have a constant policy.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    void: int = 0
    days: int = 0
    slices: tuple[Slice, ...] = ()
    baseline: float | None = None
    relative: float | None = None
    relative_low: float | None = None
    relative_high: float | None = None

    def __str__(self) -> str:
        text = f"{self.name} {number(self.value)}{span(self.low, self.high)}"
        if self.relative is not None:
            text += f", {number(self.relative)}{span(self.relative_low, self.relative_high)} of the baseline {number(self.baseline)}"
        text += f" · {self.n:,} rows" + (f", {self.days:,} days" if self.days else "") + (f", {self.void:,} void" if self.void else "")
        return text + "".join(
            f"\n  {s.by:<24} {number(s.value)}{span(s.low, s.high)} · {s.n:,}{'' if s.judged else ' (too few, not judged)'}" for s in self.slices
        )


def number(value: float | None) -> str:
    """Four significant digits, or "not known".

    >>> number(0.70541), number(12345.6), number(None)
    ('0.7054', '12,346', 'not known')
    """
    if value is None:
        return "not known"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def span(low: float | None, high: float | None) -> str:
    """An interval in brackets, after a blank; nothing where there is none.

    >>> span(0.1, 0.25)
    ' [0.1, 0.25]'
    """
    return "" if low is None or high is None else f" [{number(low)}, {number(high)}]"


class Measured(Sequence[Measurement]):
    """Several measurements, in the order of the metrics; ``measured["roc_auc"]`` finds one by its name."""

    def __init__(self, measurements: Sequence[Measurement]) -> None:
        self._all = tuple(measurements)

    @overload
    def __getitem__(self, which: int | str) -> Measurement: ...
    @overload
    def __getitem__(self, which: slice) -> tuple[Measurement, ...]: ...
    def __getitem__(self, which: int | str | slice) -> Measurement | tuple[Measurement, ...]:
        if isinstance(which, str):
            return next((m for m in self._all if m.name == which), None) or _missing(which)
        return self._all[which]

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Measurement]:
        return iter(self._all)

    def __repr__(self) -> str:
        return "\n".join(str(m) for m in self._all)


def _missing(name: str) -> Measurement:
    raise KeyError(name)
