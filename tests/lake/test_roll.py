import json
import os
import threading
from pathlib import Path

import polars as pl
import pytest

from ninefold.errors import HeldError
from ninefold.journal import Journal
from ninefold.lake.roll import Roller, scan_both
from ninefold.lake.table import LakeTable
from ninefold.storage import FileLock

SCHEMA = {"n": pl.Int64, "text": pl.String}


def decode(payloads: list[bytes]) -> pl.DataFrame:
    return pl.DataFrame([json.loads(payload) for payload in payloads], schema=SCHEMA)


def rows(*numbers: int) -> list[bytes]:
    return [json.dumps({"n": n, "text": f"row {n}"}).encode() for n in numbers]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal" / "events"


def test_sealed_rows_move_into_the_table_and_their_segments_go(table: LakeTable, folder: Path) -> None:
    with Journal(folder) as journal:
        journal.append(rows(1, 2)).result()
    assert Roller(table, folder, decode, name="events").roll() == 2
    assert table.read()["n"].to_list() == [1, 2]
    assert not list(folder.glob("*.seg"))


def test_rows_still_being_written_stay_in_the_journal(table: LakeTable, folder: Path) -> None:
    with Journal(folder) as journal:
        journal.append(rows(1)).result()
        assert Roller(table, folder, decode, name="events").roll() == 0
        journal.rotate()
        assert Roller(table, folder, decode, name="events").roll() == 1


def test_a_segment_that_was_committed_but_not_removed_is_not_moved_again(table: LakeTable, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal(folder) as journal:
        journal.append(rows(1, 2)).result()
    with monkeypatch.context() as patch:
        patch.setattr("ninefold.lake.roll.durable.remove", lambda path: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            Roller(table, folder, decode, name="events").roll()
    assert list(folder.glob("*.seg"))
    assert scan_both(table, folder, decode, name="events").collect()["n"].to_list() == [1, 2]
    assert Roller(table, folder, decode, name="events").roll() == 0
    assert table.read()["n"].to_list() == [1, 2]
    assert not list(folder.glob("*.seg"))


def test_numbers_go_on_after_every_segment_is_gone(table: LakeTable, folder: Path) -> None:
    for n in range(3):
        with Journal(folder) as journal:
            journal.append(rows(n)).result()
        assert Roller(table, folder, decode, name="events").roll() == 1
    assert table.position("events") == (2, 3)


def test_a_second_roller_is_told_who_works(table: LakeTable, folder: Path) -> None:
    folder.mkdir(parents=True)
    lock = FileLock(folder / ".roller")
    lock.acquire(0, who="roller events")
    with pytest.raises(HeldError, match="roller events"):
        Roller(table, folder, decode, name="events").roll()


def test_one_read_sees_the_table_and_the_journal(table: LakeTable, folder: Path) -> None:
    with Journal(folder) as journal:
        assert scan_both(table, folder, decode, name="events").collect().height == 0
        journal.append(rows(1)).result()
        journal.rotate()
        Roller(table, folder, decode, name="events").roll()
        journal.append(rows(2)).result()
        journal.rotate()
        journal.append(rows(3)).result()
        assert scan_both(table, folder, decode, name="events").collect()["n"].to_list() == [1, 2, 3]


def test_rows_of_an_older_release_are_null_where_a_column_came_later(table: LakeTable, folder: Path) -> None:
    def older(payloads: list[bytes]) -> pl.DataFrame:
        return decode(payloads).drop("text")

    with Journal(folder) as journal:
        journal.append(rows(1)).result()
        journal.rotate()
        Roller(table, folder, older, name="events").roll()
        assert scan_both(table, folder, decode, name="events").collect().rows() == [(1, None)]
        journal.append(rows(2)).result()
        assert scan_both(table, folder, decode, name="events").collect().rows() == [(1, None), (2, "row 2")]
        journal.rotate()
    Roller(table, folder, decode, name="events").roll()
    assert table.read().rows() == [(1, None), (2, "row 2")]


def test_a_read_never_misses_or_doubles_a_row_while_rows_are_rolled(table: LakeTable, folder: Path) -> None:
    acknowledged, looks, wrong, done = [0], [0], [], threading.Event()

    def look() -> None:
        while not done.is_set():
            before = acknowledged[0]
            seen = scan_both(table, folder, decode, name="events").collect()["n"].to_list()
            looks[0] += 1
            if len(set(seen)) != len(seen) or len(seen) < before:
                wrong.append((before, seen))

    reader = threading.Thread(target=look)
    reader.start()
    with Journal(folder) as journal:
        for n in range(40):
            journal.append(rows(n)).result()
            acknowledged[0] = n + 1
            if n % 3 == 0:
                journal.rotate()
                Roller(table, folder, decode, name="events").roll()
    done.set()
    reader.join()
    assert not wrong
    assert looks[0] > 5


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files by Linux's /proc")
def test_a_backlog_of_several_commits_leaves_no_file_open(table: LakeTable, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ninefold.lake.roll._AT_ONCE", 100)
    for n in range(6):
        with Journal(folder) as journal:
            journal.append(rows(n)).result()
    assert table.write(decode(rows(-1))) is not None  # opens what stays open
    before = len(os.listdir("/proc/self/fd"))
    assert Roller(table, folder, decode, name="events").roll() == 6
    assert len(os.listdir("/proc/self/fd")) <= before
