"""Answers as numbers: also where nothing is settled yet."""

import polars as pl
import pytest

import ninefold as nf
from ninefold.loop.answers import answered
from ninefold.models.objective import objective_of


class Learnt:
    kind = "multiclass"


@pytest.mark.parametrize(("label", "rows"), [("a", 1), (None, 0), ("of no class", 1)])
def test_answers_of_several_classes_are_counted_once_they_are_settled(label: str | None, rows: int) -> None:
    problem = nf.Problem("Which?", owner="desk", predict=nf.multiclass("kind", of="letters", at="at"))
    state = "settled" if label else "open"
    given = pl.DataFrame(
        {"__day": [1], "__state": [state], "__label": [label], "scores": ['{"3":[0.7,0.3]}']}, schema_overrides={"__label": pl.String}
    )
    found = answered(given, 3, Learnt(), objective_of(problem), ["a", "b"])  # type: ignore[arg-type]
    assert (found.height, found["score"].to_list()) == (rows, [0.7] * rows)
