"""Will a parcel come late? Small, and whole: all nine stages in a few seconds."""

import lightgbm
import polars as pl
from sklearn.linear_model import LogisticRegression

import ninefold as nf

# the constant in which a test changes the code of a table
MINUTES_LATE = 15

lateness = nf.Problem(
    "Two hours before the promised time: will this parcel come more than 15 minutes late?",
    why="A call beforehand costs little; a customer who waits is lost.",
    owner="dispatch",
    predict=nf.binary("late", of="parcels", at="promised_at - 2h"),
    solved_when=[
        nf.roc_auc >= 0.60,
        nf.cost(false_alarm=1, miss=4) <= 1.2 * nf.baseline,
        nf.ref("share_answered") >= 0.5,
        nf.latency.p99 <= "50ms",
    ],
)

orders = nf.Source("data/orders.csv", null="NA")


@nf.table(
    key="parcel_id",
    time="promised_at",
    tz="Europe/Rome",
    known="promised_at - 7d",
    later={"minutes_late": "delivered_at", "late": "delivered_at"},
    expect=[nf.unique("parcel_id"), nf.between("weight", 0, 100), nf.one_of("depot", ["north", "south"])],
)
def parcels(orders: pl.LazyFrame) -> pl.LazyFrame:
    """One row for each promised delivery."""
    promised_at = pl.col("promised_at")
    return orders.with_columns(
        (promised_at + pl.duration(minutes="minutes_late")).alias("delivered_at"), (pl.col("minutes_late") > MINUTES_LATE).alias("late"),
    )


@nf.metric(better="higher")
def share_answered(predictions: pl.LazyFrame) -> float | None:
    """Share of the questions that got a score."""
    found: float | None = predictions.select(pl.col("score").is_not_null().mean()).collect().item()
    return found


congestion = nf.Hypothesis("A late hour at the depot makes the next parcels late", nf.helps("load"))
trees_win = nf.Hypothesis("Trees beat a linear model", nf.beats("trees", "linear"))

load = nf.Features(
    parcels, by="depot", at="delivered_at", delay_6h=nf.mean("minutes_late", "6h"), done_6h=nf.count("6h"),
)
planned = nf.Features(parcels, by="depot", next_3h=nf.count(ahead="3h"))
calendar = nf.Features(hour=pl.col("promised_at").dt.hour())

forecast = nf.Model(
    lateness,
    features=[load, planned, calendar, "region", "weight"],
    candidates={
        "linear": LogisticRegression(max_iter=300),
        "trees": lightgbm.LGBMClassifier(n_estimators=20, num_leaves=7, min_child_samples=20),
    },
    split=nf.by_time(validate="10d", test="24d"),
)

dispatch = nf.Endpoint(forecast, release=nf.canary("20%", at_most="14d"))

watch = nf.Monitor(dispatch, every="1d", checks=[nf.freshness(), nf.drift(), nf.quality(then=nf.retrain(cooldown="7d"))], tell=["log://"])
