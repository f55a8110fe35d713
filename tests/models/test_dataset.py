from collections.abc import Callable

import polars as pl
import pytest

import ninefold as nf
from ninefold.errors import DataError
from ninefold.models.dataset import Dataset, dataset, prepare

DAY = 86_400_000_000
Make = Callable[..., pl.DataFrame]


def test_parts_of_a_split_by_time_lie_one_after_another(data: Dataset) -> None:
    parts = prepare(data, nf.by_time(validate="20d", test="20d"))
    assert data.q[parts.train].max() < data.q[parts.validate].min() <= data.q[parts.validate].max() < data.q[parts.test].min()
    assert len(parts.train) + len(parts.validate) + len(parts.test) == len(data.q)


def test_train_keeps_only_questions_that_are_mature_before_validate_begins(frame: Make) -> None:
    late = dataset(frame().with_columns((pl.col("__q") + 5 * DAY).alias("__mature")), kind="binary")
    parts = prepare(late, nf.by_time(validate="20d", test="20d"))
    begins = late.q[parts.validate].min()
    assert late.mature[parts.train].max() <= begins
    assert len(parts.refit) > len(parts.train) + len(parts.validate)


def test_questions_that_are_not_settled_are_left_out_and_counted(frame: Make) -> None:
    state = pl.Series("__state", ["settled", "void", "open"] * 1000)
    assert dataset(frame().with_columns(state), kind="binary").dropped == 2000


def test_a_group_lies_in_one_part_only(frame: Make) -> None:
    customers = frame().with_columns((pl.int_range(pl.len()) % 100).alias("customer"))
    given = dataset(customers, kind="binary", extra=["customer"])
    parts = prepare(given, nf.by_group("customer"))
    of = [set(given.extra["customer"][rows].tolist()) for rows in (parts.train, parts.validate, parts.test)]
    assert len(of[0] | of[1] | of[2]) == sum(map(len, of))


def test_a_split_is_the_same_for_rows_in_another_order(frame: Make) -> None:
    given = frame()
    made = [dataset(f, kind="binary") for f in (given, given.reverse())]
    first, second = (sorted(d.q[prepare(d, nf.by_time(validate="20d", test="20d")).train].tolist()) for d in made)
    assert first == second


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (pl.lit(True).alias("__label"), "all 3000 labels are"),
        (pl.lit(None, pl.Float64).alias("z"), '"z" is null in all of the 3000 rows'),
        (pl.lit(float("nan")).alias("z"), '"z" is null in all of the 3000 rows'),
        (pl.lit(0).cast(pl.Datetime("us")).alias("z"), "models read numbers, booleans and texts"),
        (pl.lit([1]).alias("z"), "models read numbers, booleans and texts"),
        (pl.lit("yes").alias("__label"), "a binary problem needs true and false"),
        (pl.lit(2).alias("__label"), "a yes-or-no problem has the values"),
        (pl.lit(None, pl.Boolean).alias("__label"), "none of the 3000 questions has a label"),
    ],
)
def test_data_that_nothing_can_be_learned_from_is_refused_with_the_reason(frame: Make, change: pl.Expr, message: str) -> None:
    with pytest.raises(DataError, match=message):
        dataset(frame().with_columns(change), kind="binary")


def test_spans_longer_than_the_data_are_refused_with_counts(data: Dataset) -> None:
    with pytest.raises(DataError, match=r"train has 0 of the 3000 settled questions"):
        prepare(data, nf.by_time(validate="30d", test="90d"))


def test_an_unknown_input_is_refused_with_the_nearest_name(frame: Make) -> None:
    with pytest.raises(DataError) as caught:
        dataset(frame().rename({"x": "wind"}), kind="binary", inputs=["wnd"])
    assert caught.value.hint == 'did you mean "wind"?'


def test_a_validation_span_shorter_than_the_wait_for_answers_is_to_be_longer(frame: Make) -> None:
    slow = frame().with_columns(__mature=pl.col("__q") + 28 * DAY)
    with pytest.raises(DataError) as raised:
        prepare(dataset(slow, kind="binary"), nf.by_time(validate="28d", test="20d"))
    assert raised.value.hint == "answers take 28d: make validate= in split= longer than that"
