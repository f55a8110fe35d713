"""``nf.join`` on plain frames, of any kind; and what a request must carry."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import ninefold as nf
from ninefold.errors import DataError, DeclarationError
from ninefold.features.request import request_columns, request_schema

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
ORDERS = nf.Table("shop:orders", key="id", time="at", known="at + 10m", later={"paid": "paid_at"})
PACE = nf.Features(ORDERS, by="shop", hour=nf.sum("units", "1h"), paid=nf.count("1d", where=pl.col("paid")), last=nf.last("units", "1d"))


def ago(minutes: float) -> datetime:
    return NOON - timedelta(minutes=minutes)


ROWS = pl.DataFrame(
    {
        "id": [1, 2, 3],
        "shop": ["a", "a", "a"],
        "units": [5, 7, 9],
        "at": [ago(90), ago(30), ago(5)],
        "paid": [True, True, True],
        "paid_at": [ago(60), ago(-1), ago(1)],
    }
)
ASKED = pl.DataFrame({"shop": ["a", "b", "a", None], "when": [NOON] * 4})


def test_questions_come_back_all_in_order_with_duplicates() -> None:
    found = nf.join(ASKED, PACE, at="when", tables={ORDERS: ROWS})
    assert found.select("shop", "when").equals(ASKED)
    assert found.select("hour", "paid", "last").rows() == [(7, 1, 7), (None, 0, None), (7, 1, 7), (None, None, None)]


def test_a_moment_before_its_column_sees_less() -> None:
    assert nf.join(ASKED, PACE, at="when - 25m", tables={ORDERS: ROWS})["last"].to_list() == [5, None, 5, None]


@pytest.mark.parametrize(
    ("make", "kind"), [(lambda f: f.to_pandas(), pd.DataFrame), (lambda f: f.to_arrow(), pa.Table), (lambda f: f.lazy(), pl.DataFrame)]
)
def test_the_answer_is_of_the_questions_kind(make: Any, kind: type) -> None:
    found = nf.join(make(ASKED), PACE, at="when", tables={ORDERS: make(ROWS)})
    assert isinstance(found, kind)
    assert list(pl.DataFrame(found)["hour"].fill_nan(None).cast(pl.Int64)) == [7, None, 7, None]


def test_several_groups_keep_their_names() -> None:
    found = nf.join(ASKED, {"shop": PACE, "all": nf.Features(ORDERS, by=[], n=nf.count("2h"))}, at="when", tables={ORDERS: ROWS})
    assert found["all.n"].to_list() == [2, 2, 2, 2]


@pytest.mark.parametrize(
    ("asked", "at", "tables", "error", "said"),
    [
        (ASKED, "wen", {ORDERS: ROWS}, DataError, 'did you mean "when"'),
        (ASKED, "when", {}, DeclarationError, "pass tables="),
        (ASKED.with_columns(hour=1), "when", {ORDERS: ROWS}, DataError, 'already have a column "hour"'),
        (ASKED.drop("shop"), "when", {ORDERS: ROWS}, DataError, "shop"),
    ],
)
def test_what_is_missing_is_named(asked: pl.DataFrame, at: str, tables: dict[Any, Any], error: type[nf.NinefoldError], said: str) -> None:
    with pytest.raises(error) as caught:
        nf.join(asked, PACE, at=at, tables=tables)
    assert said in f"{caught.value} {caught.value.hint}"


TRIPS = nf.Table("db:trips", key=["day", "number"], time="leaves", tz="America/New_York", later={"late": "arrives"})
LATE = nf.binary("late", of=TRIPS, at="leaves - 2h")
DELAYS = nf.Features(TRIPS, by={"origin": "station"}, at="arrives", share=nf.mean("late", "1d"))
BY_TWO = nf.Features(TRIPS, by=[], at="arrives", share=nf.mean("late", "1d", by=["carrier"]))
HOUR = nf.Features(hour=pl.col("leaves").dt.hour(), lead=pl.col("leaves") - pl.col("asked_at"), long=pl.col("hour") + pl.col("miles"))


def test_a_request_carries_key_moment_entities_bare_columns_and_what_expressions_read() -> None:
    groups = [("delays", DELAYS), ("two", BY_TWO), ("hour", HOUR)]
    assert request_columns(LATE, TRIPS, groups, ["seats"]) == ("day", "number", "leaves", "origin", "carrier", "miles", "seats")


def test_its_types_are_those_of_the_asked_table_and_times_are_shown_in_its_zone() -> None:
    types = {"day": pl.Date(), "number": pl.Int64(), "leaves": pl.Datetime("us", "UTC"), "miles": pl.Float64()}
    found = request_schema(LATE, TRIPS, types, [("hour", HOUR)])
    assert found == {**types, "leaves": pl.Datetime("us", "America/New_York")}


def test_a_column_that_the_asked_table_lacks_is_told_the_nearest() -> None:
    with pytest.raises(DataError) as caught:
        request_schema(LATE, TRIPS, {"day": pl.Date(), "number": pl.Int64(), "leavs": pl.Date()}, [])
    assert caught.value.hint == 'did you mean "leavs"?'
