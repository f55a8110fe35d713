"""The ledger under faults: killed, short of disk, with a failing fsync, with several processes."""

import errno
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ninefold.errors import StoppedError
from ninefold.ledger import Ledger
from ninefold.ledger.sqlite import SQLiteWriter

WRITER = """
import sys
from pathlib import Path
from ninefold.ledger import Ledger
ledger = Ledger.open(sys.argv[1], actor=sys.argv[2], anchors=Path(sys.argv[3]))
for i in range(int(sys.argv[4])):
    print(ledger.record("a.x", f"p/t@{i}", {"i": i}).seq, flush=True)
ledger.close()
"""


def start(ledger: Ledger, name: str, anchors: Path, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, ledger.driver.url, name, str(anchors), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(f"sqlite:///{tmp_path}/home/ledger.db", anchors=tmp_path / "anchors")


def test_three_processes_take_turns(ledger: Ledger, tmp_path: Path) -> None:
    writers = [start(ledger, f"w{i}", tmp_path / "anchors", 60) for i in range(3)]
    seqs = [int(line) for writer in writers for line in writer.communicate(timeout=60)[0].split()]
    assert sorted(seqs) == list(range(1, 181))
    assert {fact.actor for fact in ledger.facts()} == {"w0", "w1", "w2"}
    assert ledger.verify().ok


def test_a_waiting_process_gets_its_turn_beside_a_busy_one(ledger: Ledger, tmp_path: Path) -> None:
    busy = start(ledger, "busy", tmp_path / "anchors", 10**6)
    try:
        assert busy.stdout is not None
        busy.stdout.readline()
        waits = []
        for i in range(30):
            began = time.monotonic()
            ledger.record("b.x", f"p/t@{i}")
            waits.append(time.monotonic() - began)
        assert sorted(waits)[15] < 0.25  # SQLite's own waiting starves for seconds here
    finally:
        busy.kill()
        busy.communicate()


def _write_until_killed(url: str, anchors: Path, pipe: int) -> None:
    ledger = Ledger.open(url, anchors=anchors)
    while True:
        futures = [ledger.submit(lambda tx: tx.fact("a.x", "p/t")) for _ in range(8)]
        for future in futures:
            future.result()
        os.write(pipe, b"........")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_kill_9_loses_nothing_acknowledged(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record("a.x", "p/t")
    ledger.close()
    acknowledged, chance = 1, random.Random(25)
    for _ in range(25):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:  # a warm process: no imports to wait for
            try:
                _write_until_killed(ledger.driver.url, tmp_path / "anchors", write)
            finally:
                os._exit(1)
        os.close(write)
        acknowledged += len(os.read(read, 65536))  # it has begun
        time.sleep(chance.random() * 0.05)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while chunk := os.read(read, 65536):
            acknowledged += len(chunk)
        os.close(read)
        with Ledger.open(ledger.driver.url, anchors=tmp_path / "anchors") as opened:
            assert opened.head() >= acknowledged
            acknowledged = opened.head()
    with Ledger.open(ledger.driver.url, anchors=tmp_path / "anchors") as opened:
        report = opened.verify()
    assert report.ok, report.problems
    assert report.facts == acknowledged > 25 * 8


def test_a_full_disk_stops_writes_and_harms_nothing(ledger: Ledger) -> None:
    ledger.record("a.x", "p/t", {"kept": True})
    room = [True]

    def fills(tx: object) -> None:
        session = tx._group._session  # type: ignore[attr-defined]
        pages = session.connection.execute("pragma page_count").fetchone()[0]
        session.connection.execute(f"pragma max_page_count = {pages}")  # SQLite's own full disk: SQLITE_FULL from the pager
        tx.fact("a.x", "p/t", {"text": "x" * 50_000})  # type: ignore[attr-defined]
        room[0] = False

    with pytest.raises(StoppedError, match="the disk is full"):
        ledger.write(fills)
    assert [fact.body for fact in ledger.facts()] == [{"kept": True}]
    ledger.write(lambda tx: tx._group._session.connection.execute("pragma max_page_count = 1000000").close())
    assert ledger.record("a.x", "p/t").seq == 2  # space came back: it goes on
    assert ledger.verify().ok


def test_a_failed_fsync_is_final(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.record("a.x", "p/t")

    def fails(self: SQLiteWriter) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC  # type: ignore[misc]
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(SQLiteWriter, "commit", fails)
        with pytest.raises(StoppedError, match="the disk failed"):
            ledger.record("a.x", "p/t")
    with pytest.raises(StoppedError, match="read-only"):  # also after the disk says that it is well again
        ledger.record("a.x", "p/t")
    assert [fact.seq for fact in ledger.facts()] == [1]
    ledger.close()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed: a real failing fsync cannot be injected")
def test_a_real_failing_fsync_stops_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from ninefold.errors import StoppedError
from ninefold.ledger import Ledger
ledger, said = Ledger.open(sys.argv[1], anchors=Path(sys.argv[2])), 0
try:
    while said < 50:
        said = ledger.record("a.x", "p/t").seq
except StoppedError as error:
    print(said, error, flush=True)
"""
    inject = ["strace", "-f", "-qq", "-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO:when=12+", "-o", os.devnull]
    done = subprocess.run(
        [*inject, sys.executable, "-c", code, ledger.driver.url, str(tmp_path / "anchors")], capture_output=True, text=True, check=False
    )
    if "ptrace" in done.stderr:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()}")
    said, text = done.stdout.split(" ", 1)
    assert "disk" in text
    assert ledger.head() >= int(said) > 0
    assert ledger.verify().ok


def test_an_unwritable_anchor_does_not_stop_the_work(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(self: object, anchor: object) -> None:
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr("ninefold.ledger.checkpoint.AnchorFile.add", refuses)
    ledger.record("a.x", "p/t")
    ledger.close()
    with Ledger.open(ledger.driver.url, anchors=tmp_path / "anchors") as opened:
        report = opened.verify()
    assert (report.ok, report.signed) == (True, 1)
    assert "no anchor" in report.notes[0]
