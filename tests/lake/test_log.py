import json
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from ninefold.lake.commit import CHECKPOINT_EVERY
from ninefold.lake.table import LakeTable


def append(table: LakeTable, times: int) -> None:
    for n in range(times):
        table.write(pl.DataFrame({"n": [n]}), mode="append")


def log(table: LakeTable) -> Path:
    return Path(table.where, "_delta_log")


def again(table: LakeTable) -> LakeTable:
    return LakeTable(table.where)


def test_every_25th_commit_leaves_a_checkpoint_and_no_other_does(table: LakeTable) -> None:
    append(table, 2 * CHECKPOINT_EVERY + 1)
    assert [int(path.name[:20]) for path in sorted(log(table).glob("*.checkpoint.parquet"))] == [CHECKPOINT_EVERY - 1, 2 * CHECKPOINT_EVERY - 1]
    assert again(table).read().height == 2 * CHECKPOINT_EVERY + 1


@pytest.mark.parametrize("damage", ["missing", "empty", "cut"])
def test_a_hint_without_a_sound_checkpoint_is_removed(table: LakeTable, damage: str) -> None:
    append(table, CHECKPOINT_EVERY)
    (checkpoint,) = log(table).glob("*.checkpoint.parquet")
    checkpoint.unlink() if damage == "missing" else checkpoint.write_bytes(b"" if damage == "empty" else checkpoint.read_bytes()[:-9])
    assert again(table).read().height == CHECKPOINT_EVERY
    assert not (log(table) / "_last_checkpoint").exists()


def test_an_empty_hint_is_removed(table: LakeTable) -> None:
    append(table, CHECKPOINT_EVERY)
    (log(table) / "_last_checkpoint").write_bytes(b"")
    assert again(table).read().height == CHECKPOINT_EVERY


@pytest.mark.parametrize("left", [b"", b'{"commitInfo":{"time'])
def test_a_torn_newest_entry_was_never_acknowledged_and_is_set_aside(table: LakeTable, left: bytes) -> None:
    append(table, 3)
    (log(table) / f"{3:020d}.json").write_bytes(left)
    table = again(table)
    assert table.version == 2
    append(table, 1)
    assert (table.version, table.read().height) == (3, 4)


def test_the_log_is_plain_delta(table: LakeTable) -> None:
    table.write(pl.DataFrame({"n": [1, 2], "text": ["a", "b"]}), meta={"run": "r"})
    actions = pl.DataFrame(DeltaTable(table.where).get_add_actions(flatten=True))
    assert actions.select("num_records", "min.n", "max.text", "null_count.n").row(0) == (2, 1, "b", 0)
    assert DeltaTable(table.where).to_pyarrow_table()["n"].to_pylist() == [1, 2]


def test_a_foreign_commit_is_counted(table: LakeTable) -> None:
    from deltalake import write_deltalake

    append(table, 1)
    write_deltalake(table.where, pl.DataFrame({"n": [7, 8]}), mode="append")
    append(table, 1)
    assert [(version.rows, version.mode) for version in (table.info(1), table.info(2))] == [(3, "foreign"), (4, "append")]


def test_entries_are_valid_lines_of_json(table: LakeTable) -> None:
    append(table, 1)
    lines = (log(table) / f"{0:020d}.json").read_text().splitlines()
    assert {key for line in lines for key in json.loads(line)} == {"commitInfo", "protocol", "metaData", "add"}
