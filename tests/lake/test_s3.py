from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ninefold.lake import Lake
from ninefold.lake.commit import applied
from ninefold.lake.table import LakeTable


@pytest.fixture
def table(bucket: str) -> LakeTable:
    return Lake(f"{bucket}/home/lake").table("p/tables/departures")


def test_a_table_on_s3_is_as_one_on_disk(table: LakeTable, mixed: pl.DataFrame) -> None:
    table.write(mixed)
    table.write(mixed.with_columns(more=pl.lit(1)), mode="append", txn=("app", 1))
    assert table.write(mixed, mode="append", txn=("app", 1)) is None
    assert_frame_equal(table.read(version=0), mixed)
    assert table.read().height == 4
    assert table.position("app") == (2, 1)


def test_the_digest_is_that_of_the_rows(table: LakeTable, mixed: pl.DataFrame) -> None:
    table.write(mixed.head(1))
    table.write(mixed.tail(1), mode="append")
    digest = table.digest()
    table.compact()
    assert len(table.files()) == 1
    assert table.digest() == digest


def test_writers_at_once_lose_nothing(table: LakeTable) -> None:
    table.write(pl.DataFrame({"n": [0]}))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: LakeTable(table.where, options=table.options).write(pl.DataFrame({"n": [n]}), mode="append"), range(1, 9)))
    assert sorted(table.read()["n"].to_list()) == list(range(9))
    assert table.info().rows == 9


def test_the_lake_on_s3_lists_its_tables(bucket: str) -> None:
    lake = Lake(f"{bucket}/lake")
    lake.table("p/tables/a").write(pl.DataFrame({"a": [1]}))
    assert lake.tables("p") == ["p/tables/a"]
    assert not lake.table("p/tables/b").exists


def test_a_transaction_that_another_writer_commits_in_the_middle_is_there_once(table: LakeTable, monkeypatch: pytest.MonkeyPatch) -> None:
    table.write(pl.DataFrame({"n": [0]}))
    other = LakeTable(table.where, options=table.options)
    seen = LakeTable(table.where, options=table.options)

    def compared_too_early(handle: object, txn: tuple[str, int] | None) -> bool:
        found = applied(handle, txn)  # type: ignore[arg-type]
        with monkeypatch.context() as once:
            once.setattr("ninefold.lake.table.applied", applied)
            other.write(pl.DataFrame({"n": [1]}), mode="append", txn=("app", 1))
        return found

    monkeypatch.setattr("ninefold.lake.table.applied", compared_too_early)
    assert seen.write(pl.DataFrame({"n": [1]}), mode="append", txn=("app", 1)) is None
    assert sorted(table.read()["n"].to_list()) == [0, 1]
