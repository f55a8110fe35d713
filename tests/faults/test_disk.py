"""Failing writes and full disks: said clearly, final, and nothing acknowledged is lost."""

import errno
import os
import resource
import sqlite3
import subprocess
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ninefold.errors import BusyError, StoppedError
from ninefold.journal import Journal, read
from ninefold.lake import Lake
from ninefold.lake.table import LakeTable
from ninefold.ledger import Ledger
from ninefold.ledger.backup import backup


def failing(call: Callable[..., Any], at: int, code: int) -> Callable[..., Any]:
    """A call that fails the ``at``-th time, and only then: a retry would wrongly succeed."""
    numbers = count(1)

    def wrapped(*args: Any, **more: Any) -> Any:
        if next(numbers) == at:
            raise OSError(code, os.strerror(code))
        return call(*args, **more)

    return wrapped


def until_stopped(step: Callable[[int], object], message: str) -> int:
    """How often a step can be done before it says that it is stopped, and why."""
    for n in range(1000):
        try:
            step(n)
        except StoppedError as error:
            if message not in str(error):
                raise
            return n
    raise AssertionError("it was never stopped")


def payloads(folder: Path) -> list[bytes]:
    return [record.payload for record in read(folder)]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_failed_flush_ends_the_journal_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, code: int) -> None:
    monkeypatch.setattr("ninefold.journal.journal._datasync", failing(os.fdatasync, at, code))
    journal = Journal(tmp_path)
    kept = [b"%d" % n for n in range(at - 1)]
    assert until_stopped(lambda n: journal.append([b"%d" % n]).result(), "disk") == len(kept)
    with pytest.raises(StoppedError, match="takes no more rows"):
        journal.append([b"more"]).result()
    assert journal.stopped
    journal.close()
    assert payloads(tmp_path) == kept
    Journal(tmp_path).close()
    assert payloads(tmp_path) == kept


@pytest.mark.parametrize("at", range(1, 8))
def test_a_failed_write_at_any_place_loses_nothing_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    journal, kept = Journal(tmp_path, max_bytes=60), []
    monkeypatch.setattr(os, "write", failing(os.write, at, errno.ENOSPC))
    for n in range(9):
        try:
            journal.append([b"%d" % n]).result()
        except StoppedError:
            break
        kept.append(b"%d" % n)
    journal.close()
    assert len(kept) < 9
    assert payloads(tmp_path)[: len(kept)] == kept
    assert len(payloads(tmp_path)) == len(kept)


@pytest.mark.parametrize("at", range(1, 9))
def test_a_failed_flush_of_a_commit_leaves_the_table_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    table = Lake(tmp_path).table("t")
    table.write(pl.DataFrame({"n": [0]}), txn=("app", 1))
    kept = [0]
    monkeypatch.setattr(os, "fsync", failing(os.fsync, at, errno.EIO))
    for n in (1, 2):
        try:
            table.write(pl.DataFrame({"n": [n]}), mode="append", txn=("app", n + 1))
        except StoppedError:
            break
        kept.append(n)
    found = LakeTable(table.where).read()["n"].to_list()
    assert found[: len(kept)] == kept
    assert len(kept) < 3
    # the one that failed may be there or not; a retry with its transaction makes it be there once
    table.write(pl.DataFrame({"n": [len(kept)]}), mode="append", txn=("app", len(kept) + 1))
    assert LakeTable(table.where).read()["n"].to_list() == [*kept, len(kept)]


def test_a_file_size_limit_stops_the_journal_clearly(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    journal.append([b"first"]).result()
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))  # Python ignores SIGXFSZ: writes fail with EFBIG
    try:
        kept = until_stopped(lambda n: journal.append([bytes(999)]).result(), "the disk is full")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    journal.close()
    assert len(payloads(tmp_path)) == kept + 1


@pytest.fixture
def small_disk(disk_of: Callable[[str], Path]) -> Path:
    return disk_of("2m")


def test_a_full_disk_stops_the_lake_and_loses_nothing(small_disk: Path) -> None:
    table = Lake(small_disk).table("t")
    rows = pl.DataFrame({"text": [os.urandom(16).hex() for _ in range(5000)]})
    kept = until_stopped(lambda n: table.write(rows, mode="append"), "the disk is full")
    assert kept > 1
    assert LakeTable(table.where).read().height == kept * 5000


def test_a_full_disk_stops_the_journal_and_loses_nothing(small_disk: Path) -> None:
    journal = Journal(small_disk / "journal", max_bytes=300_000)
    kept = until_stopped(lambda n: journal.append([bytes(10_000)]).result(), "the disk is full")
    journal.close()
    assert kept > 100
    assert len(payloads(small_disk / "journal")) == kept


def filled(folder: Path, left: int) -> Path:
    """A file that leaves so many bytes of the disk."""
    free = os.statvfs(folder)
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - left)
    return ballast


@pytest.mark.parametrize("left", [4096, 16_384, 65_536, 131_072])
def test_a_ledger_that_does_not_fit_says_so_and_is_made_when_there_is_space(small_disk: Path, tmp_path: Path, left: int) -> None:
    ballast, url = filled(small_disk, left), f"sqlite:///{small_disk}/home/ledger.db"
    with pytest.raises((StoppedError, OSError), match=r"full|space") as told:
        Ledger.open(url, anchors=tmp_path).close()
    assert isinstance(told.value, OSError) or "free some space" in told.value.hint
    ballast.unlink()
    with Ledger.open(url, anchors=tmp_path) as ledger:
        assert (ledger.record("a.x", "p/t").seq, ledger.verify().ok) == (1, True)


def test_a_full_disk_stops_the_ledger_and_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{small_disk}/home/ledger.db", anchors=tmp_path) as ledger:
        kept = until_stopped(lambda n: ledger.record("a.x", "p/t", {"n": n, "text": "x" * 20_000}), "the disk is full")
    # it closes, though the last checkpoint did not fit
    (small_disk / "home" / "ledger.db-shm").unlink(missing_ok=True)
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    with Ledger.open(f"sqlite:///{small_disk}/home/ledger.db", anchors=tmp_path) as ledger:
        assert [fact.body["n"] for fact in ledger.facts(kind="a.x")] == list(range(kept))
        assert ledger.verify().ok


def test_a_backup_onto_a_full_disk_says_which_disk(small_disk: Path, tmp_path: Path) -> None:
    filled(small_disk, 65_536)
    with Ledger.open(f"sqlite:///{tmp_path}/home/ledger.db", anchors=tmp_path) as ledger:
        ledger.record("a.x", "p/t")
        with pytest.raises(StoppedError, match=r"disk-2m.*full"):
            backup(ledger, small_disk / "copy")


def test_a_ledger_that_another_program_locks_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/home/ledger.db", anchors=tmp_path) as ledger:
        ledger.record("a.x", "p/t")
        connect = sqlite3.connect
        monkeypatch.setattr(sqlite3, "connect", lambda *a, **more: connect(*a, **{**more, "timeout": 0.1}))
        with Ledger.open(ledger.driver.url, anchors=tmp_path) as second:
            other = connect(tmp_path / "home" / "ledger.db", isolation_level=None)
            other.execute("begin immediate")
            with pytest.raises(BusyError, match="locked"):
                second.record("a.x", "p/t")
            other.close()
            assert second.record("a.x", "p/t").seq == 2


def test_a_ledger_that_cannot_be_signed_while_another_program_locks_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **more: connect(*a, **{**more, "timeout": 0.1}))
    with Ledger.open(f"sqlite:///{tmp_path}/home/ledger.db", anchors=tmp_path) as ledger:
        ledger.record("a.x", "p/t")
        other = connect(tmp_path / "home" / "ledger.db", isolation_level=None)
        other.execute("begin immediate")
        with pytest.raises(BusyError, match="locked"):
            ledger.checkpoint()
        time.sleep(1.5)  # the writer's own turn to sign has come, and found it locked
        other.close()
        assert ledger.submit(lambda tx: tx.fact("a.x", "p/t")).result(5) is None
