"""Who cancels within 30 days? dbt tables in a warehouse, scored every night; the 500 likeliest are called."""

import polars as pl
from lightgbm import LGBMClassifier

import ninefold as nf

leaving = nf.Problem(
    "Each night: will this customer cancel within 30 days?",
    why="A call costs 4 €, a lost customer 90 €; the team can make 500 calls a day.",
    owner="retention",
    predict=nf.binary(nf.ahead("cancellations", nf.any(), "30d"), of="customers", every="1d at 02:00", tz="Europe/Berlin"),
    decide=nf.top(500, per="1d"),
    solved_when=[nf.precision >= 0.25, nf.ref("kept") >= 0.02],
)

customers = nf.Table("warehouse:marts.customer_snapshot", key="customer_id", time="dbt_valid_from", until="dbt_valid_to", personal=["email"])
cancellations = nf.Table("warehouse:marts.fct_cancellation", key="cancellation_id", time="cancelled_at", known="loaded_at")
usage = nf.Table("warehouse:marts.fct_usage_day", key=["customer_id", "day"], time="day + 1d", known="loaded_at")
calls = nf.Table("warehouse:marts.fct_retention_call", key="call_id", time="called_at")


@nf.metric(better="higher")
def kept(predictions: pl.LazyFrame, calls: pl.LazyFrame) -> float | None:
    """Share still a customer after 30 days: of those called, less of those held out."""
    called = calls.select("customer_id", pl.col("called_at").dt.date().alias("night"))
    answers = predictions.filter(pl.col("outcome").is_not_null()).with_columns(pl.col("asked_at").dt.date().alias("night"))
    was_called = answers.join(called, on=["customer_id", "night"], how="semi")
    held_out = answers.filter("holdout").join(called, on=["customer_id", "night"], how="anti")
    stayed = [frame.select(1 - pl.col("outcome").cast(pl.Float64).mean()).collect().item() for frame in (was_called, held_out)]
    return None if None in stayed else stayed[0] - stayed[1]


fading = nf.Hypothesis("Falling usage comes before a cancellation", nf.helps("trend"))

trend = nf.Features(
    usage, by="customer_id",
    minutes_7d=nf.sum("minutes", "7d"), minutes_30d=nf.sum("minutes", "30d"),
    idle=nf.count("30d", where=pl.col("minutes") == 0),
    fall=pl.col("minutes_7d") / pl.col("minutes_30d"),
)

churn = nf.Model(
    leaving,
    features=[trend, "plan", "country"],
    candidates={"today": nf.existing("models:/churn@champion"), "trees": nf.tune(LGBMClassifier(), num_leaves=nf.ints(7, 63))},
    split=nf.by_time(validate="60d", test="60d"),
)

tonight = nf.Endpoint(churn, to="warehouse:ml.churn_scores", acted=calls, holdout="5%", release=nf.shadow("7d"))
watch = nf.Monitor(tonight, every="1d", checks=[nf.freshness(), nf.drift(), nf.quality(then=nf.retrain())], tell=["mailto:retention@example.com"])
