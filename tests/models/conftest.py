"""A small made-up problem: a number, a text with three levels, a number with nulls; yes or no, several classes, or a number."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

import ninefold as nf
from ninefold.models.dataset import Dataset, dataset

DAY = 86_400_000_000


def made(kind: str = "binary", rows: int = 3000, seed: int = 0) -> pl.DataFrame:
    """100 days of questions; the label depends on ``x`` and ``c``, not on ``z``."""
    random = np.random.default_rng(seed)
    x, c = random.normal(size=rows), random.choice(["a", "b", "d"], rows)
    signal = x + (c == "a") * 1.5 - 1
    labels: dict[str, Any] = {
        "binary": random.random(rows) < 1 / (1 + np.exp(-signal)),
        "multiclass": np.where(signal + random.normal(size=rows) > 1, "high", np.where(signal < -1, "low", "middle")),
        "regression": signal + random.normal(size=rows),
    }
    z = np.where(random.random(rows) < 0.2, np.nan, random.normal(size=rows))
    q = np.sort(random.integers(0, 100 * DAY, rows))
    return pl.DataFrame({"__q": q, "__label": labels[kind], "x": x, "c": c, "z": z})


@pytest.fixture
def frame() -> Callable[..., pl.DataFrame]:
    return made


@pytest.fixture(scope="session")
def data() -> Dataset:
    return dataset(made(), kind="binary")


@pytest.fixture(scope="session")
def split() -> Any:
    return nf.by_time(validate="20d", test="20d")
