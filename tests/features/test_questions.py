"""Which questions there are, by row and by calendar; when they are mature; what counts as settled, void or open."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

import ninefold as nf
from ninefold.errors import DeclarationError
from ninefold.features.labels import labels, mature_after
from ninefold.features.questions import questions
from ninefold.problems import Target
from ninefold.tables import Table
from ninefold.tables.known import view

T0 = datetime(2024, 3, 1, tzinfo=UTC)
H, DAY = timedelta(hours=1), timedelta(days=1)


def us(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def seen(table: Table, rows: list[dict[str, Any]], as_of: datetime | None = None, **types: Any) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema_overrides={c: pl.Datetime("us", "UTC") for c in rows[0] if c.endswith("_at")} | types)
    return view(table, frame.lazy(), as_of=us(as_of) if as_of else None).collect()


TRIPS = Table("db:trips", key="id", time="leaves_at", known="leaves_at - 30d", tz="UTC", later={"late": "seen_at"})
LATE = nf.binary("late", of=TRIPS, at="leaves_at - 2h", matures="6h")


def trips(*cases: tuple[bool | None, timedelta | None]) -> list[dict[str, Any]]:
    """Trips an hour apart: whether late, and how long after leaving that was known."""
    leaves = [T0 + n * H for n in range(len(cases))]
    return [
        {"id": n, "leaves_at": at, "late": late, "seen_at": at + lag if lag is not None else None}
        for n, (at, (late, lag)) in enumerate(zip(leaves, cases, strict=True))
    ]


def states(rows: list[dict[str, Any]], target: Target = LATE, as_of: datetime | None = None, **given: Any) -> list[tuple[str, Any]]:
    found = seen(TRIPS, rows, late=pl.Boolean)
    labelled = labels(questions(target, TRIPS, found), target, TRIPS, found, us(as_of) if as_of else None, **given).frame
    return labelled.sort("id").select("__state", "__label").rows()


def test_a_row_is_asked_about_at_its_moment() -> None:
    asked = questions(LATE, TRIPS, seen(TRIPS, trips((True, H), (False, H)), late=pl.Boolean))
    assert asked["__q"].to_list() == [us(T0 - 2 * H), us(T0 - H)]


def test_what_came_later_is_not_known_in_the_question() -> None:
    assert questions(LATE, TRIPS, seen(TRIPS, trips((True, H)), late=pl.Boolean))["late"].to_list() == [None]


def test_a_row_without_its_moment_asks_nothing() -> None:
    rows = trips((True, H), (True, H))
    rows[1]["leaves_at"] = None
    assert questions(LATE, TRIPS, seen(TRIPS, rows, late=pl.Boolean))["id"].to_list() == [0]


def test_a_question_is_settled_void_or_open_by_its_maturity_alone() -> None:
    rows = trips((True, H), (None, None), (False, 5 * H), (False, H))
    # mature 6 h after each question: leaves + 4 h; the third label came too late, and counts as none
    assert states(rows, as_of=T0 + 6 * H + timedelta(minutes=30)) == [("settled", True), ("void", None), ("void", None), ("open", None)]


def test_an_open_question_stays_open_though_its_answer_is_known() -> None:
    assert states(trips((True, timedelta(minutes=5))), as_of=T0 + H) == [("open", None)]


def test_a_question_is_mature_strictly_after_its_time() -> None:
    at = T0 - 2 * H + 6 * H
    one = timedelta(microseconds=1)
    assert [states(trips((True, H)), as_of=t)[0][0] for t in (at, at + one)] == ["open", "settled"]


def test_the_caller_may_call_a_question_void() -> None:
    assert states(trips((True, H), (False, H)), void=pl.Series([True, None])) == [("void", None), ("settled", False)]


def test_without_matures_nearly_all_labels_are_waited_for() -> None:
    target = nf.binary("late", of=TRIPS, at="leaves_at - 2h")
    rows = trips(*[(True, H)] * 1996, *[(True, 9 * H)] * 4)
    found = seen(TRIPS, rows, late=pl.Boolean)
    ripe = mature_after(questions(target, TRIPS, found), target, TRIPS, found)
    assert (ripe.source, ripe.after / 3.6e9) == ("measured", pytest.approx(11))


SHOPS = Table("db:shops", key="shop", time="opens_at", until="closes_at", tz="Europe/Rome")
SALES = Table("db:sales", key="sale", time="sold_at", known="sold_at + 1h", tz="UTC")
MORNING = nf.binary(nf.ahead(SALES, nf.any(), "1d"), of=SHOPS, every="1d at 07:00", tz="Europe/Rome", settle="2h")


def shops(*spans: tuple[float, float | None]) -> pl.DataFrame:
    rows = [{"shop": f"s{n}", "opens_at": T0 + a * DAY, "closes_at": T0 + b * DAY if b is not None else None} for n, (a, b) in enumerate(spans)]
    return seen(SHOPS, rows)


def test_a_key_is_asked_about_on_each_day_while_it_is_valid() -> None:
    asked = questions(MORNING, SHOPS, shops((0, 3), (1.5, None)), end=us(T0 + 4 * DAY))
    assert [(s, q) for q, s in asked.select("__q", "shop").rows()] == [
        ("s0", us(T0 + 6 * H)),
        ("s0", us(T0 + 30 * H)),
        ("s0", us(T0 + 54 * H)),
        ("s1", us(T0 + 54 * H)),
        ("s1", us(T0 + 78 * H)),
    ]


def test_the_calendar_keeps_local_time_over_the_change_of_clocks() -> None:
    asked = questions(MORNING, SHOPS, shops((28, None)), end=us(T0 + 32 * DAY))
    local = [datetime.fromtimestamp(q / 1e6, UTC).hour for q in asked["__q"]]
    assert local == [6, 6, 5, 5]  # on 31 March Rome's clocks go forward


def sales(*at: timedelta) -> pl.DataFrame:
    return seen(SALES, [{"sale": n, "shop": "s0", "sold_at": T0 + a} for n, a in enumerate(at)])


def ahead(target: Target, sold: pl.DataFrame, as_of: datetime) -> list[Any]:
    rows = shops((0, 3))
    asked = questions(target, SHOPS, rows, end=us(as_of))
    return labels(asked, target, SHOPS, rows, us(as_of), ahead=(SALES, sold)).frame.select("__state", "__label").rows()


def test_a_window_ahead_begins_at_the_question_and_ends_before_its_end() -> None:
    begins, ends = 6 * H, 30 * H
    sold = sales(begins, ends)
    assert ahead(MORNING, sold, T0 + 40 * H)[0] == ("settled", True)
    assert ahead(MORNING, sales(ends), T0 + 40 * H)[0] == ("settled", False)


def test_what_is_known_only_after_maturity_does_not_count() -> None:
    slow = nf.binary(nf.ahead(SALES, nf.any(), "1d"), of=SHOPS, every="1d at 07:00", tz="Europe/Rome", settle="30m")
    sold = sales(29 * H + timedelta(minutes=45))  # known 45 minutes after the window has ended
    assert ahead(slow, sold, T0 + 50 * H)[0] == ("settled", False)
    assert ahead(MORNING, sold, T0 + 50 * H)[0] == ("settled", True)


def test_a_window_ahead_adds_up_and_is_empty_as_told() -> None:
    total = nf.regression(nf.ahead(SALES, nf.sum("sale", empty=0), "1d"), of=SHOPS, every="1d at 07:00", tz="Europe/Rome", settle="2h")
    found = ahead(total, sales(H, 7 * H, 8 * H), T0 + 60 * H)
    assert found == [("settled", 3), ("settled", 0), ("open", None)]


def test_maturity_shorter_than_the_window_is_refused() -> None:
    short = nf.binary(nf.ahead(SALES, nf.any(), "1d"), of=SHOPS, every="1d at 07:00", tz="Europe/Rome", matures="3h")
    with pytest.raises(DeclarationError, match="looks 1d ahead"):
        ahead(short, sales(H), T0 + 60 * H)
