"""Learning an encoding: levels, medians and scales, from the rows that a model is fitted on and no others."""

from collections import Counter

import numpy as np

from ninefold.bundles.encoding import Column, Encoder, Encoding, Floats
from ninefold.models.dataset import Dataset, Input, Rows

MOST_CODES, MOST_OUTPUTS = 1000, 100


def learn_encoding(data: Dataset, rows: Rows, form: str, *, single: bool = False) -> Encoding:
    """The encoding of ``form`` ("codes" or "scaled").

    A text has its levels in alphabetical order; of more than 1000 (scaled: 100) the most frequent stay, the others count as
    unseen. An input that is null in all of these rows becomes the constant 0 in the scaled form.
    """
    columns = tuple(_column(i, rows, form) for i in data.inputs)
    return Encoding("codes" if form == "codes" else "scaled", columns, single)


def _column(given: Input, rows: Rows, form: str) -> Column:
    values = given.take(rows)
    if given.kind == "text":
        counted = Counter(v for v in values if v is not None)
        most = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[: MOST_CODES if form == "codes" else MOST_OUTPUTS]
        return Column(given.name, "text", tuple(sorted(level for level, _ in most)))
    if form == "codes":
        return Column(given.name, given.kind)
    known = values[~np.isnan(values)]
    fill = float(np.median(known)) if len(known) else 0.0
    filled = np.where(np.isnan(values), fill, values)
    scale = float(filled.std())
    usable = np.isfinite(scale) and scale > 1e-12 * max(1.0, abs(fill))
    return Column(given.name, given.kind, (), fill, float(filled.mean()), scale if usable else 1.0, len(known) < len(values))


def matrix(encoder: Encoder, data: Dataset, rows: Rows) -> Floats:
    """The encoded rows."""
    return encoder.assemble([encoder.values(k, i.take(rows)) for k, i in enumerate(data.inputs)], len(rows))
