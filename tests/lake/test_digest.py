from pathlib import Path

import polars as pl
import pytest

from ninefold.lake import Lake
from ninefold.lake.digest import content_digest


def digest(frame: pl.DataFrame) -> str:
    return content_digest([frame], frame.schema)


def test_the_layout_of_files_does_not_show(tmp_path: Path, mixed: pl.DataFrame) -> None:
    one, many = Lake(tmp_path).table("one"), Lake(tmp_path).table("many")
    rows = pl.concat([mixed] * 3)
    one.write(rows)
    for part in rows.iter_slices(1):
        many.write(part, mode="append")
    assert many.digest() == one.digest() == one.info().digest


def test_what_lies_in_a_null_slot_does_not_show() -> None:
    plain = pl.Series("a", [1, 7, 3])
    masked = pl.DataFrame({"a": plain, "keep": [True, False, True]}).select(pl.when("keep").then("a"))
    assert digest(masked) == digest(pl.DataFrame({"a": [1, None, 3]}))


def test_zeros_and_nans_have_one_digest() -> None:
    odd = pl.Series("a", [-0.0, float("-nan")])
    assert digest(odd.to_frame()) == digest(pl.DataFrame({"a": [0.0, float("nan")]}))


@pytest.mark.parametrize(
    "other",
    [
        pl.DataFrame({"a": ["ab", "c"], "b": [1, 3]}),
        pl.DataFrame({"a": ["a", "bc"], "b": [1, 2]}),
        pl.DataFrame({"a": ["c", "ab"], "b": [2, 1]}),
        pl.DataFrame({"a": ["ab", None], "b": [1, 2]}),
        pl.DataFrame({"x": ["ab", "c"], "b": [1, 2]}),
        pl.DataFrame({"a": ["ab", "c"], "b": pl.Series([1, 2], dtype=pl.Int32)}),
    ],
)
def test_another_value_order_name_or_type_shows(other: pl.DataFrame) -> None:
    assert digest(other) != digest(pl.DataFrame({"a": ["ab", "c"], "b": [1, 2]}))


def test_the_shape_of_lists_shows() -> None:
    assert digest(pl.DataFrame({"a": [[1], [2, 3]]})) != digest(pl.DataFrame({"a": [[1, 2], [3]]}))
    assert digest(pl.DataFrame({"a": [[1], []]})) != digest(pl.DataFrame({"a": [[1], None]}))
