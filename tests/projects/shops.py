"""How many units will each item sell in the next three days? A calendar of questions, a window ahead, today's practice as the baseline."""

import polars as pl
from sklearn.linear_model import LinearRegression

import ninefold as nf

demand = nf.Problem(
    "Each morning: how many units of this item will be sold in three days?",
    owner="replenishment",
    predict=nf.regression(nf.ahead("sales", nf.sum("units", empty=0), "3d"), of="listings", every="1d at 07:00", tz="Europe/Rome", settle="8h"),
    baseline="pace.three",
    solved_when=[nf.cost(under=3, over=1) <= 1.2 * nf.baseline, nf.mae <= 50],
)

catalogue = nf.Source("data/listings.csv")
sold = nf.Source("data/sales.csv")
returned = nf.Source(types={"receipt": "str", "at": "datetime", "units": "int"})  # posted at /sources/returned


class Visit(nf.Event):
    """Somebody looked at an item."""

    item: str
    visitor: nf.Personal[str]


visits = nf.Events(Visit)

listings = nf.Table("data/listings.csv", key="item", time="listed_at", tz="Europe/Rome")


@nf.table(key=["item", "day"], time="closed_at", known="closed_at + 1h", tz="Europe/Rome")
def sales(sold: pl.LazyFrame) -> pl.LazyFrame:
    """Units sold by item and day."""
    return sold


@nf.table(key="receipt", time="at", tz="Europe/Rome")
def returns(returned: pl.LazyFrame) -> pl.LazyFrame:
    """What came back."""
    return returned


pace = nf.Features(sales, by="item", three=nf.sum("units", "3d", empty=0), week=nf.mean("units", "7d"))

order = nf.Model(demand, features=[pace, "price"], candidates={"linear": LinearRegression()}, split=nf.by_time(validate="10d", test="25d"))

orders = nf.Endpoint(order, release=nf.canary("50%"), log="strict")
