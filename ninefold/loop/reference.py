"""What a version's evidence looked like, day by day: the reference that monitors compare production with.

All limits of detectors follow from it: the test span's rows, as the fit that the evidence was measured with saw and scored them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import polars as pl

from ninefold.models.records import Version
from ninefold.monitors.columns import daily, grid_of
from ninefold.project.home import Home
from ninefold.project.learning import Learning
from ninefold.stats.histogram import Grid, Histogram

SCORE = "the score"
MOST_DAYS = 120


@dataclass(frozen=True, slots=True)
class Reference:
    """Days of a version's test span: histograms of inputs and score, numbers and sums of outcomes.

    ``scale`` is the labels' standard deviation for numbers, None else; ``usual`` the middle number of rows a day.
    """

    version: int
    types: dict[str, Any]
    grids: dict[str, Grid]
    days: tuple[int, ...]
    windows: dict[str, tuple[Histogram, ...]]
    n: tuple[int, ...]
    residual: tuple[float, ...]
    loss: tuple[float, ...]
    usual: float
    scale: float | None = None


def reference_of(home: Home, learning: Learning, made: Version, columns: tuple[str, ...] = (), classes: Sequence[Any] = ()) -> Reference:
    """The reference of a version, from its evidence and training set; ``columns`` are those to watch (default: every input)."""
    proof = home.stored("evidence", made.model).scan(made.body["evidence"]).collect()
    training = home.stored("training", made.model).scan(made.body["training_version"]).collect()[proof["row"]]
    watched = [c for c in (columns or learning.inputs) if c in training.columns]
    # one day more or less matters little; a day cut in two by the span's end looks unlike any other
    sizes = proof.group_by("day").len().sort("day")
    usual = float(cast(float, sizes["len"].median() or 0.0))
    days = sizes.filter(pl.col("len") * 2 >= usual)["day"].to_list()[-MOST_DAYS:]
    frame = training.select(*watched).with_columns(proof["day"].cast(pl.Int32).alias("__day"), _score(proof, learning.kind).alias(SCORE))
    frame = frame.filter(pl.col("__day").is_in(days))
    names = [*watched, SCORE]
    grids = {c: grid_of(frame[c]) for c in names}
    counted = daily(frame, "__day", grids)
    sums = _sums(proof, learning.kind, classes)
    table = {int(d): (int(n), float(r), float(x)) for d, n, r, x in sums.iter_rows()}
    outcome = [table.get(int(d), (0, 0.0, 0.0)) for d in days]
    scale = _spread(proof) if learning.kind == "regression" else None
    return Reference(
        version=made.version,
        types={c: frame.schema[c] for c in names},
        grids=grids,
        days=tuple(int(d) for d in days),
        windows={c: tuple(counted[int(d)][c] for d in days) for c in names},
        n=tuple(o[0] for o in outcome),
        residual=tuple(o[1] for o in outcome),
        loss=tuple(o[2] for o in outcome),
        usual=usual,
        scale=scale,
    )


def _score(proof: pl.DataFrame, kind: str) -> pl.Series:
    if kind != "multiclass":
        return proof["score"].cast(pl.Float64)
    return pl.Series("score", np.stack(proof["score"].to_list()).max(1) if proof.height else [], dtype=pl.Float64)


def _spread(proof: pl.DataFrame) -> float | None:
    return float(cast(float, proof["label"].cast(pl.Float64).std() or 0.0)) or None


def _sums(proof: pl.DataFrame, kind: str, classes: Sequence[Any]) -> pl.DataFrame:
    """Settled rows, Σ residual and Σ loss of each day; of several classes the residual is whether the likeliest came."""
    if kind == "multiclass":
        place = {str(c): i for i, c in enumerate(classes)}
        codes = [place.get(str(v), -1) for v in proof["label"].to_list()]
        truth = (proof["decision"].cast(pl.Int64) == pl.Series("code", codes, dtype=pl.Int64)).cast(pl.Float64)
    else:
        truth = proof["label"].cast(pl.Float64)
    told = proof.select("day", (truth - _score(proof, kind)).alias("residual"), "loss").drop_nulls()
    return told.group_by("day").agg(pl.len(), pl.col("residual").sum(), pl.col("loss").sum()).sort("day")
