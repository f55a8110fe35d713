"""Will a flight out of New York land late? One model, all nine stages."""

import lightgbm
import polars as pl
from sklearn.linear_model import LogisticRegression

import ninefold as nf

# 1 · Problem: the decision, its owner, and when it counts as solved
delays = nf.Problem(
    "Two hours before departure: will this flight land more than 15 minutes late?",
    why="Rebooking a connection two hours ahead costs a call; afterwards it costs a hotel night.",
    owner="connections-desk",
    predict=nf.binary("late", of="departures", at="scheduled_at - 2h"),
    solved_when=[
        nf.roc_auc >= 0.70,
        nf.cost(false_alarm=1, miss=5) <= 0.9 * nf.baseline,
        nf.recall(by="carrier", at_least=100).gap <= 0.50,
        nf.ref("rebooked_in_time") >= 0.30,
        nf.latency.p99 <= "20ms",
    ],
)

# 2 · Sources: files, databases, topics, and what users do
flights = nf.Source("data/flights.csv", null="NA")
weather = nf.Source("data/weather.csv", null="NA")


class Rebooking(nf.Event):
    """A traveller was offered another connection, and took it or not."""

    flight_id: str
    traveller: nf.Personal[str]
    accepted: bool


rebookings = nf.Events(Rebooking)  # collected at POST /events/rebookings


# 3 · Tables: processed and stored, in batches or as a stream; when each column came to be known is said once, here
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
    scheduled_at = pl.col("time_hour") + pl.duration(minutes="minute")  # the file's one time in UTC: unambiguous in the hour that repeats
    left_at = scheduled_at + pl.duration(minutes="dep_delay")
    # minutes of the two clocks: all zones here differ by whole hours, and taxiing takes 10 to 69 minutes
    taxiing = (pl.col("arr_time") % 100 - left_at.dt.minute() - pl.col("air_time") - 10) % 60 + 10
    return flights.select(
        pl.format("{}-{}{}-{}", pl.date("year", "month", "day"), "carrier", "flight", "origin").alias("flight_id"),
        "carrier", "flight", "tailnum", "origin", "dest", "distance",
        scheduled_at.alias("scheduled_at"),
        left_at.alias("left_at"),
        (left_at + pl.duration(minutes=pl.col("air_time") + taxiing)).alias("arrived_at"),
        "dep_delay", "arr_delay",
        (pl.col("arr_delay") > 15).alias("late"),
    )  # cancelled: never left; diverted: left, and never arrived here; both have no label


@nf.table(
    key=["origin", "observed_at"],
    time="observed_at",
    tz="America/New_York",
    known="observed_at + 20m",
    expect=[nf.between("wind_speed", 0, 120)],
)
def observations(weather: pl.LazyFrame) -> pl.LazyFrame:
    """One row for each hourly weather report."""
    return weather.select(
        "origin", pl.col("time_hour").alias("observed_at"),
        "temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib",
    )


# 4 · Metrics: beside the built-in ones, what the business counts
@nf.metric(better="higher")
def rebooked_in_time(predictions: pl.LazyFrame, rebookings: pl.LazyFrame) -> float | None:
    """Share of the late flights whose travellers had accepted another connection before departure."""
    accepted = rebookings.filter("accepted").group_by("flight_id").agg(pl.col("at").min().alias("accepted_at"))
    late = predictions.filter(pl.col("outcome").cast(pl.Boolean)).join(accepted, on="flight_id", how="left")
    in_time = (pl.col("accepted_at") < pl.col("scheduled_at")).fill_null(False)
    # nobody has ever been rebooked: not yet known, rather than none
    share = pl.when(pl.col("accepted_at").is_not_null().any()).then(in_time.mean())
    found: float | None = late.select(share).collect().item()
    return found


# 5 · Hypotheses: what we believe about the data and the techniques
contagion = nf.Hypothesis("A late hour at the origin makes the next departures late", nf.helps("origin_load"))
boosting = nf.Hypothesis("Boosted trees beat a linear model on this problem", nf.beats("trees", "linear"))

# 6 · Features: one definition for training sets, streams and requests
origin_load = nf.Features(
    departures, by="origin", at="left_at",
    delay_1h=nf.mean("dep_delay", "1h"), delay_3h=nf.mean("dep_delay", "3h"), left_1h=nf.count("1h"),
)
planned = nf.Features(departures, by="origin", next_3h=nf.count(ahead="3h"))  # a schedule is known before it happens
aircraft = nf.Features(departures, by="tailnum", at="arrived_at", last_delay=nf.last("arr_delay", "12h"))
sky = nf.Features(observations, by="origin", wind=nf.last("wind_speed", "3h"), visibility=nf.last("visib", "3h"))
calendar = nf.Features(hour=pl.col("scheduled_at").dt.hour(), weekday=pl.col("scheduled_at").dt.weekday())

# 7 · Model: candidates compete; the best fit is chosen, and the reason recorded
forecast = nf.Model(
    delays,
    features=[origin_load, planned, aircraft, sky, calendar, "carrier", "distance"],
    candidates={
        "linear": LogisticRegression(max_iter=500),
        "trees": nf.tune(lightgbm.LGBMClassifier(), trials=10, num_leaves=nf.ints(15, 127), learning_rate=nf.floats(0.02, 0.2, log=True)),
    },
    split=nf.by_time(validate="30d", test="90d"),
)

# 8 · Endpoint: integrated and deployed
desk = nf.Endpoint(forecast, release=nf.canary("10%", at_most="21d"))

# 9 · Monitor: freshness, drift, quality, bias, and what happens then
watch = nf.Monitor(
    desk,
    every="1d",
    checks=[nf.freshness(), nf.drift(), nf.quality(then=nf.retrain(cooldown="14d")), nf.bias(by="carrier", then=nf.ask("connections-desk"))],
    tell=["log://"],
)
