"""Digests of parameters: equal values are equal in every process, different ones differ, the doubtful is refused."""

import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from lightgbm import LGBMClassifier
from sklearn.linear_model import LogisticRegression

import ninefold as nf
from ninefold.engine.code import value_part
from ninefold.engine.values import Uncacheable

PAIRS: list[tuple[str, Any, Any, Any]] = [
    ("numbers", 1, 1, 2),
    ("dictionaries", {"a": [1, (2, 3)]}, {"a": [1, (2, 3)]}, {"a": [1, [2, 3]]}),
    ("sets", {"x", "y", "z"}, {"z", "y", "x"}, {"x", "y"}),
    ("paths", Path("a"), Path("a"), Path("b")),
    ("arrays", np.arange(3), np.arange(3), np.arange(3.0)),
    ("an array's order", np.array([[1, 2]]), np.array([[1, 2]]), np.array([[1], [2]])),
    ("expressions", pl.col("a").dt.hour(), pl.col("a").dt.hour(), pl.col("b").dt.hour()),
    ("frames", pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [2]})),
    ("data types", pl.Datetime("us"), pl.Datetime("us"), pl.Datetime("ms")),
    ("estimators", LogisticRegression(C=2.0), LogisticRegression(C=2.0), LogisticRegression(C=3.0)),
    ("boosters", LGBMClassifier(num_leaves=7), LGBMClassifier(num_leaves=7), LGBMClassifier(num_leaves=8)),
    (
        "searches",
        nf.tune(LGBMClassifier(), num_leaves=nf.ints(3, 9)),
        nf.tune(LGBMClassifier(), num_leaves=nf.ints(3, 9)),
        nf.tune(LGBMClassifier(), num_leaves=nf.ints(3, 8)),
    ),
    ("things", nf.by_time(validate="30d", test="90d"), nf.by_time(validate="30d", test="90d"), nf.by_time(validate="31d", test="90d")),
]


@pytest.mark.parametrize(("one", "same", "other"), [pytest.param(*values, id=name) for name, *values in PAIRS])
def test_equal_values_have_equal_digests_and_others_others(one: Any, same: Any, other: Any) -> None:
    assert value_part(one) == value_part(same)
    assert value_part(one) != value_part(other)


def test_what_an_estimator_was_fitted_to_does_not_count() -> None:
    fitted = LogisticRegression(C=2.0).fit([[0.0], [1.0]], [0, 1])
    assert value_part(fitted) == value_part(LogisticRegression(C=2.0))


CALLS_PYTHON = pl.col("a").map_elements(lambda x: x, return_dtype=pl.Int64)


def test_a_function_that_reads_something_undeclared_is_refused() -> None:
    with pytest.raises(Uncacheable, match="open"):
        value_part(lambda path: open(path).read())  # noqa: SIM115


class Held:
    """What pickle alone would put in an order by chance."""

    def __init__(self, what: Any) -> None:
        self.what = what


def test_a_set_in_an_object_is_the_same_in_every_order() -> None:
    first, second = {8, 0}, {0, 8}
    assert list(first) != list(second)
    assert value_part(Held(first)) == value_part(Held(second)) != value_part(Held({8, 1}))


@pytest.mark.parametrize("value", [CALLS_PYTHON, pl.LazyFrame({"a": [1]}), (i for i in [1]), threading.Lock()])
def test_what_cannot_be_told_apart_is_refused(value: Any) -> None:
    with pytest.raises(Uncacheable):
        value_part(value)


def test_a_value_that_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(Uncacheable, match="contains itself"):
        value_part(endless)


def test_digests_are_the_same_in_every_process(tmp_path: Path) -> None:
    (tmp_path / "declared.py").write_text(
        textwrap.dedent("""
        import dataclasses, enum, typing, logging
        log = logging.getLogger("x")
        class Colour(enum.Enum):
            RED = 1
        @dataclasses.dataclass(frozen=True)
        class Size:
            width: int = 3
            names: frozenset = frozenset({"a", "b", "c", "d"})
        class Pair(typing.NamedTuple):
            a: int = 1
        def step(x, colour=Colour.RED, size=Size()):
            log.info("x")
            return Pair(), size, {"q", "r", "s"} & {x}
    """)
    )
    program = (
        "import declared; from ninefold.engine.code import code_parts as read; p = read(declared.step); print(p.uncacheable, sorted(p.parts.items()))"
    )
    environments = [{"PYTHONHASHSEED": seed, "PYTHONPATH": "."} for seed in ("1", "2")]
    one, two = (subprocess.check_output([sys.executable, "-c", program], cwd=tmp_path, env=env, text=True) for env in environments)
    assert one.startswith("None ")
    assert one == two
