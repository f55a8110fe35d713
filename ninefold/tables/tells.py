"""How well one column alone tells a label: the measure behind leaks and proposals."""

from typing import Any

import numpy as np
import polars as pl

BINS = 64
LEVELS = 1000


def codes(values: pl.Series) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Each row's group: the level of a text, the quantile bin of a number or time; null is a group of its own (0)."""
    dtype = values.dtype
    if dtype.is_numeric() or dtype.is_temporal():
        numbers = values.to_physical().cast(pl.Float64).fill_nan(None)
        known = numbers.drop_nulls().to_numpy()
        if not len(known):
            return np.zeros(values.len(), dtype=np.int64)
        edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
        found = np.searchsorted(edges, numbers.fill_null(known[0]).to_numpy(), side="right") + 1
        return np.where(numbers.is_null().to_numpy(), 0, found).astype(np.int64)
    if dtype.is_nested() or dtype == pl.Binary:
        return values.is_not_null().cast(pl.Int64).to_numpy()
    top = values.drop_nulls().value_counts(sort=True, name="__n").head(LEVELS)[values.name]
    level = pl.DataFrame({"v": values}).join(pl.DataFrame({"v": top}).with_row_index("i"), on="v", how="left", maintain_order="left")["i"]
    other = LEVELS + 1
    return pl.select(pl.when(values.is_null()).then(0).otherwise(level.cast(pl.Int64).fill_null(other - 1) + 1)).to_series().to_numpy()


def told(groups: "np.ndarray[Any, np.dtype[np.int64]]", label: "np.ndarray[Any, np.dtype[np.float64]]", binary: bool) -> float:
    """How well the groups tell the label: the ROC AUC of the groups' rates (binary), the share of variance that the
    groups' means explain (else). Means are taken on one half of the rows and judged on the other: many small groups gain nothing by chance.

    >>> bool(told(np.array([0, 0, 1, 1] * 50), np.array([0.0, 0, 1, 1] * 50), True) > 0.99)
    True
    """
    size = int(groups.max()) + 1 if len(groups) else 1
    half = np.random.default_rng(0).random(len(groups)) < 0.5  # seeded: the same rows give the same finding
    count = np.bincount(groups[half], minlength=size)
    total = np.bincount(groups[half], weights=label[half], minlength=size)
    overall = label[half].mean() if half.any() else 0.0
    # a group's mean leans towards the overall one as if ten rows had said so
    score = ((total + 10 * overall) / (count + 10))[groups[~half]]
    truth = label[~half]
    if not binary:
        spread = float(((truth - truth.mean()) ** 2).sum()) if len(truth) else 0.0
        return max(0.0, 1 - float(((truth - score) ** 2).sum()) / spread) if spread else 0.0
    return _auc(score, truth)


def _auc(score: Any, truth: Any) -> float:
    _, place = np.unique(score, return_inverse=True)
    right = np.bincount(place, weights=truth)
    wrong = np.bincount(place, weights=1 - truth)
    if not right.sum() or not wrong.sum():
        return 0.5
    below = np.cumsum(wrong) - wrong
    return float((right * (below + wrong / 2)).sum() / (right.sum() * wrong.sum()))


def as_numbers(label: pl.Series) -> "tuple[np.ndarray[Any, np.dtype[np.float64]], bool]":
    """A label as numbers, and whether it is binary. Of a text label, whether it is the most frequent class."""
    if label.dtype == pl.Boolean:
        return label.cast(pl.Float64).to_numpy(), True
    if label.dtype.is_numeric():
        return label.cast(pl.Float64).to_numpy(), label.n_unique() <= 2 and set(label.unique().to_list()) <= {0, 1}
    common = label.value_counts(sort=True, name="__n")[label.name][0]
    return (label == common).cast(pl.Float64).to_numpy(), True
