"""The truth table holds in every execution."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.features.law import CASES, HOUR, by_fold, by_kernel, by_oracle


@pytest.mark.parametrize("ask", [by_oracle, by_kernel, by_fold], ids=["oracle", "kernel", "fold"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"entity {c[0]} at {c[1]} h {c[2]} µs")
def test_execution_answers_as_the_truth_table_says(ask: Callable[[Any, int], dict[str, Any]], case: tuple[Any, ...]) -> None:
    who, hours, micros, *expected = case
    assert list(ask(who, round(hours * HOUR) + micros).values()) == expected
