"""Quality before the outcomes come: what a criterion is expected to be over questions that are asked and not yet mature.

With a calibrated score p each question is a yes with weight p and a no with weight 1 − p. The metric's own formula over these weighted
rows gives expected confusion counts, expected losses, and the area under the curve of weighted ranks.

It assumes that the same scores still mean the same. Inputs that move are followed; a world in which the same inputs come out otherwise
is not seen at all. So where a metric is a mean over rows, mature questions correct it: the mean over them of (true − estimated) is
added (Angelopoulos et al. 2023, prediction-powered inference). An estimate raises no alarm; the outcomes do.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ninefold.metrics.formula import Formula, Ints
from ninefold.metrics.inputs import rows_of
from ninefold.metrics.measure import bind
from ninefold.metrics.metric import Metric
from ninefold.stats.bootstrap import FEWEST, Floats
from ninefold.stats.histogram import number_grid
from ninefold.units import many

ASSUMES = "the same scores still mean the same"
FEWEST_QUESTIONS = 30
FEWEST_CORRECTING = 7
"""Mature days that it takes to correct with: each weekday once."""
MEANS = frozenset({"accuracy", "brier", "cost", "log_loss", "precision", "selection_rate"})
"""Metrics that divide by what is known without outcomes: means over the questions, or over those said yes to."""
ENOUGH = 8_000
_FROM_SCORES = frozenset({"roc_auc", "average_precision", "lift", "log_loss", "brier"})


@dataclass(frozen=True, slots=True)
class Questions:
    """Questions as arrays of equal length: calibrated score, decision (1 yes, 0 no), local day; ``columns`` are those that costs name.

    ``practice`` is what today's practice said, where the problem's baseline is one of the inputs; ``weight`` how many questions a row
    stands for (default: one).
    """

    score: Floats
    decision: Floats
    day: NDArray[Any]
    columns: Mapping[str, Floats] = field(default_factory=dict)
    practice: Floats | float | None = None
    weight: Floats | None = None

    def __len__(self) -> int:
        return len(self.score)

    @property
    def n(self) -> int:
        """How many questions the rows stand for."""
        return len(self) if self.weight is None else round(float(self.weight.sum()))

    def grouped(self) -> "Questions":
        """The same with one row for each day, decision and value of the score. More than 256 values are put into so many bins of equal
        counts, and each gets its bin's mean. Where costs or today's practice differ by row, the rows stay.

        >>> found = Questions(np.array([0.2, 0.5, 0.2]), np.zeros(3), np.array([7, 7, 7])).grouped()
        >>> found.score.tolist(), found.weight.tolist(), found.n
        ([0.2, 0.5], [2.0, 1.0], 3)
        """
        if self.columns or isinstance(self.practice, np.ndarray) or not len(self):
            return self
        days, places = np.unique(self.day, return_inverse=True)
        said, answers = np.unique(self.decision, return_inverse=True)
        # the edges follow from some thousands of the scores, so that nothing large is sorted
        edges = np.asarray(number_grid(self.score[:: 1 + len(self) // ENOUGH]).edges)
        bins, width = np.searchsorted(edges, self.score, side="left"), len(edges) + 1
        cells = (places.reshape(-1) * len(said) + answers.reshape(-1)) * width + bins
        weight = np.bincount(cells, weights=self.weight)
        kept = np.flatnonzero(weight)
        # one number for each bin, on all days and for all decisions: ties stay ties
        mean = np.bincount(bins, weights=self.score, minlength=width) / np.maximum(1, np.bincount(bins, minlength=width))
        rest = kept // width
        score = np.clip(mean[kept % width], 0.0, 1.0)
        return Questions(score, said[rest % len(said)], days[rest // len(said)], {}, self.practice, weight[kept].astype(np.float64))


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A criterion's metric over ``n`` open questions of ``days`` days, in the units of the criterion's limit.

    ``uncorrected`` is the value from scores alone, where ``labelled`` mature questions corrected it. The 95 % interval is by day, where
    there are 20 open days and, for a corrected value, 20 mature ones. ``why`` says why there is no value, no correction.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    uncorrected: float | None = None
    n: int = 0
    days: int = 0
    labelled: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Correction:
    """Mature questions of one metric by day: how many (``n``), and ``sums`` (days, 1 + columns) of the weight that the metric divides
    by, then of true − estimated. ``+`` adds other days.
    """

    days: Ints
    n: Ints
    sums: Floats

    def __len__(self) -> int:
        return len(self.days)

    def __add__(self, other: "Correction") -> "Correction":
        days, n = np.concatenate([self.days, other.days]), np.concatenate([self.n, other.n])
        return Correction(days, n, np.concatenate([self.sums, other.sums]))

    def since(self, day: int) -> "Correction":
        """Without the days before ``day``."""
        kept = self.days >= day
        return Correction(self.days[kept], self.n[kept], self.sums[kept])


def unknowable(metric: Any, kind: str = "binary") -> str:
    """Why a metric cannot be estimated from scores and decisions; empty where it can.

    >>> import ninefold as nf
    >>> unknowable(nf.roc_auc), unknowable(nf.calibration_error)
    ('', 'calibration_error has no estimate: that scores are calibrated is what an estimate assumes')
    """
    if not isinstance(metric, Metric):
        return f"{metric} has no estimate: a metric of the business is known when it is measured"
    if metric.name == "latency":
        return "latency has no estimate: it is measured"
    if kind != "binary":
        what = {"multiclass": "several classes", "regression": "numbers"}.get(kind, kind)
        return f"{metric} has no estimate for {what}: only the probability of a yes says how often an answer is wrong"
    if metric.name == "calibration_error":
        return "calibration_error has no estimate: that scores are calibrated is what an estimate assumes"
    if metric.statistic is not None:
        return f"{metric} has no estimate: scores are calibrated over all questions, not in each group"
    return ""


def estimate(metric: Metric, asked: Questions, known: Correction | None = None, *, relative: bool = False) -> Estimate:
    """What ``metric`` is expected to be over open questions; ``relative``: over its baseline.

    >>> import ninefold as nf
    >>> day = np.arange(100) % 4
    >>> open_ = Questions(np.full(100, 0.8), np.ones(100), day)
    >>> round(estimate(nf.accuracy, open_).value, 6)
    0.8
    >>> mature = correction(nf.accuracy, Questions(np.full(100, 0.8), np.ones(100), np.arange(100) % 10), truth=np.arange(100) % 2)
    >>> found = estimate(nf.accuracy, open_, mature)
    >>> round(found.value, 6), round(found.uncorrected, 6), found.labelled
    (0.5, 0.8, 100)
    """
    days = len(np.unique(asked.day))
    why = unknowable(metric)
    if not why and asked.n < FEWEST_QUESTIONS:
        why = f"{many(asked.n, 'open question')}: too few, it takes {FEWEST_QUESTIONS}" if asked.n else "no open questions"
    if not why and metric.name not in _FROM_SCORES and not np.isin(asked.decision, (0, 1)).all():
        why = f"{metric} has no estimate: some questions are neither a yes nor a no, people decide them"
    if why:
        return Estimate(n=asked.n, days=days, why=why)
    formula, codes = _expected(metric, asked)
    value_of = formula.value if not relative else _relative(formula)
    if value_of is None:
        return Estimate(n=asked.n, days=days, why=f"{metric} has no baseline to compare with")
    sums = formula.sums(codes, days)
    plain = _scalar(value_of(sums.sum(0)))
    used, why = _usable(metric, known)
    if plain is None:
        return Estimate(n=asked.n, days=days, why=f"{metric} has nothing to divide by")
    if used is None:
        low, high = _interval(plain, [_without(sums)], value_of)
        return Estimate(value=plain, low=low, high=high, n=asked.n, days=days, why=why)
    right = used.sums.sum(0)
    value = _scalar(value_of(_corrected(sums.sum(0), right)))
    low, high = _interval(value, [_corrected(_without(sums), right), _corrected(sums.sum(0), _without(used.sums))], value_of)
    return Estimate(value=value, low=low, high=high, uncorrected=plain, n=asked.n, days=days, labelled=int(used.n.sum()))


def correction(metric: Metric, mature: Questions, truth: NDArray[Any]) -> Correction | None:
    """By how much mature questions came out otherwise than estimated, day by day; None where the metric is no mean over rows.

    >>> import ninefold as nf
    >>> found = correction(nf.brier, Questions(np.array([0.5, 1.0]), np.ones(2), np.array([1, 2])), truth=np.array([1, 0]))
    >>> found.sums[:, :2].tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    if metric.name not in MEANS or unknowable(metric) or not len(mature):
        return None
    distinct, codes = np.unique(mature.day, return_inverse=True)
    weight = np.ones(len(mature)) if mature.weight is None else mature.weight
    was = _formula(metric, mature, truth.astype(np.float64), mature.score, mature.decision, weight, 1)
    expected, twice = _expected(metric, mature)
    sums = was.sums(codes.reshape(-1), len(distinct)) - expected.sums(twice, len(distinct))
    sums[:, 0] = expected.sums(twice, len(distinct))[:, 0]
    return Correction(distinct.astype(np.int64), np.bincount(codes.reshape(-1)).astype(np.int64), sums)


def _expected(metric: Metric, asked: Questions) -> tuple[Formula, Ints]:
    """The metric over every question taken twice, as a yes and as a no; and the places of their days."""
    n, p = len(asked), asked.score
    weight = np.concatenate([p, 1 - p])
    if asked.weight is not None:
        weight *= np.tile(asked.weight, 2)
    truth = np.concatenate([np.ones(n), np.zeros(n)])
    codes = np.unique(asked.day, return_inverse=True)[1].astype(np.int64).reshape(-1)
    return _formula(metric, asked, truth, np.tile(p, 2), np.tile(asked.decision, 2), weight, 2), np.tile(codes, 2)


def _formula(metric: Metric, asked: Questions, truth: Floats, score: Floats, decision: Floats, weight: Floats, times: int) -> Formula:
    columns = {name: np.tile(values, times) for name, values in asked.columns.items()}
    practice = np.tile(asked.practice, times) if isinstance(asked.practice, np.ndarray) else asked.practice
    rows, _ = rows_of("binary", [metric], truth, score, decision=decision, frame=columns, weight=weight, baseline=practice)
    return bind(metric, rows)


def _relative(formula: Formula) -> Any:
    baseline = formula.baseline
    if baseline is None:
        return None
    return lambda sums: np.divide(formula.value(sums), baseline(sums))


def _usable(metric: Metric, known: Correction | None) -> tuple[Correction | None, str]:
    """The correction, or why there is none."""
    if metric.name not in MEANS:
        return None, "not corrected: it is no mean over questions"
    days = len(known) if known is not None else 0
    if known is None or days < FEWEST_CORRECTING or not known.sums[:, 0].sum():
        return None, f"not corrected yet: {many(days, 'mature day')}, it takes {FEWEST_CORRECTING}"
    return known, ""


def _corrected(sums: Floats, right: Floats) -> Floats:
    """Sums over open questions and, for each unit of their weight, what the mature ones had more."""
    found = sums + sums[..., :1] / right[..., :1] * right
    found[..., 0] = sums[..., 0]
    return found


def _without(sums: Floats) -> Floats:
    """The total without each day."""
    left: Floats = sums.sum(0) - sums
    return left


def _interval(value: float | None, parts: list[Floats], value_of: Any) -> tuple[float | None, float | None]:
    """The jackknife over days, its variance added up over independent parts (Efron & Stein 1981); None under 20 days of either."""
    days = min(len(part) for part in parts)
    if value is None or days < FEWEST:
        return None, None
    variance = 0.0
    for part in parts:
        with np.errstate(invalid="ignore", divide="ignore"):
            left_out = value_of(part)
        variance += (len(part) - 1) * float(np.var(left_out))
    if not math.isfinite(variance):
        return None, None
    half = _t(days - 1) * math.sqrt(variance)
    return value - half, value + half


def _t(freedom: int) -> float:
    """The 97.5 % point of Student's t, from 19 degrees of freedom on right to 0.0005 (Fisher & Cornish 1960).

    >>> round(_t(19), 3), round(_t(10_000), 3)
    (2.093, 1.96)
    """
    return 1.959964 + 2.372271 / freedom + 2.822499 / freedom**2


def _scalar(value: Any) -> float | None:
    found = float(value)
    return found if math.isfinite(found) else None
