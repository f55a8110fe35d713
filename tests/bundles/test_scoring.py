"""Encoding, calibration and decisions: one row or many, the same numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.bundles import linear
from ninefold.bundles.calibration import Calibration
from ninefold.bundles.decision import Decision
from ninefold.bundles.encoding import Column, Encoder, Encoding
from ninefold.bundles.predictors import Shape
from ninefold.errors import DataError
from ninefold.models.calibrate import calibrate

COLUMNS = (Column("n", "number", (), 2.0, 1.0, 3.0, missing=True), Column("t", "text", ("a", "b")), Column("f", "bool", (), 0.0, 0.5, 0.5))
NUMBERS = st.none() | st.floats(width=32) | st.integers(-(10**9), 10**9) | st.booleans()


@pytest.mark.parametrize("form", ["codes", "scaled"])
@pytest.mark.parametrize("single", [False, True])
@given(rows=st.lists(st.tuples(NUMBERS, st.sampled_from(["a", "b", "c", None]), st.none() | st.booleans()), min_size=1, max_size=5))
def test_one_row_encodes_as_it_does_among_many(form: str, single: bool, rows: list[tuple[object, object, object]]) -> None:
    encoder = Encoder(Encoding(form, COLUMNS, single))  # type: ignore[arg-type]
    names = ("n", "t", "f")
    together = encoder.matrix({name: [row[i] for row in rows] for i, name in enumerate(names)})
    for row, expected in zip(rows, together, strict=True):
        assert np.array_equal(encoder.row(dict(zip(names, row, strict=True))), expected, equal_nan=True)


def test_a_column_that_is_not_given_is_null() -> None:
    assert Encoder(Encoding("codes", COLUMNS)).matrix({"t": ["b"]}).tolist()[0][1:2] == [1.0]


@given(st.floats(-0.5, 1.5))
def test_one_score_is_calibrated_as_it_is_among_many(raw: float) -> None:
    table = Calibration((0.0, 0.1, 0.35, 0.9), (0.01, 0.2, 0.21, 0.7))
    assert table.one(raw) == table(np.array([raw]))[0]


def test_a_calibration_keeps_the_order_of_scores() -> None:
    random = np.random.default_rng(0)
    raw = random.random(3000)
    table = calibrate(raw, (random.random(3000) < raw**2).astype(float))
    inside = np.sort(random.random(1000))
    assert (np.diff(table(inside)) > 0).all()


def test_a_calibration_brings_scores_near_the_truth() -> None:
    random = np.random.default_rng(0)
    raw = random.random(20_000)
    table = calibrate(raw, (random.random(20_000) < raw**2).astype(float))
    assert np.abs(table(np.linspace(0.05, 0.95, 19)) - np.linspace(0.05, 0.95, 19) ** 2).max() < 0.05


def test_few_rows_leave_probabilities_as_they_are() -> None:
    assert calibrate(np.linspace(0, 1, 100), np.tile([0.0, 1.0], 50)) == Calibration()


def test_costs_by_row_move_each_threshold() -> None:
    decide = Decision("costs", false_alarm=1, miss="fare")
    assert decide(np.array([0.3, 0.3]), {"fare": [1, 5]}).tolist() == [0, 1]


def test_a_cost_that_is_null_is_refused() -> None:
    with pytest.raises(DataError, match="null or negative value in row 1"):
        Decision("costs", false_alarm=1, miss="fare")(np.array([0.3, 0.3]), {"fare": [1, None]})


def test_scores_far_from_zero_do_not_overflow() -> None:
    predictor = linear.load(linear.save("logit", np.array([[1.0]]), np.array([0.0])), Shape(1))
    assert predictor.predict(np.array([[-2000.0], [2000.0]])).tolist() == [0.0, 1.0]
