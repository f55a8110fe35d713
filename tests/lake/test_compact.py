import os
from pathlib import Path

import polars as pl

from ninefold.lake.table import LakeTable


def grow(table: LakeTable, files: int) -> None:
    for n in range(files):
        table.write(pl.DataFrame({"n": [n, -n], "day": [n % 3, 1]}), mode="append", txn=("app", n + 1))


def test_small_files_become_one_and_rows_order_digest_and_transactions_stay(table: LakeTable) -> None:
    grow(table, 10)
    rows, digest = table.read(), table.digest()
    version = table.compact()
    assert version is not None
    assert (version.mode, version.rows, len(table.files())) == ("compact", 20, 1)
    assert table.read().equals(rows)
    assert (table.digest(), table.position("app")) == (digest, (10, 10))


def test_nothing_to_merge_makes_no_version(table: LakeTable) -> None:
    assert table.compact() is None
    grow(table, 1)
    assert table.compact() is None
    assert table.version == 0


def test_a_large_file_is_not_rewritten_for_small_ones(table: LakeTable) -> None:
    table.write(pl.DataFrame({"n": range(300_000), "day": [0] * 300_000}))
    large = table.files()[0]
    grow(table, 3)
    table.compact()
    assert len(table.files()) == 2
    assert table.files()[0] == large
    assert table.read()["n"].head(300_000).to_list() == list(range(300_000))


def test_rows_can_be_clustered(table: LakeTable) -> None:
    grow(table, 5)
    table.compact(by=["day", "n"])
    assert table.read().rows() == sorted(table.read().rows(), key=lambda row: (row[1], row[0]))
    assert table.digest() == table.info().digest


def test_versions_before_a_compaction_stay_readable(table: LakeTable) -> None:
    grow(table, 4)
    table.compact()
    assert table.read(version=3).equals(table.read(version=4))


def test_vacuum_removes_only_what_no_kept_version_reads(table: LakeTable) -> None:
    table.write(pl.DataFrame({"n": [0]}))
    table.write(pl.DataFrame({"n": [1]}))
    table.write(pl.DataFrame({"n": [2]}))
    first, second = table.files(0)[0], table.files(1)[0]
    for file in Path(table.where).glob("*.parquet"):
        os.utime(file, (0, 0))
    assert table.vacuum(keep=[0]) == [Path(second).name]
    assert table.read(version=0)["n"].to_list() == [0]
    assert Path(first).exists()


def test_vacuum_spares_files_of_a_commit_on_its_way(table: LakeTable) -> None:
    table.write(pl.DataFrame({"n": [0]}))
    table.write(pl.DataFrame({"n": [1]}))
    assert table.vacuum() == []
