"""Expectations on plain frames."""

import pandas as pd
import polars as pl
import pytest

import ninefold as nf
from ninefold.errors import DataError, DeclarationError
from ninefold.tables.check import REASON


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        (nf.unique("id"), [1]),
        (nf.unique("id", "text"), []),
        (nf.not_null("n"), [3]),
        (nf.between("n", 0, 5), [2]),
        (nf.one_of("text", ["a", "b"]), [2]),
        (nf.matches("text", "^[ab]$"), [2]),
        (nf.holds(pl.col("n") != 2), [1]),
        (nf.row_count(1), []),
    ],
)
def test_a_rule_finds_its_rows_and_null_passes(rule: nf.tables.Expectation, bad: list[int]) -> None:
    frame = pl.DataFrame({"row": [0, 1, 2, 3], "id": [7, 7, 8, 9], "n": [1.0, 2.0, 1048.0, None], "text": ["a", "b", "xx", None]})
    assert nf.check(frame, rule).bad["row"].to_list() == bad


def test_a_row_may_break_several_rules() -> None:
    report = nf.check(pl.DataFrame({"n": [1048]}), [nf.between("n", 0, 120), nf.one_of("n", [1])])
    assert report.bad[REASON].to_list() == ["between('n', 0, 120); one_of('n', [1])"]


def test_a_broken_row_takes_nobodys_place() -> None:
    report = nf.check(pl.DataFrame({"id": [1, 1], "n": [1048, 3]}), [nf.unique("id"), nf.between("n", 0, 120)])
    assert report.good["n"].to_list() == [3]


def test_a_reference_without_its_row_is_found() -> None:
    shops = nf.Table("db:shops", key="shop")
    report = nf.check(pl.DataFrame({"shop": ["a", "b", None]}), nf.refers_to("shop", shops), tables={shops: pl.DataFrame({"shop": ["a"]})})
    assert report.bad["shop"].to_list() == ["b"]


def test_a_reference_without_the_table_says_how_to_give_it() -> None:
    with pytest.raises(DeclarationError) as caught:
        nf.check(pl.DataFrame({"shop": ["a"]}), nf.refers_to("shop", "shops"))
    assert "tables=" in caught.value.hint


def test_a_limit_stops_with_counts() -> None:
    report = nf.check(pl.DataFrame({"n": [1, 2, 999]}), nf.between("n", 0, 10).or_stop("10%"))
    assert report.stops == ("between('n', 0, 10): 1 of 3 rows (33.3%) break it, at most 10.0% may",)
    assert not report.ok


def test_too_few_rows_stop() -> None:
    assert nf.check(pl.DataFrame({"n": [1]}), nf.row_count(2)).stops == ("1 row, expected at least 2",)


def test_any_frame_can_be_checked() -> None:
    assert nf.check(pd.DataFrame({"n": [1, 2]}), nf.between("n", 0, 5)).ok


def test_a_misspelt_column_is_told_the_nearest() -> None:
    with pytest.raises(DataError) as caught:
        nf.check(pl.DataFrame({"wind_speed": [1]}), nf.between("wnd_speed", 0, 5))
    assert caught.value.hint == 'did you mean "wind_speed"?'


def test_no_rows_break_nothing() -> None:
    assert nf.check(pl.DataFrame({"n": []}, schema={"n": pl.Int64}), [nf.unique("n"), nf.between("n", 0, 1)]).ok


@pytest.mark.parametrize(
    "rule",
    [nf.between("text", 0, 10), nf.one_of("text", [1, 2]), nf.one_of("text", [1, "a"]), nf.matches("text", "["), nf.holds(pl.col("n") + 1, "sums")],
    ids=lambda rule: rule.text,
)
def test_a_rule_that_does_not_fit_its_column_is_named(rule: nf.tables.Expectation) -> None:
    frame = pl.DataFrame({"id": [1, 2], "text": ["a", "b"], "n": [1.0, 2.0]})
    with pytest.raises(DataError) as raised:
        nf.check(frame, [nf.unique("id"), rule])
    assert str(raised.value).startswith(f"{rule.text} cannot be checked: ")
