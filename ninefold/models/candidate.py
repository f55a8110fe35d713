"""Candidates as values: an estimator, a search over its parameters, resources, or a version that exists already."""

import copy
from dataclasses import dataclass
from typing import Any

from ninefold.errors import DeclarationError
from ninefold.things import frozen_mapping
from ninefold.units import duration, size


@dataclass(frozen=True, eq=False, slots=True)
class Range:
    """Whole numbers or floats between two limits, both included."""

    low: float
    high: float
    log: bool
    whole: bool


@dataclass(frozen=True, eq=False, slots=True)
class Choice:
    """One of these values."""

    values: tuple[Any, ...]


def _range(low: float, high: float, log: bool, whole: bool) -> Range:
    if any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in (low, high)):
        raise DeclarationError(f"the range from {low!r} to {high!r} has no numbers", hint="write nf.ints(1, 100) or nf.floats(0.01, 1.0)")
    if not low < high or (log and low <= 0):
        raise DeclarationError(f"the range from {low} to {high} is empty" if low >= high else f"a logarithmic range cannot start at {low}")
    return Range(low, high, log, whole)


def ints(low: int, high: int, *, log: bool = False) -> Range:
    """Whole numbers from ``low`` to ``high``, both included.

    >>> import ninefold as nf
    >>> nf.ints(15, 127).whole
    True
    """
    return _range(low, high, log, True)


def floats(low: float, high: float, *, log: bool = False) -> Range:
    """Numbers from ``low`` to ``high``; ``log`` searches their logarithm.

    >>> import ninefold as nf
    >>> nf.floats(0.01, 1.0, log=True).low
    0.01
    """
    return _range(low, high, log, False)


def choice(*values: Any) -> Choice:
    """One of these values.

    >>> import ninefold as nf
    >>> nf.choice("l1", "l2").values
    ('l1', 'l2')
    """
    if not values:
        raise DeclarationError("nf.choice() has nothing to choose from", hint='name the values: nf.choice("l1", "l2")')
    return Choice(values)


def cloned(estimator: Any) -> Any:
    """A copy of an estimator with the same parameters, not fitted: the user's object may change, the declared one may not."""
    if hasattr(estimator, "get_params") and not isinstance(estimator, type):
        try:
            return type(estimator)(**copy.deepcopy(estimator.get_params(deep=False)))
        except TypeError as error:
            raise DeclarationError(
                f"{type(estimator).__name__} cannot be made again from its parameters: {error}",
                hint="name what it sets in its own __init__, with a default: def __init__(self, num_leaves=7, **parameters)",
            ) from error
    return copy.deepcopy(estimator)


def checked(estimator: Any) -> Any:
    """What competes: an estimator's own copy, or a search, placement or version as it is. Raises DeclarationError for anything else."""
    if isinstance(estimator, (Tuned, On, Existing)):
        return estimator
    if not hasattr(estimator, "fit") or not hasattr(estimator, "predict"):
        raise DeclarationError(f"{estimator!r} is no candidate: it has no fit and predict")
    if isinstance(estimator, type):
        raise DeclarationError(f"{estimator.__name__} is a class", hint=f"make one: {estimator.__name__}(...)")
    return cloned(estimator)


@dataclass(frozen=True, eq=False, slots=True)
class Tuned:
    """An estimator and the space in which its parameters are searched."""

    estimator: Any
    space: tuple[tuple[str, Range | Choice], ...]
    trials: int
    seed: int


def tune(estimator: Any, *, trials: int = 20, seed: int = 0, **space: Any) -> Tuned:
    """Search the estimator's parameters: ``trials`` tries of a seeded TPE sampler, judged on the validation span.

    >>> import ninefold as nf
    >>> from sklearn.linear_model import LogisticRegression
    >>> nf.tune(LogisticRegression(), trials=5, C=nf.floats(0.01, 10, log=True)).trials
    5
    """
    if not space:
        raise DeclarationError("nf.tune has nothing to search", hint="give ranges by parameter: num_leaves=nf.ints(15, 127)")
    for name, given in space.items():
        if not isinstance(given, (Range, Choice)):
            raise DeclarationError(f"{name}={given!r} is no range", hint="write nf.ints(low, high), nf.floats(low, high) or nf.choice(a, b)")
    if trials < 1:
        raise DeclarationError(f"trials={trials}", hint="at least one")
    return Tuned(checked(estimator), frozen_mapping(space), trials, seed)


@dataclass(frozen=True, eq=False, slots=True)
class On:
    """A candidate with the resources that it needs."""

    candidate: Any
    cpus: float
    gpus: int
    memory: int | None
    timeout: int | None


def on(candidate: Any, *, cpus: float = 1, gpus: int = 0, memory: str | None = None, timeout: str | None = None) -> On:
    """Give a candidate resources: processors, accelerators, memory (``"16GiB"``), time (``"2h"``).

    >>> import ninefold as nf
    >>> from sklearn.linear_model import LogisticRegression
    >>> nf.on(LogisticRegression(), memory="1GiB").memory
    1073741824
    """
    return On(checked(candidate), cpus, gpus, size(memory) if memory else None, duration(timeout) if timeout else None)


@dataclass(frozen=True, eq=False, slots=True)
class Existing:
    """A model version that exists already."""

    uri: str


def existing(uri: str) -> Existing:
    """Let a version that exists compete: ``"models:/churn@champion"``, ``"models:/churn/3"`` or a bundle's directory.

    >>> import ninefold as nf
    >>> nf.existing("bundles/last-year").uri
    'bundles/last-year'
    """
    return Existing(uri)


def unwrapped(candidate: Any) -> Any:
    """The estimator inside a search or a placement."""
    while isinstance(candidate, (On, Tuned)):
        candidate = candidate.candidate if isinstance(candidate, On) else candidate.estimator
    return candidate
