"""What is open, as the loop reads it: scores of the version that answers, costs out of the rows, only outcomes that acting left alone."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

import ninefold as nf
from ninefold.loop.estimating import Estimating
from ninefold.loop.production import Production
from ninefold.loop.reference import SCORE
from ninefold.models.objective import objective_of
from ninefold.stats.histogram import number_grid, number_histogram
from ninefold.units import DAY

N, DAYS = 1_200, 12
NOW = DAYS * DAY


def answers(version: int = 1) -> pl.DataFrame:
    """Twelve days of answers by ``version``, each of which versions 1 and 2 scored: 0.2 and 0.7."""
    q = np.arange(N) * (NOW // N)
    return pl.DataFrame(
        {
            "q": pl.Series(q).cast(pl.Datetime("us", "UTC")),
            "__day": (q // DAY).astype(np.int32),
            "version": version,
            "score": 0.2 if version == 1 else 0.7,
            "decision": pl.Series([version - 1] * N, dtype=pl.Int64),
            "scores": '{"1":0.2,"2":0.7}',
            "decisions": '{"1":0,"2":1}',
            "lead": pl.Series([None] * N, dtype=pl.Int64),
            "held": False,
            "row": '{"worth":3.5}',
        }
    )


def estimating(criteria: list[Any], target: Callable[..., Any] = nf.binary, **endpoint: Any) -> Estimating:
    problem = nf.Problem("Which?", owner="desk", predict=target("came", of="calls", at="at"), solved_when=criteria)
    learning: Any = SimpleNamespace(kind=problem.predict.kind, problem=problem, tz="UTC")
    scores = np.array([0.1, 0.6])
    reference: Any = SimpleNamespace(version=1, windows={SCORE: (number_histogram(number_grid(scores), scores),)})
    acting: Any = SimpleNamespace(**{"acted": None, "holdout": 0, **endpoint})
    return Estimating(learning, acting, objective_of(problem), reference)


def looked(one: Estimating, rows: pl.DataFrame, after: int = DAY) -> dict[str, Any]:
    return one.look(SimpleNamespace(rows=rows, near=Production.near), NOW, after)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", [1, 2])
def test_an_answer_counts_with_what_this_version_scored(version: int) -> None:
    told = looked(estimating([nf.accuracy >= 0.5]), answers(version))
    assert (told["n"], told["first"], told["last"], told["outside"]) == (100, 11, 11, 0.0)
    assert told["criteria"][0]["value"] == pytest.approx(0.8)


def test_scores_beyond_those_of_the_evidence_are_counted() -> None:
    rows = answers().with_columns(pl.when(pl.int_range(N) % 4 == 0).then(0.65).otherwise(pl.col("score")).alias("score"))
    assert looked(estimating([nf.brier <= 0.5]), rows)["outside"] == 0.25


def test_a_cost_is_read_from_the_rows() -> None:
    told = looked(estimating([nf.cost(false_alarm=1, miss="worth") <= 1]), answers())
    assert told["criteria"][0]["value"] == pytest.approx(0.2 * 3.5) == told["loss"]["value"]


def test_days_correct_with_the_outcomes_that_acting_left_alone() -> None:
    # of the questions said yes to, a half is held out and comes; those that were acted on do not
    rows = answers().with_columns(decision=(pl.int_range(N) % 2).cast(pl.Int64), held=pl.int_range(N) % 4 == 1)
    mature = rows.filter(pl.col("__day") < 11).with_columns(pl.lit("settled").alias("__state"), pl.col("held").alias("__label"))
    left = estimating([nf.precision >= 0.1], holdout=0.5)
    left.learn(mature)
    told = looked(left, rows)["criteria"][0]
    assert told["value"] == pytest.approx(1.0) and told["labelled"] == 825 and told["uncorrected"] == pytest.approx(0.2)


def test_several_classes_and_numbers_have_no_estimate_and_each_criterion_says_so() -> None:
    for target, metric, what in ((nf.multiclass, nf.accuracy, "several classes"), (nf.regression, nf.mae, "numbers")):
        told = looked(estimating([metric >= 0.5], target), answers())
        assert (told["n"], told["why"]) == (100, f"there is no estimate for {what}")
        assert told["criteria"][0]["why"].startswith(f"{metric} has no estimate for {what}")


def test_where_nothing_is_open_there_is_nothing_to_estimate() -> None:
    told = looked(estimating([nf.roc_auc >= 0.5]), answers().clear())
    assert (told["n"], told["outside"], told["criteria"][0]["why"]) == (0, None, "no open questions")
