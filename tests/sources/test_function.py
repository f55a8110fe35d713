"""Python functions as sources."""

from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import ninefold as nf
from ninefold.errors import DataError


@pytest.mark.parametrize(
    "make",
    [lambda: pl.LazyFrame({"a": [1]}), lambda: pd.DataFrame({"a": [1]}), lambda: pa.table({"a": [1]}), lambda: pa.table({"a": [1]}).to_reader()],
)
def test_any_frame_becomes_rows(take: Any, make: Any) -> None:
    assert take(nf.Source(make))[1] == [{"a": 1}]


def test_since_is_the_highest_value_seen(take: Any) -> None:
    asked = []

    def rows(since: int | None) -> pl.DataFrame:
        asked.append(since)
        return pl.DataFrame({"id": [(since or 0) + 1]})

    source = nf.Source(rows, watermark="id")
    first, _ = take(source)
    _, found = take(source, first.state)
    assert asked == [None, 1]
    assert found == [{"id": 1}, {"id": 2}]


def test_a_function_that_raises_shows_its_line_and_keeps_the_cause(take: Any) -> None:
    def rows() -> pl.DataFrame:
        return 1 / 0  # type: ignore[return-value]

    with pytest.raises(DataError, match="raised ZeroDivisionError") as caught:
        take(nf.Source(rows))
    assert "return 1 / 0" in caught.value.message
    assert "test_function.py:" in caught.value.where
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize(("value", "said"), [(None, "returned None"), ([1], "returned list")])
def test_a_function_that_returns_no_frame_is_told_what_it_may(take: Any, value: Any, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        take(nf.Source(lambda: value))
    assert "polars LazyFrame" in caught.value.hint
