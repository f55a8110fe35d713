"""Leaks: the planted ones, and the one that is in the flights of 2013."""

import random

import polars as pl
import pytest

import ninefold as nf
from ninefold.sources.formats import decode
from ninefold.tables.explore import leaks, proposals
from ninefold.tables.known import view
from ninefold.tables.profile import profile
from tests.tables.flights import DATA, departures, observations


@pytest.fixture(scope="module")
def flown() -> pl.DataFrame:
    raw = decode((DATA / "flights.csv.zip").read_bytes(), "flights.csv.zip", null=["NA"])
    rows: pl.LazyFrame = departures(raw.lazy())
    return view(departures, rows).collect()


@pytest.fixture
def rows() -> pl.DataFrame:
    draw = random.Random(0)
    late = [draw.random() < 0.3 for _ in range(2000)]
    return pl.DataFrame(
        {"late": late, "speed": [draw.gauss(5.0 if x else 4.0, 1) for x in late], "shop": [draw.choice("abc") for _ in late], "at": range(2000)}
    )


def test_honest_columns_are_left_alone(rows: pl.DataFrame) -> None:
    assert leaks(rows, "late", ["speed", "shop"], time="at") == []


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (pl.col("late"), "equals"),
        (pl.col("late").cast(pl.Int64), "value alone tells"),
        (pl.when("late").then(pl.lit("yes")).otherwise(pl.lit("no")), "value alone tells"),
        (pl.when("late").then(pl.col("speed") + 100).otherwise("speed"), "value alone tells"),
        (pl.when(pl.col("late") & (pl.col("at") % 2 == 0)).then(None).otherwise("shop"), 'missing "late" is True'),
        (pl.lit("F") + (pl.col("at") + 10_000).cast(pl.String), "in order of time"),
    ],
)
def test_a_planted_leak_is_found(rows: pl.DataFrame, planted: pl.Expr, said: str) -> None:
    [leak] = leaks(rows.with_columns(planted.alias("planted")), "late", ["speed", "shop", "planted"], time="at")
    assert leak.column == "planted"
    assert said in leak.how


def test_a_column_known_only_later_is_found_when_it_is_asked_for(rows: pl.DataFrame) -> None:
    [leak] = leaks(rows, "late", ["speed", "shop"], known=["speed"])
    assert (leak.column, "known after its row" in leak.how) == ("speed", True)


def test_a_missing_tail_number_tells_of_a_cancellation(flown: pl.DataFrame) -> None:
    found = {leak.column: leak.how for leak in leaks(flown, "cancelled", time="scheduled_at")}
    assert 'missing "cancelled" is True (2,512 rows' in found["tailnum"]


def test_a_missing_tail_number_tells_that_no_label_will_come(flown: pl.DataFrame) -> None:
    found = {leak.column: leak.how for leak in leaks(flown, "late", time="scheduled_at")}
    assert 'missing "late" never comes' in found["tailnum"]
    assert set(found) <= {"tailnum", "flight_id", "cancelled"}


def test_proposals_are_lines_that_run(flown: pl.DataFrame) -> None:
    found = proposals(flown, "late")
    assert found
    for proposal in found:
        exec(proposal.code, {"nf": nf, "pl": pl})


def test_one_impossible_wind_speed_is_set_apart() -> None:
    weather = decode((DATA / "weather.csv").read_bytes(), "weather.csv", null=["NA"])
    report = nf.check(observations(weather.lazy()), observations.expect)
    assert [round(v) for v in report.bad["wind_speed"]] == [1048]


def test_a_profile_counts_rows_without_time_and_never_known(flown: pl.DataFrame) -> None:
    found = profile(flown, departures)
    assert found["without_time"] == 0
    assert found["never_known"]["dep_delay"] == 8255
    assert found["never_known"]["late"] == 8255 + 1175


def test_a_profile_has_every_row_in_one_bin(flown: pl.DataFrame) -> None:
    [delay] = [c for c in profile(flown)["columns"] if c["name"] == "dep_delay"]
    assert sum(delay["histogram"]["counts"]) == 336_776 - delay["nulls"]
    assert len(delay["histogram"]["edges"]) == 21


@pytest.mark.parametrize("values", [[], [None], [1.0, None, float("nan")], [float("inf")], ["a", None], [True], [[1, 2]]])
def test_any_column_has_a_profile(values: list[object]) -> None:
    [column] = profile(pl.DataFrame({"c": values}, strict=False))["columns"]
    assert column["name"] == "c"
