"""Into which of three bins does a letter belong? Several classes, decided by the likeliest."""

import polars as pl
from sklearn.linear_model import LogisticRegression

import ninefold as nf

sorting = nf.Problem(
    "When a letter arrives: into which bin does it belong?",
    owner="post",
    predict=nf.multiclass("bin", of="letters", at="arrives_at"),
    solved_when=[nf.accuracy >= 0.6, nf.log_loss <= 0.9 * nf.baseline],
)

post = nf.Source("data/letters.csv")


@nf.table(key="letter", time="arrives_at", tz="Europe/Rome", known="arrives_at - 1d", later={"bin": "sorted_at"})
def letters(post: pl.LazyFrame) -> pl.LazyFrame:
    """One row for each letter."""
    return post


hour = nf.Features(hour=pl.col("arrives_at").dt.hour())

sorter = nf.Model(sorting, features=[hour, "weight", "width"], candidates={"linear": LogisticRegression()},
                  split=nf.by_time(validate="10d", test="25d"))

chute = nf.Endpoint(sorter)
