"""Metrics of the business get their interval by leaving out a day at a time."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import ninefold as nf
from ninefold.errors import DataError
from ninefold.metrics.custom import evaluate
from ninefold.metrics.latency import measure_latency
from ninefold.sources.frames import from_any


@nf.metric(better="higher")
def share(predictions: pl.LazyFrame) -> float:
    return predictions.select(pl.col("taken").mean()).collect().item()


def frame(days=40, rows=50):
    rng = np.random.default_rng(1)
    return pl.DataFrame({"day": np.repeat(np.arange(days), rows), "taken": rng.random(days * rows) < 0.3})


def test_the_jackknife_of_a_mean_is_its_textbook_interval():
    data = frame()
    found = evaluate(share, {"predictions": data.lazy()}, day="day")
    by_day = data.group_by("day").agg(pl.col("taken").mean())["taken"]
    half = 2.0227 * by_day.std() / np.sqrt(40)
    assert found.high - found.low == pytest.approx(2 * half, rel=1e-4)


def test_under_twenty_days_there_is_no_interval():
    assert evaluate(share, {"predictions": frame(days=19).lazy()}, day="day").low is None


def test_no_rows_are_not_yet_known():
    assert evaluate(share, {"predictions": frame().clear().lazy()}, day="day").value is None


def test_none_and_nan_are_not_yet_known():
    nothing = nf.metric(better="lower")(lambda predictions: float("nan"))
    assert evaluate(nothing, {"predictions": frame().lazy()}, day="day", name="nothing").value is None


def test_a_text_is_refused_by_name():
    wrong = nf.metric(better="lower")(lambda predictions: "much")
    with pytest.raises(DataError, match="the metric wrong returned str"):
        evaluate(wrong, {"predictions": frame().lazy()}, name="wrong")


def test_an_eager_frame_stays_eager():
    seen = []
    count = nf.metric(better="higher")(lambda predictions: seen.append(type(predictions)) or predictions.height)
    evaluate(count, {"predictions": frame()}, day="day", name="count")
    assert set(seen) == {pl.DataFrame}


def test_a_percentile_of_latency_has_an_interval_from_order_statistics():
    seconds = np.random.default_rng(2).exponential(0.005, 5_000)
    found = measure_latency(nf.latency.p99, seconds)
    assert found.low < -0.005 * np.log(0.01) < found.high


def test_368_answers_are_the_fewest_that_bound_a_99th_percentile():
    assert measure_latency(nf.latency.p99, np.arange(367.0)).high is None
    assert measure_latency(nf.latency.p99, np.arange(368.0)).high == 367.0


@pytest.mark.parametrize("kind", [pl.LazyFrame, pl.DataFrame, pd.DataFrame, pa.Table, pa.RecordBatchReader, duckdb.DuckDBPyRelation])
def test_a_metric_may_take_any_kind_of_frame(kind):
    def taken(predictions):
        assert isinstance(predictions, kind)
        return from_any(predictions).select(pl.col("taken").mean()).collect().item()

    data = frame()
    found = evaluate(nf.metric(better="higher")(taken), {"predictions": data.lazy()}, day="day", annotations={"predictions": kind})
    expected = evaluate(share, {"predictions": data.lazy()}, day="day")
    assert (found.value, found.low, found.high) == (expected.value, expected.low, expected.high)
