"""The public types, as mypy and pyright see them. Nothing here runs; each assert_type is a claim, each ignore a mistake that must be seen."""

from typing import assert_type

import polars as pl

import ninefold as nf
from ninefold.features import Aggregate
from ninefold.metrics import Custom
from ninefold.problems import Criterion

assert_type(nf.roc_auc >= 0.7, Criterion)
assert_type(nf.cost(false_alarm=1, miss="amount") <= 0.9 * nf.baseline, Criterion)
assert_type(nf.recall(by="carrier", at_least=100).gap <= 0.5, Criterion)
assert_type(nf.latency.p99 <= "20ms", Criterion)
assert_type(nf.ref("kept") >= 0.02, Criterion)
assert_type(nf.mean("delay", "1h"), Aggregate)
assert_type(nf.count(ahead="3h"), Aggregate)

nf.roc_auc.gapp  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
nf.cost(false_alram=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
nf.mean("delay", "1h", were=None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
nf.recall.p99  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
nf.risk("huge")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class Click(nf.Event):
    page: str
    visitor: nf.Personal[str]


assert_type(Click(page="/", visitor="ann").visitor, str)
clicks = nf.Events(Click)


@nf.table(key="page", time="at")
def pages(clicks: pl.LazyFrame) -> pl.LazyFrame:
    return clicks


assert_type(pages, nf.Table)
nf.Features(pages, by="page", clicks=nf.count("1d"))


@nf.metric(better="higher")
def reach(predictions: pl.LazyFrame) -> float:
    return 1.0


assert_type(reach, Custom)
assert_type(reach >= 0.3, Criterion)
