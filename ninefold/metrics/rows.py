"""What a metric is measured on: truth, score, decision, weight and costs of the same rows, as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninefold.errors import DataError, DeclarationError, closest
from ninefold.metrics.metric import Kind, Metric
from ninefold.stats.bootstrap import Floats

Array = NDArray[Any]


def array(values: Any) -> Array:
    """Any column (list, NumPy, polars, pandas, Arrow) as an array; nothing is copied that need not be."""
    if hasattr(values, "to_numpy"):
        return np.asarray(values.to_numpy())
    return np.asarray(values)


def numbers(values: Any, what: str) -> Floats:
    """A column as floats; null is NaN.

    >>> numbers([True, None, False], "truth").tolist()
    [1.0, nan, 0.0]
    """
    found = array(values)
    if found.dtype == object:
        found = np.array([np.nan if v is None else v for v in found.tolist()], dtype=object)
    try:
        return found.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{what} holds {found.dtype} values, not numbers or yes and no", where=what) from None


def column_of(frame: Any, name: str) -> Any:
    """A column of a frame or mapping, by name."""
    names = list(frame.columns) if hasattr(frame, "columns") and not isinstance(frame, Mapping) else list(frame or {})
    if hasattr(frame, "column_names"):
        names = list(frame.column_names)
    if name not in names:
        raise DataError(f'there is no column "{name}"', hint=closest(name, [str(n) for n in names]), where="frame")
    return frame[name]


@dataclass(frozen=True, slots=True)
class Costs:
    """What a wrong answer costs: per false alarm and miss, or per unit under and over; numbers or one value a row.

    >>> Costs(1.0, 5.0).threshold()
    0.16666666666666666
    """

    false_alarm: float | Floats = 1.0
    miss: float | Floats = 1.0
    under: float | Floats = 1.0
    over: float | Floats = 1.0

    def threshold(self) -> float | Floats:
        """The calibrated score from which yes is the cheaper answer: false_alarm / (false_alarm + miss)."""
        if np.ndim(total := self.false_alarm + self.miss) == 0 and total <= 0:
            raise DeclarationError(f"the costs are {self.false_alarm} and {self.miss}", hint="at least one must be larger than 0")
        return self.false_alarm / total


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows whose truth is known, as arrays of equal length.

    ``truth`` and ``score`` are floats (binary: 0 or 1 and a probability; regression: numbers). For multiclass ``truth`` holds the
    codes of ``classes`` and ``score`` a probability for each class. ``decision`` is yes (1), no (0) or
    referred to people (−1), or the code of a class.
    ``constant`` is the score of the constant policy where a loss is compared with it; ``practice`` today's score or decision.
    """

    kind: Kind
    truth: Floats
    score: Floats
    decision: Floats
    weight: Floats
    classes: tuple[Any, ...] = ()
    constant: Floats | float | None = None
    practice: Floats | None = None
    practice_decision: Floats | None = None
    quantiles: Mapping[float, Floats] = field(default_factory=dict)
    costs: Costs | None = None
    cost_columns: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.truth)

    def priced(self, metric: Metric) -> Costs:
        """The costs of a cost metric: its own parameters, else those of the problem."""
        given = dict(metric.params)
        if not given and self.costs is not None:
            return self.costs
        return Costs(**{name: self._price(value) for name, value in given.items()})

    def _price(self, value: Any) -> float | Floats:
        if isinstance(value, str):
            if value not in self.cost_columns:
                raise DeclarationError(f'the cost "{value}" is no column of the rows', hint=closest(value, self.cost_columns))
            return self.cost_columns[value]
        if value < 0:
            raise DeclarationError(f"a cost is {value:g}, below 0", hint="a cost is at least 0; what a right answer saves is a miss's cost")
        return float(value)
