"""Building a table from its function."""

from datetime import datetime
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import ninefold as nf
from ninefold.errors import DataError, DeclarationError, NotYetError
from ninefold.tables.build import Built, build
from ninefold.tables.frames import to_kind

RAW = pl.LazyFrame({"id": [1, 2], "at": [datetime(2013, 7, 1, 10), datetime(2013, 1, 1, 10)]})


def _built(function: Any, **said: Any) -> Built:
    return build(nf.table(key="id", time="at", tz="America/New_York", **said)(function), {"raw": RAW}, name="trips")


def as_lazy(raw: pl.LazyFrame) -> pl.LazyFrame:
    return raw


def as_polars(raw: pl.DataFrame) -> pl.DataFrame:
    return raw.filter(pl.col("id") > 0)


def as_duckdb(raw: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    return raw.filter("id > 0")


def as_pandas(raw: pd.DataFrame) -> pd.DataFrame:
    return raw[raw["id"] > 0]


def as_arrow(raw: pa.Table) -> pa.Table:
    return raw.slice(0)


def as_batches(raw: pa.RecordBatchReader) -> pa.RecordBatchReader:
    return raw


@pytest.mark.parametrize("function", [as_lazy, as_polars, as_duckdb, as_pandas, as_arrow, as_batches])
def test_every_kind_of_frame_gives_the_same_table(function: Any) -> None:
    expected = RAW.collect().with_columns(pl.col("at").dt.replace_time_zone("America/New_York"))
    assert _built(function).frame.equals(expected)


@pytest.mark.parametrize("kind", [pl.LazyFrame, pl.DataFrame, duckdb.DuckDBPyRelation, pd.DataFrame, pa.Table, pa.RecordBatchReader])
def test_a_parameter_gets_the_type_of_its_annotation(kind: Any) -> None:
    assert isinstance(to_kind(RAW, kind), kind)


def in_sql(raw: duckdb.DuckDBPyRelation, names: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    return duckdb.sql("select raw.*, names.name, current_setting('TimeZone') as zone from raw join names using (id)")


def as_relations(raw: duckdb.DuckDBPyRelation, names: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    return raw.join(names, "id").select("*, current_setting('TimeZone') as zone")


@pytest.mark.parametrize("function", [in_sql, as_relations])
def test_duckdb_relations_of_one_call_can_be_joined_and_see_utc(function: Any) -> None:
    names = RAW.select("id", name=pl.lit("x"))
    built = build(nf.table(key="id", time="at", tz="America/New_York")(function), {"raw": RAW, "names": names})
    assert built.frame.select("name", "zone").unique().rows() == [("x", "UTC")]


def test_spark_is_not_there_yet_and_says_so() -> None:
    with pytest.raises(NotYetError, match="Spark"):
        to_kind(RAW, "pyspark.sql.DataFrame")


def test_an_annotation_that_is_no_frame_is_refused() -> None:
    with pytest.raises(DeclarationError, match="is no frame"):
        to_kind(RAW, dict)


def test_a_repeated_hour_is_refused_with_its_rows() -> None:
    with pytest.raises(DataError, match=r"daylight saving repeats that hour \(id=1, at=2013-11-03 01:30:00\)") as caught:
        _built(lambda raw: raw.with_columns(at=pl.lit(datetime(2013, 11, 3, 1, 30))).head(1))
    assert 'ambiguous="earliest"' in caught.value.hint


def test_a_skipped_hour_is_refused() -> None:
    with pytest.raises(DataError, match="daylight saving skips that hour"):
        _built(lambda raw: raw.with_columns(at=pl.lit(datetime(2013, 3, 10, 2, 30))))


def test_times_of_another_zone_are_given_in_the_tables() -> None:
    built = _built(lambda raw: raw.with_columns(pl.col("at").dt.replace_time_zone("UTC")))
    assert built.frame["at"].dt.hour().to_list() == [6, 5]
    assert built.zones == {"at": "America/New_York"}


def test_a_naive_time_without_a_zone_is_refused() -> None:
    trips = nf.table(key="id", time="at")(lambda raw: raw)
    with pytest.raises(DataError, match="have no zone"):
        build(trips, {"raw": RAW})


@pytest.mark.parametrize(
    ("said", "field"),
    [({"later": {"lat": "at"}}, "later"), ({"later": {"id": "landed"}}, "later"), ({"until": "ends"}, "until"), ({"personal": "name"}, "personal")],
)
def test_a_declared_column_must_be_there(said: Any, field: str) -> None:
    with pytest.raises(DataError, match=f"{field}= names"):
        _built(lambda raw: raw, **said)


def test_a_misspelt_key_is_told_the_nearest() -> None:
    with pytest.raises(DataError) as caught:
        _built(lambda raw: raw.rename({"id": "ids"}))
    assert caught.value.hint == 'did you mean "ids"?'


def test_a_function_that_raises_shows_its_line_and_keeps_the_cause() -> None:
    def trips(raw: pl.LazyFrame) -> pl.LazyFrame:
        raise KeyError("carrier")

    with pytest.raises(DataError, match="raised KeyError") as caught:
        _built(trips)
    assert 'raise KeyError("carrier")' in caught.value.message
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_wrong_column_in_a_lazy_expression_names_it() -> None:
    with pytest.raises(DataError, match="carier"):
        _built(lambda raw: raw.filter(pl.col("carier") == 1))


@pytest.mark.parametrize("value", [None, 3])
def test_a_function_that_returns_no_frame_says_what_it_may(value: Any) -> None:
    with pytest.raises(DataError, match="returned"):
        _built(lambda raw: value)


def test_broken_rows_are_set_apart_with_their_reasons() -> None:
    built = _built(lambda raw: raw, expect=[nf.between("id", 2, 9)])
    assert built.frame["id"].to_list() == [2]
    assert built.quarantine["__reason"].to_list() == ["between('id', 2, 9)"]


def test_a_row_without_its_key_is_set_apart() -> None:
    assert _built(lambda raw: raw.with_columns(id=pl.lit(None, pl.Int64))).quarantine.height == 2


def test_a_passed_limit_stops_the_run() -> None:
    with pytest.raises(DataError, match="1 of 2 rows"):
        _built(lambda raw: raw, expect=[nf.between("id", 2, 9).or_stop()])
