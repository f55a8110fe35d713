"""How many units will each store sell in the next seven days? Ordered each Monday."""

import polars as pl
from lightgbm import LGBMRegressor
from sklearn.linear_model import PoissonRegressor

import ninefold as nf

demand = nf.Problem(
    "Each Monday: how many units of this item will this store sell in the next seven days?",
    why="A unit too few loses 3 € of margin, a unit too many costs 1 € in waste.",
    owner="replenishment",
    predict=nf.regression(
        nf.ahead("sales", nf.sum("units", empty=0), "7d"), of="listings", every="1w on mon at 07:00", tz="Europe/Rome", settle="30h",
    ),
    baseline="pace.week",
    solved_when=[nf.cost(under=3, over=1) <= 0.85 * nf.baseline, nf.mean_error(by="region").worst <= 0.5],
)

listings = nf.Table("lake:listings/", key=["store", "item"], time="listed_at", until="delisted_at")
promotions = nf.Table("lake:promotions/", key="promotion_id", time="starts_at", known="planned_at")
tickets = nf.Source("lake:tickets/*.parquet")


@nf.table(key=["store", "item", "day"], time="day + 1d", known="day + 30h", tz="Europe/Rome", expect=[nf.between("units", 0, 10_000)])
def sales(tickets: pl.LazyFrame) -> pl.LazyFrame:
    """Units sold by store, item and day; the tills have reported by six the next morning."""
    day = pl.col("sold_at").dt.convert_time_zone("Europe/Rome").dt.date().cast(pl.Datetime("us"))
    return tickets.group_by("store", "item", day.alias("day")).agg(pl.col("units").sum(), pl.col("region").first())


pace = nf.Features(
    sales, by=["store", "item"],
    week=nf.sum("units", "7d", empty=0), month=nf.sum("units", "28d"), year_ago=nf.sum("units", "7d", before="357d"),
)
store_pace = nf.Features(sales, by="store", total=nf.sum("units", "7d"))
campaign = nf.Features(promotions, by="item", coming=nf.count(ahead="7d"), cut=nf.max("discount", ahead="7d"))

lifted = nf.Hypothesis("A planned promotion raises demand", nf.helps("campaign"))

order = nf.Model(
    demand,
    features=[pace, store_pace, campaign, "shelf", "price"],
    candidates={
        "poisson": PoissonRegressor(),
        "trees": nf.on(nf.tune(LGBMRegressor(objective="tweedie"), num_leaves=nf.ints(15, 255)), memory="16GiB"),
    },
    split=nf.by_time(validate="8w", test="8w"),
)

orders = nf.Endpoint(order, to="erp:proposed_orders", release=nf.canary("10%", by="store"))
watch = nf.Monitor(orders, every="1w", checks=[nf.freshness(), nf.drift(), nf.quality(by="region", then=nf.retrain())], tell=["slack:replenishment"])
