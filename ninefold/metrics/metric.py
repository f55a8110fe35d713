"""A metric as a value: a name, its configuration, slices, and a statistic over the slices."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

from ninefold.errors import DeclarationError, closest
from ninefold.problems.criterion import Baseline, Criterion
from ninefold.things import Thing, as_tuple, declare, frozen_mapping, look_like

Kind = Literal["binary", "multiclass", "regression"]
Better = Literal["higher", "lower"]
SPREADS = ("gap", "ratio", "worst")


class Comparable:
    """What can stand on the left of a criterion."""

    __slots__ = ()

    def __ge__(self, limit: "float | str | Baseline") -> Criterion:
        return Criterion(self, ">=", limit)

    def __le__(self, limit: "float | str | Baseline") -> Criterion:
        return Criterion(self, "<=", limit)

    __gt__, __lt__ = __ge__, __le__


@dataclass(frozen=True, eq=False, slots=True)
class Metric(Comparable):
    """A built-in metric. Calling it configures it (see ``builtin``); ``.gap``, ``.ratio`` and ``.worst`` are statistics over its slices.

    >>> import ninefold as nf
    >>> str(nf.recall(by="carrier", at_least=100).gap <= 0.5)
    "recall(by='carrier', at_least=100).gap <= 0.5"
    """

    name: str
    kinds: tuple[Kind, ...]
    better: Better
    allowed: tuple[str, ...] = ()
    params: tuple[tuple[str, Any], ...] = ()
    by: tuple[str, ...] = ()
    at_least: int = 50
    statistic: str | None = None
    statistics: tuple[str, ...] = SPREADS

    def configured(self, by: str | list[str] | None, at_least: int | None, **params: Any) -> Self:
        """A copy with slices and parameters; those that are None stay as they are."""
        merged = {**dict(self.params), **{name: value for name, value in params.items() if value is not None}}
        rows = self.at_least if at_least is None else at_least
        if rows < 1:
            raise DeclarationError(f"at_least={at_least} rows", hint="a slice needs at least one row")
        return replace(self, params=frozen_mapping(merged), by=as_tuple(by) or self.by, at_least=rows)

    def _over(self, statistic: str) -> Self:
        if statistic in SPREADS and not self.by:
            raise DeclarationError(f"nf.{self.name}.{statistic} has no slices", hint=f'say by what: nf.{self.name}(by="column").{statistic}')
        if statistic not in self.statistics:
            raise DeclarationError(f"nf.{self.name} has no .{statistic}", hint=closest(statistic, self.statistics))
        return replace(self, statistic=statistic)

    @property
    def gap(self) -> Self:
        """The largest slice less the smallest."""
        return self._over("gap")

    @property
    def ratio(self) -> Self:
        """The smallest slice over the largest."""
        return self._over("ratio")

    @property
    def worst(self) -> Self:
        """The worst slice."""
        return self._over("worst")

    def __repr__(self) -> str:
        given = [f"{k}={v!r}" for k, v in self.params]
        if self.by:
            given.append(f"by={self.by[0]!r}" if len(self.by) == 1 else f"by={list(self.by)!r}")
            given.append(f"at_least={self.at_least}")
        return self.name + (f"({', '.join(given)})" if given else "") + (f".{self.statistic}" if self.statistic else "")

    __str__ = __repr__


@dataclass(frozen=True, eq=False, slots=True)
class MetricRef(Comparable):
    """A metric that is defined further down in the file, by its name."""

    name: str

    def __repr__(self) -> str:
        return self.name

    __str__ = __repr__


def ref(name: str) -> MetricRef:
    """Refer to a metric by name before it is defined.

    >>> import ninefold as nf
    >>> str(nf.ref("rebooked_in_time") >= 0.3)
    'rebooked_in_time >= 0.3'
    """
    return MetricRef(name)


@dataclass(frozen=True, eq=False, init=False)
class Custom(Thing, Comparable):
    """A metric of the business: a function of predictions and tables that returns one number (see :func:`metric`)."""

    noun: ClassVar[str] = "metric"

    function: Callable[..., Any]
    better: Better
    was: str | None

    def __init__(self, function: Callable[..., Any], better: Better, was: str | None = None) -> None:
        if better not in {"higher", "lower"}:
            raise DeclarationError(f"better={better!r}", hint='choose "higher" or "lower"')
        declare(self, function, better, was)
        look_like(self, function)

    def __call__(self, *args: Any, **frames: Any) -> Any:
        return self.function(*args, **frames)

    def __repr__(self) -> str:
        return self.function.__name__

    __str__ = __repr__


def metric(*, better: Better, was: str | None = None) -> Callable[[Callable[..., Any]], Custom]:
    """Make a function a metric. Its parameters name tables, events, or ``predictions``; it returns a number or None.

    >>> import ninefold as nf, polars as pl
    >>> @nf.metric(better="higher")
    ... def answered(predictions: pl.LazyFrame) -> float:
    ...     return predictions.collect().height
    >>> answered(pl.LazyFrame({"score": [0.1]}))
    1
    """
    return lambda function: Custom(function, better, was)
