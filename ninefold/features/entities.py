"""Entities as numbers: the same value has the same code in rows and questions."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ninefold.errors import DataError, closest

Int = NDArray[np.int64]
_LARGEST = 1 << 62


def codes(rows: pl.DataFrame, rows_by: Sequence[str], questions: pl.DataFrame, by: Sequence[str]) -> tuple[Int, Int]:
    """Codes of the entities of rows and of questions, from 0 on; -1 where a column of the entity is null.

    No column is everyone: all have code 0. Several columns are one entity.
    """
    all_rows, all_questions = np.zeros(rows.height, np.int64), np.zeros(questions.height, np.int64)
    width = 1
    for row_column, column in zip(rows_by, by, strict=True):
        both = _both(rows, row_column, questions, column)
        code, size = _one(both)
        if width * size >= _LARGEST:  # dense again: only the combinations that exist
            (all_rows, all_questions), width = _dense(all_rows, all_questions)
        missing = code < 0
        joined = np.concatenate([all_rows, all_questions]) * size + code
        joined[missing | (np.concatenate([all_rows, all_questions]) < 0)] = -1
        all_rows, all_questions, width = joined[: rows.height], joined[rows.height :], width * size
    return all_rows, all_questions


def _both(rows: pl.DataFrame, row_column: str, questions: pl.DataFrame, column: str) -> pl.Series:
    for frame, name, what in ((rows, row_column, "row"), (questions, column, "question")):
        if name not in frame.columns:
            raise DataError(f'the {what}s have no column "{name}" to find the entity by', hint=closest(name, frame.columns))
    left, right = rows[row_column], questions[column]
    if left.dtype == right.dtype:
        return pl.concat([left.alias("e"), right.alias("e")], rechunk=True)
    if pl.Null in (left.dtype, right.dtype):
        kind = right.dtype if left.dtype == pl.Null else left.dtype
        return pl.concat([left.cast(kind).alias("e"), right.cast(kind).alias("e")])
    kinds = (left.dtype, right.dtype)
    if all(kind.is_integer() for kind in kinds):
        return pl.concat([left.cast(pl.Int64).alias("e"), right.cast(pl.Int64).alias("e")])
    if all(kind in (pl.String, pl.Categorical, pl.Enum) for kind in kinds):
        return pl.concat([left.cast(pl.String).alias("e"), right.cast(pl.String).alias("e")])
    if all(kind == pl.Datetime for kind in kinds):
        return pl.concat([left.cast(pl.Datetime("us")).alias("e"), right.cast(pl.Datetime("us")).alias("e")])
    raise DataError(
        f'the entity is "{row_column}" ({left.dtype}) in the rows and "{column}" ({right.dtype}) in the questions', hint="give both the same type"
    )


def _one(both: pl.Series) -> tuple[Int, int]:
    """Codes of one column, and a number above them."""
    missing = both.is_null().to_numpy()
    if both.dtype.is_integer() or both.dtype in (pl.Boolean, pl.Date, pl.Datetime):
        physical = both.to_physical().cast(pl.Int64).fill_null(0).to_numpy()
        low, high = (int(physical.min()), int(physical.max())) if len(physical) else (0, 0)
        if high - low < 1 << 31:
            code = physical - low
            code[missing] = -1
            return code, high - low + 2
        code = np.unique(physical, return_inverse=True)[1].astype(np.int64)
    else:
        # a private set of categories numbers the values from 0 on, whatever else the process has categorised
        text = both.cast(pl.String) if both.dtype != pl.String else both
        code = text.cast(pl.Categorical(pl.Categories.random())).to_physical().fill_null(0).to_numpy().astype(np.int64)
    code[missing] = -1
    return code, int(code.max(initial=0)) + 2


def _dense(rows: Int, questions: Int) -> tuple[tuple[Int, Int], int]:
    distinct, code = np.unique(np.concatenate([rows, questions]), return_inverse=True)
    code = code.astype(np.int64) - (1 if len(distinct) and distinct[0] < 0 else 0)
    return (code[: len(rows)], code[len(rows) :]), len(distinct) + 1
