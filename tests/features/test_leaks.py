"""Each planted leak is refused, with the column, the two times, and the way out."""

import polars as pl
import pytest

import ninefold as nf
from ninefold.features import Features
from ninefold.features.leaks import check_leaks
from ninefold.tables import Table

TRIPS = Table(
    lambda: None,
    key="id",
    time="leaves",
    known="leaves - 30d",
    tz="UTC",
    later={"delay": "left", "late": "arrived", "gate": "leaves - 3h", "crew": "leaves - 1h"},
)
TARGET = nf.binary("late", of=TRIPS, at="leaves - 2h")


def found(*bare: str, **groups: Features) -> list[tuple[str, str]]:
    leaks = check_leaks(TARGET, TRIPS, [(n, g, TRIPS if g.aggregates else None) for n, g in groups.items()], bare)
    return [(leak.error.message, leak.error.hint) for leak in leaks]


@pytest.mark.parametrize(("column", "known"), [("late", "arrived"), ("delay", "left"), ("left", "left"), ("crew", "leaves - 1h")])
def test_bare_column_known_after_the_question_is_refused_with_both_times(column: str, known: str) -> None:
    [(message, hint)] = found(column)
    assert f'"{column}"' in message and f"known at {known}" in message and "asked at leaves - 2h" in message and "window" in hint


def test_column_known_before_the_question_may_be_read() -> None:
    assert found("gate", "leaves", "origin") == []


def test_expression_over_a_later_column_is_refused() -> None:
    [(message, _)] = found(early=Features(columns={"x": pl.col("delay") * 2}))
    assert "early.x" in message and "known at left" in message


def test_entity_that_is_known_later_is_refused() -> None:
    [(message, _)] = found(crew=Features(TRIPS, by="crew", at="left", n=nf.count("1d")))
    assert '"crew" (read by the entity of crew)' in message


def test_window_over_the_label_of_earlier_rows_is_no_leak() -> None:
    assert found(past=Features(TRIPS, by="origin", at="arrived", share=nf.mean("late", "1d"))) == []


def test_window_shorter_than_the_delay_of_its_column_is_refused() -> None:
    slow = Table(lambda: None, key="id", time="at", tz="UTC", later={"score": "at + 2d"})
    [leak] = check_leaks(TARGET, TRIPS, [("slow", Features(slow, by="id", n=nf.mean("score", "1d")), slow)])
    assert "can never see a row" in leak.error.message and "2d" in leak.error.message


@pytest.mark.parametrize(("at", "known"), [("left - 2h", "left"), ("arrived", "arrived"), ("crewed", "leaves - 1h")])
def test_a_question_asked_at_a_moment_that_is_not_yet_known_is_refused(at: str, known: str) -> None:
    trips = Table(lambda: None, key="id", time="leaves", tz="UTC", later={"late": "arrived", "delay": "left", "crewed": "leaves - 1h"})
    leaks = check_leaks(nf.binary("late", of=trips, at=at), trips, [])
    assert [(f"known at {known}" in k.error.message, f"asked at {at}" in k.error.message, bool(k.error.hint)) for k in leaks] == [(True, True, True)]


def test_a_question_may_be_asked_after_a_moment_that_came_later() -> None:
    assert check_leaks(nf.binary("late", of=TRIPS, at="left + 5m"), TRIPS, []) == []
