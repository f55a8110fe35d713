"""A table to write to, and rows of every type."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ninefold.lake import Lake
from ninefold.lake.table import LakeTable


@pytest.fixture
def table(tmp_path: Path) -> LakeTable:
    return Lake(tmp_path / "lake").table("flights/tables/departures")


@pytest.fixture
def mixed() -> pl.DataFrame:
    at = dt.datetime(2013, 1, 1, 5, tzinfo=dt.UTC)
    return pl.DataFrame(
        {
            "i8": pl.Series([1, None], dtype=pl.Int8),
            "u32": pl.Series([2**32 - 1, None], dtype=pl.UInt32),
            "u64": pl.Series([2**62, None], dtype=pl.UInt64),
            "f32": pl.Series([1.5, None], dtype=pl.Float32),
            "f64": [float("nan"), None],
            "flag": [True, None],
            "text": ["é", None],
            "raw": [b"\x00\xff", None],
            "day": [dt.date(2013, 1, 1), None],
            "naive": [dt.datetime(2013, 1, 1, 5), None],
            "utc": pl.Series([at, None], dtype=pl.Datetime("us", "UTC")),
            "local": pl.Series([at, None], dtype=pl.Datetime("us", "America/New_York")),
            "span": [dt.timedelta(hours=2), None],
            "clock": [dt.time(5, 30), None],
            "price": pl.Series([Decimal("1.25"), None], dtype=pl.Decimal(10, 2)),
            "kind": pl.Series(["a", None], dtype=pl.Categorical()),
            "level": pl.Series(["low", None], dtype=pl.Enum(["low", "high"])),
            "nothing": [None, None],
            "list": [[1, None, 3], None],
            "spans": pl.Series([[dt.timedelta(1)], []], dtype=pl.List(pl.Duration("us"))),
            "struct": pl.Series([{"x": 1, "at": at}, None], dtype=pl.Struct({"x": pl.UInt8, "at": pl.Datetime("us", "Europe/Rome")})),
        }
    )
