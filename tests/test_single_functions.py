"""The functions that work alone, without a project: each on every kind of frame, and the same answer from all."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

import ninefold as nf
from ninefold.errors import DataError
from ninefold.sources.frames import from_any

KINDS: dict[str, Callable[[pl.DataFrame], Any]] = {
    "polars": lambda f: f,
    "lazy": lambda f: f.lazy(),
    "pandas": lambda f: f.to_pandas(),
    "arrow": lambda f: f.to_arrow(),
    "batches": lambda f: f.to_arrow().to_reader(),
    "duckdb": lambda f: duckdb.from_arrow(f.to_arrow()),
}
START = datetime(2024, 1, 1)
RANDOM = np.random.default_rng(0)
ROWS = pl.DataFrame({"x": RANDOM.normal(size=400), "c": RANDOM.choice(["a", "b"], 400), "late": RANDOM.random(400) < 0.3, "s": RANDOM.random(400)})
MOVED = ROWS.with_columns(pl.col("x") + 2)
EVENTS = pl.DataFrame({"id": range(48), "shop": ["a", "b"] * 24, "at": [START + timedelta(hours=h) for h in range(48)], "units": [1, 10] * 24})
ASKED = pl.DataFrame({"shop": ["a", "b"], "when": [START + timedelta(hours=30)] * 2})
TILLS = nf.Table("shop:tills", key="id", time="at", tz="Europe/Rome")

kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


@kinds
def test_check_finds_the_broken_rows(kind: Callable[[pl.DataFrame], Any]) -> None:
    report = nf.check(kind(ROWS), [nf.one_of("c", ["a"])])
    assert report.bad.height == ROWS.filter(pl.col("c") == "b").height


@kinds
def test_drift_names_the_column_that_moved(kind: Callable[[pl.DataFrame], Any]) -> None:
    assert nf.drift(kind(ROWS), kind(MOVED)).drifted == ["x"]


@kinds
def test_measure_finds_columns_by_name(kind: Callable[[pl.DataFrame], Any]) -> None:
    found = nf.measure(nf.roc_auc, "late", "s", by="c", frame=kind(ROWS))
    expected = nf.measure(nf.roc_auc, ROWS["late"], ROWS["s"])
    assert found.value == pytest.approx(expected.value)
    assert {s.by for s in found.slices} == {"a", "b"}


@kinds
def test_join_adds_what_was_known(kind: Callable[[pl.DataFrame], Any]) -> None:
    pace = nf.Features(TILLS, by="shop", day=nf.sum("units", "1d"))
    found = nf.join(kind(ASKED), pace, at="when", tables={TILLS: kind(EVENTS)}, tz="Europe/Rome")
    assert from_any(found).collect()["day"].to_list() == [12, 120]


def test_naive_times_of_questions_ask_for_their_zone() -> None:
    with pytest.raises(DataError, match="have no zone") as caught:
        nf.join(ASKED, nf.Features(TILLS, by="shop", day=nf.count("1d")), at="when", tables={TILLS: EVENTS})
    assert "tz=" in caught.value.hint


def test_the_questions_keep_their_own_times() -> None:
    found = nf.join(ASKED, nf.Features(TILLS, by="shop", day=nf.count("1d")), at="when", tables={TILLS: EVENTS}, tz="Europe/Rome")
    assert found.select(ASKED.columns).equals(ASKED)


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(DataError, match="the frame is int"):
        nf.check(5, [nf.unique("x")])
