import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ninefold.errors import DataError, NotFoundError
from ninefold.lake import Lake
from ninefold.lake.table import LakeTable


def test_every_type_comes_back_as_it_was(table: LakeTable, mixed: pl.DataFrame) -> None:
    table.write(mixed)
    assert_frame_equal(table.read(), mixed, categorical_as_str=False)


def test_an_append_to_every_type_keeps_every_type(table: LakeTable, mixed: pl.DataFrame) -> None:
    table.write(mixed)
    table.write(mixed, mode="append")
    assert_frame_equal(table.read(), pl.concat([mixed, mixed]))


def test_an_empty_table_keeps_its_schema(table: LakeTable, mixed: pl.DataFrame) -> None:
    table.write(mixed.clear())
    assert table.scan().collect_schema() == mixed.schema
    assert table.read().height == 0


def test_a_zone_can_be_given_and_shows_in_every_reader(table: LakeTable, mixed: pl.DataFrame) -> None:
    table.write(mixed.select("utc"), zones={"utc": "America/New_York"})
    assert table.read().schema["utc"] == pl.Datetime("us", "America/New_York")
    assert table.scan(raw=True).collect_schema()["utc"] == pl.Datetime("us", "UTC")


def test_a_zone_for_a_naive_time_is_refused(table: LakeTable, mixed: pl.DataFrame) -> None:
    with pytest.raises(DataError, match="naive: a zone was given"):
        table.write(mixed.select("naive"), zones={"naive": "Europe/Rome"})


def test_old_versions_stay_readable(table: LakeTable) -> None:
    table.write(pl.DataFrame({"a": [1]}))
    table.write(pl.DataFrame({"z": ["x"]}))
    assert table.read(version=0).columns == ["a"]
    assert table.read().columns == ["z"]
    with pytest.raises(NotFoundError, match="no version 7"):
        table.read(version=7)


def test_rows_keep_the_order_in_which_they_were_written(table: LakeTable) -> None:
    for n in range(30):
        table.write(pl.DataFrame({"n": [n]}), mode="append")
    assert table.read()["n"].to_list() == list(range(30))


def test_versions_tell_rows_digest_and_meta(table: LakeTable) -> None:
    table.write(pl.DataFrame({"a": [1, 2]}), meta={"run": "r1"})
    table.write(pl.DataFrame({"a": [3]}), mode="append")
    first, second = table.versions()
    assert (first.rows, first.mode, first.meta, first.digest) == (2, "overwrite", {"run": "r1"}, table.digest(0))
    assert (second.rows, second.added, second.mode) == (3, 1, "append")
    assert second.bytes == sum(Path(file).stat().st_size for file in table.files())


def test_an_append_adds_a_column(table: LakeTable) -> None:
    table.write(pl.DataFrame({"a": [1]}))
    table.write(pl.DataFrame({"a": [2], "at": [dt.timedelta(1)]}), mode="append")
    assert table.read().rows() == [(1, None), (2, dt.timedelta(1))]


def test_an_append_without_a_column_leaves_it_null(table: LakeTable) -> None:
    table.write(pl.DataFrame({"a": [1], "b": ["x"]}))
    table.write(pl.DataFrame({"a": [2]}), mode="append")
    assert table.read().rows() == [(1, "x"), (2, None)]


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [(pl.Int8, pl.Int64), (pl.UInt8, pl.Int32), (pl.Float32, pl.Float64), (pl.Int32, pl.Float64), (pl.Null, pl.Int64), (pl.Enum(["1"]), pl.String)],
)
def test_an_append_widens_a_type(table: LakeTable, narrow: pl.DataType, wide: pl.DataType) -> None:
    table.write(pl.DataFrame({"a": pl.Series([None], dtype=narrow)}))
    table.write(pl.DataFrame({"a": pl.Series([1]).cast(wide)}), mode="append")
    assert table.read().schema["a"] == wide
    assert table.read().height == 2


def test_an_append_of_another_type_names_the_column(table: LakeTable) -> None:
    table.write(pl.DataFrame({"a": [1]}))
    with pytest.raises(DataError, match="a: rows with String do not fit a column of Int64"):
        table.write(pl.DataFrame({"a": ["x"]}), mode="append")
    assert table.version == 0


def test_a_value_too_large_for_delta_names_the_column(table: LakeTable) -> None:
    with pytest.raises(DataError, match="big: values do not fit Int64"):
        table.write(pl.DataFrame({"big": pl.Series([2**63], dtype=pl.UInt64)}))


def test_a_transaction_is_applied_once(table: LakeTable) -> None:
    rows = pl.DataFrame({"a": [1]})
    assert table.write(rows, mode="append", txn=("app", 1)) is not None
    assert table.write(rows, mode="append", txn=("app", 1)) is None
    assert table.write(rows, mode="append", txn=("app", 3)) is not None
    assert LakeTable(table.where).write(rows, mode="append", txn=("app", 2)) is None
    assert table.read().height == 2


def test_two_handles_of_one_table_see_each_other(table: LakeTable) -> None:
    other = LakeTable(table.where)
    for n in range(6):
        (table if n % 2 else other).write(pl.DataFrame({"n": [n]}), mode="append")
    assert table.read().equals(other.read())
    assert other.version == table.version == 5


def test_an_arrow_table_is_written_as_well(table: LakeTable) -> None:
    table.write(pl.DataFrame({"a": [1]}).to_arrow())
    assert table.read().rows() == [(1,)]


def test_a_filter_on_a_zoned_time_reaches_the_parquet_scan(table: LakeTable, mixed: pl.DataFrame) -> None:
    table.write(mixed)
    plan = table.scan().filter(pl.col("local") > dt.datetime(2013, 1, 1, tzinfo=dt.UTC)).explain()
    assert "SELECTION: " in plan.replace("SELECTION: None", "")


def test_the_lake_lists_its_tables(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for name in ("p/tables/a", "p/tables/b", "q/tables/a"):
        lake.table(name).write(pl.DataFrame({"a": [1]}))
    assert lake.tables("p/") == ["p/tables/a", "p/tables/b"]


def test_names_of_columns_may_have_spaces_dots_and_commas(table: LakeTable) -> None:
    rows = pl.DataFrame({"__k.left at": [1], "a, b": [2], "ü=;": [3]})
    table.write(rows)
    assert_frame_equal(table.read(), rows)


def test_times_that_no_calendar_has_are_stored_like_others(table: LakeTable) -> None:
    far = pl.DataFrame({"day": [10_000_000], "at": [300_000_000_000_000_000], "zoned": [-300_000_000_000_000_000]}).select(
        pl.col("day").cast(pl.Int32).cast(pl.Date), pl.col("at").cast(pl.Datetime("us")), pl.col("zoned").cast(pl.Datetime("us", "UTC"))
    )
    table.write(far)
    assert table.read().equals(far)
