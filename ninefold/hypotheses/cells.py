"""A column cut into cells: numbers at quantiles, texts by value; what tables of counts by day are made of."""

import numpy as np
from numpy.typing import NDArray

from ninefold.metrics.inputs import is_null
from ninefold.metrics.rows import Array


def numeric(values: Array) -> bool:
    """Numbers, or yes and no (nulls aside)."""
    if values.dtype.kind in "iufb":
        return True
    return values.dtype == object and all(isinstance(v, (bool, int, float)) for v in values.tolist() if v is not None)


def floats(values: Array) -> NDArray[np.float64]:
    """The numbers of a numeric column; null is NaN."""
    if values.dtype != object:
        return values.astype(np.float64)
    return np.array([np.nan if v is None else float(v) for v in values.tolist()])


def number_cells(numbers: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """The quantile bin of each number; null is a cell of its own, the last.

    >>> number_cells(np.array([1.0, 2.0, 3.0, 4.0, np.nan]), 2).tolist()
    [0, 0, 1, 1, 2]
    """
    edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.where(np.isnan(numbers), len(edges) + 1, np.searchsorted(edges, numbers, side="right")).astype(np.int64)


def text_cells(values: Array, most: int) -> NDArray[np.int64]:
    """A cell for each value, the commonest first; of more than ``most`` the rarest share the last. Null is a value.

    >>> text_cells(np.array(["a", "b", "b", None], dtype=object), 2).tolist()
    [1, 0, 0, 1]
    """
    texts = np.array(["\0null" if is_null(v) else str(v) for v in values.tolist()])
    names, codes, counts = np.unique(texts, return_inverse=True, return_counts=True)
    place = np.empty(len(names), dtype=np.int64)
    place[np.argsort(-counts, kind="stable")] = np.minimum(np.arange(len(names)), most - 1)
    return place[codes.reshape(-1)]
