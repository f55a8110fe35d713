"""Views: when each value came to be known."""

from pathlib import Path

import polars as pl
import pytest

import ninefold as nf
from ninefold.tables import updates
from ninefold.tables.instants import instants_bytes, latest_instant
from ninefold.tables.known import GONE, SEQ, K, instants, k_of, view
from ninefold.tables.updates import GIVEN, RECEIVED

H = 3_600_000_000
trips = nf.Table("db:x", key="id", time="at", known="at - 1h", later={"late": "landed"})
BASE = pl.LazyFrame(
    {"id": ["a", "b"], "at": [10 * H, 20 * H], "landed": [12 * H, None], "late": [True, None], "x": [1.0, float("nan")]}
).with_columns(pl.col("at", "landed").cast(pl.Datetime("us", "UTC")))
EMPTY = BASE.filter(False)


def _updates(*rows: dict[str, object]) -> pl.LazyFrame:
    """Each with ``id``, ``received`` in hours, and the columns that it gives."""
    given = [[c for c in r if c not in {"id", "received"}] for r in rows]
    whole = [{c: (v * H if c in {"at", "landed"} and v is not None else v) for c, v in r.items() if c != "received"} for r in rows]  # type: ignore[operator]
    schema = {c: (pl.Int64() if c in {"at", "landed"} else t) for c, t in BASE.collect_schema().items()}
    frame = pl.DataFrame(whole, schema=schema).with_columns(pl.col("at", "landed").cast(pl.Datetime("us", "UTC")))
    received = [None if r["received"] is None else int(r["received"] * H) for r in rows]  # type: ignore[call-overload]
    return frame.with_columns(pl.Series(GIVEN, given, dtype=pl.List(pl.String)), pl.Series(RECEIVED, received, dtype=pl.Int64)).lazy()


def _rows(frame: pl.LazyFrame, *columns: str) -> list[tuple[object, ...]]:
    hours = [pl.col(c) / H if c.startswith("__") else pl.col(c) for c in columns]
    return frame.sort("id", K).select(hours).collect().rows()


def test_rows_and_later_columns_carry_their_known_times() -> None:
    assert _rows(view(trips, BASE), K, k_of("late"), k_of("landed")) == [(9.0, 12.0, 12.0), (19.0, None, None)]


def test_nan_is_null() -> None:
    assert _rows(view(trips, BASE), "x") == [(1.0,), (None,)]


@pytest.mark.parametrize(
    ("as_of", "rows"), [(9, []), (9.5, [("a", None)]), (12, [("a", None)]), (12.5, [("a", True)]), (99, [("a", True), ("b", None)])]
)
def test_a_view_as_of_a_moment_holds_what_was_known_before(as_of: float, rows: list[object]) -> None:
    assert _rows(view(trips, BASE, as_of=int(as_of * H)), "id", "late") == rows


def test_a_later_version_of_a_key_ends_the_earlier_one() -> None:
    twice = pl.concat([BASE.head(1), BASE.head(1).with_columns(pl.col("at") + pl.duration(hours=5))])
    assert _rows(view(trips, twice), K, GONE) == [(9.0, 14.0), (14.0, None)]


def test_rows_valid_until_a_time_are_rows_of_their_own() -> None:
    spans = nf.Table("db:x", key="id", time="at", until="landed")
    twice = pl.concat([BASE.head(1), BASE.head(1).with_columns(pl.col("at") + pl.duration(hours=5))])
    assert _rows(view(spans, twice), GONE) == [(None,), (None,)]


def test_instalments_fill_one_row_each_at_its_receipt() -> None:
    laid = view(trips, EMPTY, _updates({"id": "c", "received": 9.5, "at": 10, "x": 1.0}, {"id": "c", "received": 13, "late": False, "landed": 12}))
    assert _rows(laid, "x", "late", K, k_of("late")) == [(1.0, False, 9.5, 13.0)]


def test_a_backfill_is_known_as_declared() -> None:
    laid = view(trips, EMPTY, _updates({"id": "c", "received": None, "at": 10, "late": True, "landed": 12}))
    assert _rows(laid, K, k_of("late")) == [(9.0, 12.0)]


def test_what_arrives_before_it_is_declared_known_waits() -> None:
    laid = view(trips, EMPTY, _updates({"id": "c", "received": 1, "at": 10, "late": True, "landed": 12}))
    assert _rows(laid, K, k_of("late")) == [(9.0, 12.0)]


def test_the_time_that_production_had_stands_over_the_declared_one() -> None:
    laid = view(trips, BASE, _updates({"id": "a", "received": 15, "late": True, "landed": 12}))
    assert _rows(laid.filter(pl.col("id") == "a"), "late", K, k_of("late")) == [(True, 9.0, 15.0)]


def test_a_correction_is_a_new_version_from_its_receipt_on() -> None:
    laid = view(trips, BASE, _updates({"id": "a", "received": 30, "late": False}))
    assert _rows(laid.filter(pl.col("id") == "a"), "late", K, GONE) == [(True, 9.0, 30.0), (False, 30.0, None)]


def test_the_same_value_again_changes_nothing() -> None:
    first = {"id": "c", "received": 13, "at": 10, "late": True, "landed": 12}
    once, again = (view(trips, EMPTY, _updates(first, *more)) for more in ((), ({**first, "received": 40},)))
    assert once.collect().equals(again.collect())


def test_a_null_that_is_given_is_known_to_be_empty() -> None:
    laid = view(trips, BASE, _updates({"id": "b", "received": 25, "late": None}))
    assert _rows(laid.filter(pl.col("id") == "b"), "late", k_of("late")) == [(None, 25.0)]


PLAIN = ({"id": "c", "received": 9.5, "at": 10, "x": 1.0}, {"id": "c", "received": 13, "late": False, "landed": 12})
CORRECTED = ({"id": "d", "received": 50, "at": 40, "x": 1.0}, {"id": "d", "received": 60, "x": 2.0})


def test_filling_one_by_one_and_all_at_once_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    told = _updates(*PLAIN, {"id": "a", "received": 15, "late": True, "landed": 12}, {"id": "b", "received": 25, "late": None})
    at_once = view(trips, BASE, told).collect()
    monkeypatch.setattr(updates, "_followed", lambda base, given, columns, key: pl.concat([base.select(key), given.select(key)]).unique())
    columns = ["id", "x", "late", K, k_of("late"), k_of("landed"), SEQ, GONE]
    assert view(trips, BASE, told).collect().select(columns).sort("id").equals(at_once.select(columns).sort("id"))


def test_only_keys_that_were_corrected_are_followed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[str] = []
    inside = updates._versions
    monkeypatch.setattr(updates, "_versions", lambda *a: followed.extend(a[2]["id"].unique()) or inside(*a))
    laid = view(trips, BASE, _updates(*PLAIN, *CORRECTED))
    assert (_rows(laid.filter(pl.col("id") == "d"), "x"), followed) == ([(1.0,), (2.0,)], ["d"])


def test_rows_that_updates_bring_come_after_all_others_in_the_order_of_receipt() -> None:
    laid = view(trips, BASE, _updates(*CORRECTED, *PLAIN)).sort(SEQ).collect()
    assert (laid["id"].to_list(), laid[SEQ].n_unique()) == (["a", "b", "c", "d", "d"], 5)


def test_the_latest_instant_lies_strictly_before(tmp_path: Path) -> None:
    found = instants(trips, view(trips, BASE))
    path = tmp_path / "instants"
    path.write_bytes(instants_bytes(found))
    assert [t // H for t in found] == [9, 12, 19]
    assert [latest_instant(path, int(t * H)) for t in (9, 9.1, 12, 12.1, 99)] == [None, 9 * H, 9 * H, 12 * H, 19 * H]


def test_a_table_without_time_has_always_been_known(tmp_path: Path) -> None:
    found = instants(nf.Table("db:x", key="id"), view(nf.Table("db:x", key="id"), BASE))
    (tmp_path / "i").write_bytes(instants_bytes(found))
    assert latest_instant(tmp_path / "i", 0) is None
