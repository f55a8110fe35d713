"""Answers of one version with their outcomes, as numbers: truth, score, residual, loss. What monitors and canaries add up by day."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl

from ninefold.models.objective import Objective, losses
from ninefold.project.learning import Learning

_lists = msgspec.json.Decoder(dict[str, list[float]])


def answered(rows: pl.DataFrame, version: int, learning: Learning, objective: Objective, classes: Sequence[Any] = ()) -> pl.DataFrame:
    """``__day``, ``truth``, ``score``, ``residual`` and ``loss`` of the settled rows that ``version`` scored.

    ``residual`` is outcome less score; for several classes, whether the likeliest came less its probability. ``loss`` is the
    problem's cost, else log loss or squared error.
    """
    mine = rows.filter((pl.col("__state") == "settled") & pl.col("scores").str.contains(f'"{version}":', literal=True))
    if learning.kind == "multiclass":
        return _classes(mine, version, objective, classes)
    found = mine.with_columns(
        pl.col("scores").str.json_path_match(f"$.{version}").cast(pl.Float64, strict=False).alias("score"),
        pl.col("decisions").str.json_path_match(f"$.{version}").cast(pl.Int64, strict=False).fill_null(0).alias("__decision"),
        pl.col("__label").cast(pl.Float64).alias("truth"),
    ).drop_nulls(["score", "truth"])
    truth, score = found["truth"].to_numpy(), found["score"].to_numpy()
    loss = losses(objective, truth, score, found["__decision"].to_numpy(), costs(found, objective))
    return found.select("__day", "truth", "score", (pl.col("truth") - pl.col("score")).alias("residual"), pl.Series("loss", loss, dtype=pl.Float64))


def _classes(rows: pl.DataFrame, version: int, objective: Objective, classes: Sequence[Any]) -> pl.DataFrame:
    place = {str(c): i for i, c in enumerate(classes)}
    # a class that the version does not know has come true: it had no probability
    code = pl.col("__label").replace_strict(place, default=len(classes), return_dtype=pl.Int64)
    found = rows.filter(pl.col("__label").is_not_null()).with_columns(code.alias("truth"))
    told = [_lists.decode(text)[str(version)] for text in found["scores"].to_list()]
    known = np.array(told, dtype=np.float64) if told else np.empty((0, len(classes)))
    scores = np.column_stack([known, np.zeros(len(known))])
    truth, likeliest = found["truth"].to_numpy(), scores.argmax(1) if scores.size else np.empty(0, np.int64)
    top = scores.max(1) if scores.size else np.empty(0)
    loss = losses(objective, truth, scores, likeliest, {})
    return found.select(
        "__day",
        pl.col("truth").cast(pl.Float64),
        pl.Series("score", top, dtype=pl.Float64),
        pl.Series("residual", (likeliest == truth) - top, dtype=pl.Float64),
        pl.Series("loss", loss, dtype=pl.Float64),
    )


def costs(rows: pl.DataFrame, objective: Objective) -> dict[str, Any]:
    """The columns that the costs read, out of the request's columns."""
    return {c: rows["row"].str.json_path_match(f"$.{c}").cast(pl.Float64, strict=False).to_numpy() for c in objective.columns}


def score_of(rows: pl.DataFrame, version: int, kind: str) -> pl.Series:
    """The score that ``version`` gave to each row, null where it gave none; for several classes that of the likeliest."""
    if kind == "multiclass":
        told = [_lists.decode(text).get(str(version)) for text in rows["scores"].to_list()]
        return pl.Series("score", [max(t) if t else None for t in told], dtype=pl.Float64)
    return rows.select(pl.col("scores").str.json_path_match(f"$.{version}").cast(pl.Float64, strict=False).alias("score")).to_series()
