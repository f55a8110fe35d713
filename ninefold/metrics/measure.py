"""Measure metrics on rows whose truth is known: the same code for training, production and reports."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack, overload

import numpy as np
from numpy.typing import NDArray

from ninefold.errors import DeclarationError
from ninefold.metrics.amounts import AMOUNTS
from ninefold.metrics.curves import CURVES
from ninefold.metrics.decisions import DECISIONS
from ninefold.metrics.formula import Formula, ratio
from ninefold.metrics.inputs import column, in_memory, kind_of, rows_of
from ninefold.metrics.measurement import Measured, Measurement, Slice
from ninefold.metrics.metric import Kind, Metric
from ninefold.metrics.resampling import Resampling
from ninefold.metrics.rows import Costs, Rows, array, column_of
from ninefold.metrics.slices import Groups, groups_of, spread
from ninefold.stats.bootstrap import Floats, Interval, interval

__all__ = ["Costs", "Measured", "Measurement", "Slice", "measure"]


class Given(TypedDict, total=False):
    """What may be given to :func:`measure` beside metrics, truth and score; explained there."""

    by: Any
    day: Any
    decision: Any
    threshold: float | None
    costs: Metric | Costs | None
    frame: Any
    weight: Any
    baseline: Any
    constant: Any
    kind: Kind | None
    classes: Sequence[Any] | None
    quantiles: Mapping[float, Any] | None
    seed: int


@overload
def measure(metrics: Metric, truth: Any, score: Any = None, **given: Unpack[Given]) -> Measurement: ...
@overload
def measure(metrics: Sequence[Metric], truth: Any, score: Any = None, **given: Unpack[Given]) -> Measured: ...
def measure(
    metrics: Metric | Sequence[Metric],
    truth: Any,
    score: Any = None,
    *,
    by: Any = None,
    day: Any = None,
    decision: Any = None,
    threshold: float | None = None,
    costs: Metric | Costs | None = None,
    frame: Any = None,
    weight: Any = None,
    baseline: Any = None,
    constant: Any = None,
    kind: Kind | None = None,
    classes: Sequence[Any] | None = None,
    quantiles: Mapping[float, Any] | None = None,
    seed: int = 0,
) -> Measurement | Measured:
    """Measure one metric or several on the same rows.

    Args:
        metrics: a metric value such as ``nf.roc_auc`` or ``nf.cost(false_alarm=1, miss=5)``, or a list of them.
        truth: what happened, one value a row (yes/no, a class, a number); rows without one are *void*: counted, not measured.
        score: the probability of yes, a column for each class, or the predicted number.
        by: slice by these columns of ``frame`` (or a mapping of name to column); else by each metric's own ``by=``.
        day: the day of each row's decision (any value; or the entity, where its rows repeat). Intervals resample whole days; without
            ``day`` or under 20 of them there is none, for rows of one day are not independent.
        decision: what was decided; by default ``score >= threshold``.
        threshold: of the decision; by default from the costs, else 0.5.
        costs: costs for a bare ``nf.cost`` and for the threshold.
        frame: where columns given by name are found (polars, pandas, Arrow, DuckDB, a mapping of lists).
        weight: one weight a row, for a held-out share.
        baseline: today's practice on the same rows (scores or numbers); by default the better constant policy.
        constant: what the constant policy says for losses: the rate or mean of training; by default the best on these rows.
        kind: binary, multiclass or regression, where the metrics leave it open.
        classes: the classes, in the order of the score's columns.
        quantiles: predictions by quantile, for ``nf.pinball``.
        seed: of the resampling; the same seed gives the same interval.

    Any column may be given by its name in ``frame``. Raises :class:`ninefold.errors.DataError` where columns do not fit each other.

    >>> import ninefold as nf
    >>> print(nf.measure(nf.roc_auc, [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]))
    roc_auc 0.75 · 4 rows
    >>> late = nf.measure(nf.cost(false_alarm=1, miss=5), [0, 0, 0, 1], [0.1, 0.3, 0.0, 0.9])
    >>> late.value, late.baseline
    (0.25, 0.75)
    """
    several = [metrics] if isinstance(metrics, Metric) else list(metrics)
    _check(several)
    frame = in_memory(frame)
    truth, score, decision, day, weight, baseline = (column(v, frame) for v in (truth, score, decision, day, weight, baseline))
    fits = kind or kind_of(several, array(truth), score)
    rows, keep = rows_of(
        fits,
        several,
        truth,
        score,
        decision=decision,
        threshold=threshold,
        costs=costs,
        frame=frame,
        weight=weight,
        baseline=baseline,
        constant=constant,
        classes=classes,
        quantiles=quantiles,
    )
    resampling = Resampling.of(None if day is None else array(day), keep, seed)
    void = int((~keep).sum())
    found = [_one(m, rows, resampling, _groups(m, by, frame, keep), void) for m in several]
    return found[0] if isinstance(metrics, Metric) else Measured(found)


def measure_groups(
    metric: Metric, truth: Any, score: Any, *, by: Any, day: Any, kind: Kind | None = None, frame: Any = None, **given: Any
) -> tuple[tuple[Slice, ...], list[Floats], int]:
    """The judged groups of a metric, their values in each resample (the same days for all groups), and the days."""
    truth, score, day = (column(v, frame) for v in (truth, score, day))
    fits = kind or kind_of([metric], array(truth), score)
    rows, keep = rows_of(fits, [metric], truth, score, frame=frame, **given)
    resampling, groups = Resampling.of(array(day), keep, 0), _groups(metric, by, frame, keep)
    if groups is None:
        raise DeclarationError(f"{metric} has no groups to compare", hint='say by what: by="column"')
    slices, values = _slices(metric, bind(metric, rows), resampling, groups)
    return tuple(s for s in slices if s.judged), values, resampling.days


def _check(metrics: list[Any]) -> None:
    for metric in metrics:
        if not isinstance(metric, Metric):
            raise DeclarationError(
                f"{metric!r} is no built-in metric", hint="custom metrics are evaluated with their frames: ninefold.metrics.custom.evaluate"
            )
        if metric.name == "latency":
            hint = "ninefold.metrics.latency.measure_latency(metric, seconds)"
            raise DeclarationError("nf.latency is measured in the server, not from truth and score", hint=hint)


def bind(metric: Metric, rows: Rows) -> Formula:
    """The metric as sums over these rows."""
    table = AMOUNTS if rows.kind == "regression" else {**CURVES, **DECISIONS}
    if rows.kind not in metric.kinds or metric.name not in table:
        raise DeclarationError(f"nf.{metric.name} does not fit a {rows.kind} target", hint=f"it fits {' and '.join(metric.kinds)}")
    return table[metric.name](metric, rows)


def _groups(metric: Metric, by: Any, frame: Any, keep: NDArray[np.bool_]) -> Groups | None:
    names: Any = metric.by if by is None else by
    if isinstance(names, Mapping):
        given = {str(k): array(v)[keep] for k, v in names.items() if not metric.by or k in metric.by}
    elif isinstance(names, str):
        given = {names: array(column_of(frame, names))[keep]}
    elif isinstance(names, (tuple, list)) and all(isinstance(n, str) for n in names) and len(names) != len(keep):
        given = {n: array(column_of(frame, n))[keep] for n in names}
    else:
        given = {} if names is None or len(names) == 0 else {"by": array(names)[keep]}
    return groups_of(given) if given else None


def _scalar(value: Floats) -> float | None:
    found = float(value)
    return found if np.isfinite(found) else None


def _one(metric: Metric, rows: Rows, resampling: Resampling, groups: Groups | None, void: int) -> Measurement:
    formula = bind(metric, rows)
    sums = formula.sums(resampling.codes, resampling.groups)
    total, draws = sums.sum(0), resampling.draws
    resampled = None if draws is None else draws @ sums
    value = _scalar(formula.value(total))
    low, high = Interval(None, None) if resampled is None or value is None else interval(formula.value(resampled))
    relative = _relative(formula, total, resampled)
    slices: tuple[Slice, ...] = ()
    if groups is not None:
        slices, values = _slices(metric, formula, resampling, groups)
        if metric.statistic is not None:
            value, (low, high) = spread(metric.statistic, metric.better, slices, values)
            relative = (None, None, Interval(None, None))
    baseline, share, (share_low, share_high) = relative
    return Measurement(
        name=str(metric),
        value=value,
        low=low,
        high=high,
        n=len(rows),
        void=void,
        days=resampling.days,
        slices=slices,
        baseline=baseline,
        relative=share,
        relative_low=share_low,
        relative_high=share_high,
    )


def _relative(formula: Formula, total: Floats, resampled: Floats | None) -> tuple[float | None, float | None, Interval]:
    if formula.baseline is None:
        return None, None, Interval(None, None)
    baseline = _scalar(formula.baseline(total))
    share = _scalar(ratio(formula.value(total), formula.baseline(total)))
    if resampled is None or share is None:
        return baseline, share, Interval(None, None)
    return baseline, share, interval(ratio(formula.value(resampled), formula.baseline(resampled)))


def _slices(metric: Metric, formula: Formula, resampling: Resampling, groups: Groups) -> tuple[tuple[Slice, ...], list[Floats]]:
    """Every group; of the judged ones the resamples too. Groups with too few of what the metric divides by are listed and pooled."""
    counts = np.bincount(groups.codes, weights=formula.divides, minlength=len(groups.names)).astype(int)
    found, values = [], []
    enough = [c for c in np.argsort(-counts, kind="stable").tolist() if counts[c] >= metric.at_least]
    for code in enough:
        sums = formula.sums(resampling.codes, resampling.groups, groups.codes == code)
        value = _scalar(formula.value(sums.sum(0)))
        drawn = None if resampling.draws is None else formula.value(resampling.draws @ sums)
        low, high = Interval(None, None) if drawn is None or value is None else interval(drawn)
        found.append(Slice(groups.names[code], value, low, high, int(counts[code]), value is not None))
        if drawn is not None and value is not None:
            values.append(drawn)
    few = [c for c in np.argsort(-counts, kind="stable").tolist() if counts[c] < metric.at_least]
    return (*found, *_few(formula, resampling, groups, counts, few)), values


LISTED = 50


def _few(formula: Formula, resampling: Resampling, groups: Groups, counts: NDArray[Any], few: list[int]) -> list[Slice]:
    if not few:
        return []
    pooled = np.isin(groups.codes, few)
    other = _scalar(formula.value(formula.sums(resampling.codes, resampling.groups, pooled).sum(0)))
    listed = [Slice("other", other, None, None, int(counts[few].sum()), False)]
    for code in few[:LISTED]:
        one = formula.sums(np.zeros(len(groups.codes), dtype=np.int64), 1, groups.codes == code).sum(0)
        listed.append(Slice(groups.names[code], _scalar(formula.value(one)), None, None, int(counts[code]), False))
    return listed
