"""From what a user holds (lists, frames, column names) to rows that can be measured."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninefold.errors import DataError, DeclarationError
from ninefold.metrics.metric import Kind, Metric
from ninefold.metrics.rows import Array, Costs, Rows, array, column_of, numbers
from ninefold.stats.bootstrap import Floats


def in_memory(frame: Any) -> Any:
    """The frame, read once where it is lazy, a DuckDB relation or a stream of batches; others are as they are."""
    if type(frame).__name__ not in {"LazyFrame", "DuckDBPyRelation", "RecordBatchReader"}:
        return frame
    from ninefold.sources.frames import from_any

    return from_any(frame).collect()


def column(value: Any, frame: Any) -> Any:
    """A column itself, or by its name in the frame."""
    return column_of(frame, value) if isinstance(value, str) else value


def kind_of(metrics: Sequence[Metric], truth: Array, score: Any) -> Kind:
    """The target's kind: what all metrics fit; where several are left, what truth looks like."""
    kinds: list[Kind] = [k for k in ("binary", "multiclass", "regression") if all(k in m.kinds for m in metrics)]
    if not kinds:
        raise DeclarationError(f"no target fits all of {', '.join(map(str, metrics))}", hint="measure them in two calls")
    if len(kinds) == 1:
        return kinds[0]
    if score is not None and _width(score) > 1 and "multiclass" in kinds:
        return "multiclass"
    known = _distinct(truth)
    two = set(known) <= {0, 1}
    return "binary" if two and "binary" in kinds else "multiclass" if "multiclass" in kinds and not _fractions(known) else kinds[-1]


def _distinct(truth: Array) -> list[Any]:
    """The values that there are, in order."""
    try:
        found: list[Any] = np.unique(truth[~_null(truth)]).tolist()
    except TypeError:
        raise DataError("truth holds values of several types", where="truth", hint="give all numbers, all texts, or all true and false") from None
    return found


def _fitting(values: Array, n: int, what: str) -> Array:
    """The column, if it has a value for each row."""
    if values.shape[:1] not in {(n,), ()}:
        raise DataError(f"{what} has {len(values)} rows, truth has {n}", where=what)
    return values


def is_null(value: Any) -> bool:
    """None, or a float that is not a number."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _fractions(values: list[Any]) -> bool:
    return any(isinstance(v, float) and not v.is_integer() for v in values)


def _width(score: Any) -> int:
    if isinstance(score, Mapping):
        return len(score)
    shape = getattr(score, "shape", None)
    return int(shape[1]) if shape is not None and len(shape) == 2 else 1


def _null(values: Array) -> NDArray[np.bool_]:
    if values.dtype == object:
        return np.array([is_null(v) for v in values.tolist()], dtype=bool)
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)


def known_rows(truth: Array) -> NDArray[np.bool_]:
    """Which rows have a truth; the others are void."""
    return ~_null(truth)


def _scores(score: Any, classes: tuple[Any, ...] | None, truth: Array) -> tuple[Floats, tuple[Any, ...]]:
    """Probabilities by class, and the classes, of a matrix, a mapping or a frame with a column for each class."""
    names = list(score) if isinstance(score, Mapping) else list(getattr(score, "columns", [])) or None
    if names and not isinstance(score, np.ndarray):
        return np.column_stack([numbers(score[n], str(n)) for n in names]), tuple(names)
    matrix = np.asarray(array(score), dtype=np.float64)
    found = classes or tuple(_distinct(truth))
    if matrix.ndim != 2 or matrix.shape[1] != len(found):
        raise DataError(
            f"the score has shape {matrix.shape}, for {len(found)} classes", hint="give a column for each class, and classes=[...] in their order"
        )
    return matrix, found


def _codes(values: Array, classes: tuple[Any, ...], what: str) -> Floats:
    place = {str(c): i for i, c in enumerate(classes)}
    codes = [place.get(str(v), -1) for v in values.tolist()]
    if -1 in codes:
        raise DataError(f"{what} has {values.tolist()[codes.index(-1)]!r}, which is none of the classes {', '.join(map(str, classes))}", where=what)
    return np.array(codes, dtype=np.float64)


def _threshold(threshold: float | None, priced: Costs | None) -> float | Floats:
    if threshold is not None:
        return threshold
    return priced.threshold() if priced is not None else 0.5


def binary_or_regression(kind: Kind, truth: Array, score: Any, decision: Any, n: int) -> tuple[Floats, Floats, Floats | None]:
    """Truth, score and decision (None: from a threshold) as floats, checked."""
    y = numbers(truth, "truth")
    said = None if decision is None else numbers(decision, "decision")
    p = said if score is None and said is not None else numbers(score, "score")
    for name, values in (("score", p), ("decision", said)):
        if values is not None:
            _fitting(values, n, name)
    if kind == "binary" and not set(np.unique(y[~np.isnan(y)]).tolist()) <= {0.0, 1.0}:
        raise DataError("truth holds more than yes (1) and no (0)", where="truth", hint="for several classes or numbers, use metrics of that kind")
    return y, p, said


def rows_of(
    kind: Kind,
    metrics: Sequence[Metric],
    truth: Any,
    score: Any,
    *,
    decision: Any = None,
    threshold: float | None = None,
    costs: Metric | Costs | None = None,
    frame: Any = None,
    weight: Any = None,
    baseline: Any = None,
    constant: Any = None,
    classes: Sequence[Any] | None = None,
    quantiles: Mapping[float, Any] | None = None,
) -> tuple[Rows, NDArray[np.bool_]]:
    """The rows with a truth and a score, and which they are of all given."""
    y_any = array(truth)
    n, names = len(y_any), tuple(classes or ())
    if score is None and decision is None:
        raise DataError("there is neither a score nor a decision", hint="give score= or decision=")
    if kind == "multiclass":
        keep, y, p, said, names = _of_classes(y_any, score, decision, tuple(classes) if classes is not None else None)
    else:
        y, p, given = binary_or_regression(kind, y_any, score, decision, n)
        keep = known_rows(y_any) & np.isfinite(p)
        y, p, said = y[keep], p[keep], np.zeros(0) if given is None else given[keep]
    rows = Rows(
        kind,
        truth=y,
        score=p,
        decision=said,
        weight=np.ones(len(y)) if weight is None else _fitting(numbers(weight, "weight"), n, "weight")[keep],
        classes=names,
        constant=constant,
        quantiles={q: _fitting(numbers(v, f"quantile {q}"), n, f"quantile {q}")[keep] for q, v in (quantiles or {}).items()},
        cost_columns=_cost_columns(metrics, costs, frame, keep),
    )
    priced = _priced(rows, metrics, costs, keep, n)
    if kind == "binary" and decision is None:
        said = (p >= _threshold(threshold, priced)).astype(np.float64)
    practice = None if baseline is None else np.broadcast_to(_fitting(numbers(baseline, "baseline"), n, "baseline"), (n,))[keep]
    decided = None if practice is None or kind != "binary" else (practice >= _threshold(None, priced)).astype(np.float64)
    return replace(rows, decision=said, practice=practice, practice_decision=decided, costs=priced), keep


def _of_classes(
    truth: Array, score: Any, decision: Any, classes: tuple[Any, ...] | None
) -> tuple[NDArray[np.bool_], Floats, Floats, Floats, tuple[Any, ...]]:
    """Which rows count, their truth and decision as codes of classes, their probabilities, and the classes."""
    keep = known_rows(truth)
    said = None if decision is None else _fitting(array(decision), len(truth), "decision")
    if score is not None:
        p, names = _scores(score, classes, truth)
        keep &= np.isfinite(_fitting(p, len(truth), "score")).all(axis=1)
    else:
        names = classes or tuple(_distinct(np.concatenate([truth[keep], array(said)[keep]])))
        p = np.zeros((len(truth), len(names)))
    p = p[keep]
    codes = p.argmax(1).astype(np.float64) if said is None else _codes(said[keep], names, "decision")
    return keep, _codes(truth[keep], names, "truth"), p, codes, names


def _cost_columns(metrics: Sequence[Metric], costs: Any, frame: Any, keep: NDArray[np.bool_]) -> dict[str, Floats]:
    priced = [*(m for m in metrics if m.name == "cost"), *([costs] if isinstance(costs, Metric) else [])]
    names = {value for m in priced for _, value in m.params if isinstance(value, str)}
    return {name: numbers(column_of(frame, name), name)[keep] for name in names}


def _priced(rows: Rows, metrics: Sequence[Metric], costs: Any, keep: NDArray[np.bool_], n: int) -> Costs | None:
    if isinstance(costs, Costs):
        return Costs(
            *(np.asarray(v)[keep] if np.ndim(v) and len(np.asarray(v)) == n else v for v in (costs.false_alarm, costs.miss, costs.under, costs.over))
        )
    source = costs if isinstance(costs, Metric) else next((m for m in metrics if m.name == "cost" and m.params), None)
    return rows.priced(source) if source is not None else None
