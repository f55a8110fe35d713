"""``@nf.evidence``: what a user's own test returned."""

import math
from collections.abc import Mapping
from typing import Any

from ninefold.errors import DataError
from ninefold.hypotheses.verdict import Tested, tested, undecided


def evidence(result: Any, *, where: str = "") -> Tested:
    """Read ``{"effect", "p"}`` and, if there, ``low``, ``high``, ``n``, ``days`` and ``unit``. None, or an effect that is None or NaN,
    is undecided.

    >>> print(evidence({"effect": 0.2, "p": 0.01, "n": 40}).verdict)
    supported
    >>> evidence({"effct": 1})
    Traceback (most recent call last):
        ...
    ninefold.errors.DataError: the evidence has no "effect"; it returned effct
    """
    if result is None:
        return undecided("the evidence returned nothing")
    if not isinstance(result, Mapping):
        raise DataError(f"the evidence returned {result!r}", hint='return a mapping: {"effect": 0.1, "p": 0.03}', where=where)
    for name in ("effect", "p"):
        if name not in result:
            raise DataError(
                f'the evidence has no "{name}"; it returned {", ".join(map(str, result)) or "nothing"}',
                hint='return {"effect": 0.1, "p": 0.03}',
                where=where,
            )
    effect, low, high = (_number(result, name, where) for name in ("effect", "low", "high"))
    p = _number(result, "p", where)
    if effect is None or p is None:
        return undecided("the evidence has no effect or no p-value", unit=str(result.get("unit", "")))
    if not 0 <= p <= 1:
        raise DataError(f"p = {p} is no p-value", hint="it lies between 0 and 1", where=where)
    counts = {name: int(result.get(name) or 0) for name in ("n", "days")}
    return tested(effect, low, high, p, n=counts["n"], days=counts["days"], unit=str(result.get("unit", "")))


def _number(result: Mapping[Any, Any], name: str, where: str) -> float | None:
    value = result.get(name)
    try:
        found = None if value is None else float(value)
    except (TypeError, ValueError):
        raise DataError(f"{name} = {value!r} is no number", where=where) from None
    return None if found is None or math.isnan(found) else found
