"""The order of a commit: every flush that it needs, before what relies on it."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from ninefold.ids import new_id
from ninefold.journal import Journal, recover
from ninefold.journal.segment import create, frame
from ninefold.lake.commit import CHECKPOINT_EVERY
from ninefold.lake.table import LakeTable
from ninefold.ledger import Ledger
from ninefold.ledger.backup import backup, restore
from ninefold.ledger.checkpoint import Anchor, AnchorFile, Signer
from ninefold.ledger.sqlite import SQLiteDriver
from ninefold.ledger.upgrade import migrate, upgrade


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reaches the disk, in order: flushes by the kind of what is flushed, renames, links, log entries, checkpoints."""
    calls: list[str] = []

    def traced(owner: object, name: str, label: object) -> None:
        real = getattr(owner, name)

        def call(*args: object, **more: object) -> object:
            done = real(*args, **more)
            calls.append(label(*args) if callable(label) else str(label))
            return done

        monkeypatch.setattr(owner, name, call)

    traced(os, "fsync", lambda fd: f"flush {kind(os.readlink(f'/proc/self/fd/{fd}'))}")
    traced(os, "link", "name data")
    traced(os, "replace", lambda old, new: f"name {kind(str(new))}")
    traced(DeltaTable, "create_write_transaction", "entry")
    traced(DeltaTable, "create_checkpoint", "checkpoint")
    monkeypatch.setattr("ninefold.lake.commit.create_table_with_add_actions", _labelled(calls))
    return calls


def _labelled(calls: list[str]) -> object:
    from deltalake.transaction import create_table_with_add_actions as real

    def create(*args: object, **more: object) -> None:
        real(*args, **more)  # type: ignore[arg-type]
        calls.append("entry")

    return create


def kind(path: str) -> str:
    name = Path(path).name
    if Path(path).is_dir():
        return "log folder" if name == "_delta_log" else "folder"
    if name == "_last_checkpoint":
        return "hint"
    if name == "ledger.db" or name.startswith("ledger-"):
        return "ledger"
    return (
        "checkpoint" if ".checkpoint" in name else "log entry" if "_delta_log" in path else "segment" if name.endswith((".open", ".seg")) else "data"
    )


COMMIT = ["flush data", "name data", "flush folder", "entry", "flush log entry", "flush log folder"]


def test_a_commit_flushes_data_then_names_it_then_flushes_the_log(tmp_path: Path, calls: list[str]) -> None:
    table = LakeTable(str(tmp_path / "t"))
    table.write(pl.DataFrame({"n": [0]}))
    calls.clear()
    table.write(pl.DataFrame({"n": [1]}), mode="append")
    assert calls == COMMIT


def test_the_first_commit_flushes_the_folders_that_it_makes(tmp_path: Path, calls: list[str]) -> None:
    LakeTable(str(tmp_path / "t")).write(pl.DataFrame({"n": [0]}))
    assert calls == ["flush folder", *COMMIT[:3], "flush folder", *COMMIT[3:]]


def test_a_checkpoint_is_flushed_with_its_hint(tmp_path: Path, calls: list[str]) -> None:
    table = LakeTable(str(tmp_path / "t"))
    for n in range(CHECKPOINT_EVERY):
        calls.clear()
        table.write(pl.DataFrame({"n": [n]}), mode="append")
    assert calls == [*COMMIT, "checkpoint", "flush checkpoint", "flush hint", "flush log folder"]


def test_new_columns_are_flushed_before_the_rows_that_have_them(tmp_path: Path, calls: list[str]) -> None:
    table = LakeTable(str(tmp_path / "t"))
    table.write(pl.DataFrame({"n": [0]}))
    calls.clear()
    table.write(pl.DataFrame({"n": [1], "more": [1]}), mode="append")
    assert calls == ["flush log entry", "flush log folder", *COMMIT]


def test_a_torn_entry_is_set_aside_for_good(tmp_path: Path, calls: list[str]) -> None:
    table = LakeTable(str(tmp_path / "t"))
    for n in range(2):
        table.write(pl.DataFrame({"n": [n]}), mode="append")
    os.truncate(tmp_path / "t" / "_delta_log" / f"{1:020d}.json", 50)
    calls.clear()
    assert LakeTable(str(tmp_path / "t")).version == 0
    assert calls == ["name log entry", "flush log folder"]


def test_a_journal_flushes_a_segment_and_its_name_before_the_first_row(tmp_path: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fdatasync
    monkeypatch.setattr("ninefold.journal.journal._datasync", lambda fd: (real(fd), calls.append("flush rows")))
    with Journal(tmp_path / "new" / "journal") as journal:
        journal.append([b"a"]).result()
        calls.append("acknowledged")
    begin = ["flush folder", "flush folder", "flush segment", "flush segment", "flush folder", "flush rows", "acknowledged"]
    assert calls == [*begin, "flush rows", *SEAL]


SEAL = ["flush data", "name data", "flush folder", "name segment", "flush folder"]  # the last number that was given, then the segment


def test_what_a_dead_writer_left_is_flushed_before_it_is_sealed(tmp_path: Path, calls: list[str]) -> None:
    _, fd = create(tmp_path, new_id())
    os.write(fd, frame(b"whole") + frame(b"torn")[:-1])
    os.close(fd)
    calls.clear()
    assert recover(tmp_path) == [1]
    assert calls == ["flush segment", *SEAL]


@pytest.mark.parametrize("make", [SQLiteDriver.create, migrate])
def test_a_new_ledger_is_flushed_with_its_name(tmp_path: Path, calls: list[str], make: Callable[[SQLiteDriver], None]) -> None:
    make(SQLiteDriver(tmp_path / "home" / "ledger.db", tmp_path / "locks"))
    assert calls == ["flush folder", "flush ledger", "flush folder"]


def test_every_connection_of_a_ledger_flushes_each_commit(ledger: Ledger) -> None:
    assert [ledger.driver.connect().execute(f"pragma {name}").fetchone()[0] for name in ("journal_mode", "synchronous")] == ["wal", 2]


def test_the_copy_before_an_upgrade_is_flushed_before_the_upgrade(tmp_path: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite3.connect(tmp_path / "ledger.db") as connection:  # from before the first revision: a version table and nothing else
        connection.execute("create table alembic_version (version_num varchar(32) not null)")
    monkeypatch.setattr("ninefold.ledger.upgrade.migrate", lambda driver: calls.append("migrate"))
    upgrade(f"sqlite:///{tmp_path}/ledger.db")
    assert calls == ["flush folder", "flush ledger", "flush folder", "migrate"]


def test_an_anchor_is_flushed_and_so_is_its_name(tmp_path: Path, calls: list[str]) -> None:
    AnchorFile(tmp_path / "anchors" / "home").add(Anchor(1, 1, "00"))
    assert calls == ["flush folder", "flush data", "name data", "flush folder", "flush data"]


def test_a_new_key_is_flushed_with_its_folder(tmp_path: Path, calls: list[str]) -> None:
    Signer(tmp_path / "keys").public()
    assert calls == ["flush folder", "flush data", "name data", "flush folder"]


def test_a_backup_ends_with_its_manifest_and_a_restore_with_the_name_of_the_home(ledger: Ledger, tmp_path: Path, calls: list[str]) -> None:
    ledger.record("a.x", "p/t")
    ledger.checkpoint()
    calls.clear()
    backup(ledger, tmp_path / "copy")
    assert calls[:4] == ["flush folder", "flush folder", "flush ledger", "flush folder"]
    assert calls[-3:] == COMMIT[:3]
    calls.clear()
    restore(tmp_path / "copy", tmp_path / "again", anchors=tmp_path / "anchors")
    named = calls.index("name folder")
    assert (calls[named + 1], "flush folder" in calls[:named]) == ("flush folder", True)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path}/home/ledger.db", anchors=tmp_path / "anchors") as opened:
        yield opened
