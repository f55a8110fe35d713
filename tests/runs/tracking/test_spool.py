"""A spool at its limits: full, on a full disk, left by a dead process."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from arriving import Arrived
from live import Live

from ninefold.errors import StoppedError, UsageError
from ninefold.journal import Record, read
from ninefold.journal.direct import DirectJournal
from ninefold.journal.follow import Follower
from ninefold.runs.tracking import folder as spools
from ninefold.runs.tracking.sender import Sender
from ninefold.runs.tracking.spool import Spool
from ninefold.runs.tracking.waiting import deliver_left


@pytest.fixture
def small_disk(disk_of: Callable[[str], Path]) -> Path:
    return disk_of("1m")


def test_a_full_disk_is_told_once_and_the_script_goes_on(script: Any, tmp_path: Path, small_disk: Path) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    place = tmp_path / "server"
    place.mkdir()
    done = script(
        """
        import time
        with nf.track("churn", name="full") as run:
            for step in range(20_000):  # about 2 MB, and the disk has 1
                run.log(loss=step, step=step)
            run.params(rate=0.1)
            print("full", flush=True)
            sys.stdin.readline()
        """,
        NINEFOLD_URI=f"http://127.0.0.1:{port}",
        NINEFOLD_SPOOL=str(small_disk),
    )
    assert done.stdout.readline() == "full\n"
    with Live(place, "--port", str(port)):
        _, errors = done.communicate("\n", timeout=60)
        assert done.returncode == 0 and errors.count("is lost") == 1
    with Arrived(place / ".ninefold") as arrived:
        (one,) = arrived.all()
        values = arrived.values(one.run.id, "loss")
        assert one.run.status == "done" and one.params == {"rate": "0.1"} and "were lost" in one.tags["incomplete"]
        assert 1000 < len(values) < 20_000 and set(values) == set(range(len(values)))  # what was kept is the beginning
    assert list(small_disk.iterdir()) == []


def test_a_spool_keeps_what_its_limit_lets_it_and_what_is_needed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, target="t", limit=5000)
    kept = sum(spool.add("r", b"x" * 100) for _ in range(100))
    assert 30 < kept < 50 and spool.lost == {"r": 100 - kept} and spool.add("r", b"end", needed=True)
    spool.delivered(4000)
    assert spool.add("r", b"x" * 100) and spool.last == kept + 2
    spool.close()


class Taking:
    """A target that remembers."""

    name = "here"

    def __init__(self, wrong: Callable[[list[bytes]], bool] = lambda _: False) -> None:
        self.entries: list[tuple[int, bytes]] = []
        self.lost: list[tuple[int, dict[str, int]]] = []  # after how many entries, and what
        self.wrong = wrong

    def deliver(self, spool: str, first: int, entries: Any, lost: Any) -> Any:
        from ninefold.runs.tracking.operations import Receipt

        if self.wrong(list(entries)):
            raise UsageError("these cannot be read")
        self.entries += enumerate(entries, first)
        if lost:
            self.lost.append((len(self.entries), dict(lost)))
        return Receipt(self.entries[-1][0] if self.entries else 0)


def test_a_spool_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path, target="t")
    spool.add("r", b"{}")
    with spools.owned(spool.folder) as ours:
        assert not ours
    spool.close()
    with spools.owned(spool.folder) as ours:
        assert ours and spools.about(spool.folder) == spool.about
    taking = Taking()
    sender = Sender(spool.folder, taking)  # type: ignore[arg-type]
    assert sender.send() and not sender.send() and taking.entries == [(1, b"{}")]
    sender.close()


def test_what_a_full_disk_lost_is_told_by_who_delivers_the_rest(small_disk: Path) -> None:
    spool = Spool(small_disk, target="t")
    kept = sum(spool.add("r", b"x" * 1000) for _ in range(1500))
    assert 500 < kept < 1100
    spool.close()
    taking = Taking()
    assert deliver_left(small_disk, taking).count == 1  # type: ignore[arg-type]
    assert taking.lost == [(kept, {"r": 1500 - kept})] and len(taking.entries) == kept and spools.left(small_disk) == []


def test_an_entry_that_cannot_be_read_counts_as_lost(tmp_path: Path) -> None:
    spool = Spool(tmp_path, target="t")
    for entry in (b'{"run":"r"}', b'{"run":"r","bad":1}', b'{"run":"r"}'):
        spool.add("r", entry)
    spool.close()
    taking = Taking(lambda entries: any(b"bad" in entry for entry in entries))
    assert deliver_left(tmp_path, taking).count == 1  # type: ignore[arg-type]
    assert [number for number, _ in taking.entries] == [1, 3] and taking.lost == [(2, {"r": 1})]


def test_a_target_that_reads_nothing_at_all_gets_nothing_and_loses_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, target="t")
    spool.add("r", b'{"run":"r"}')
    spool.close()
    assert ["cannot be read" in one.why for one in deliver_left(tmp_path, Taking(lambda _: True)).kept] == [True]  # type: ignore[arg-type]
    taking = Taking()
    assert deliver_left(tmp_path, taking).count == 1 and len(taking.entries) == 1  # type: ignore[arg-type]


def test_a_direct_journal_rotates_and_its_follower_clears_behind_it(tmp_path: Path) -> None:
    journal, follower = DirectJournal(tmp_path, max_bytes=2000), Follower(tmp_path)
    seen: list[bytes] = []
    for n in range(200):
        journal.append(b"%d" % n * 10)
        if n % 7 == 0:
            seen += [piece.payload for piece in follower.take(1 << 20)]
            follower.done()
    journal.close()
    while pieces := follower.take(100):
        seen += [piece.payload for piece in pieces]
    follower.done()
    assert seen == [b"%d" % n * 10 for n in range(200)] and list(tmp_path.glob("*.seg")) == []
    with pytest.raises(StoppedError, match="closed"):
        journal.append(b"x")
    follower.close()


def test_a_torn_end_is_no_row(tmp_path: Path) -> None:
    journal = DirectJournal(tmp_path)
    journal.append(b"whole")
    journal.flush()
    (open_,) = tmp_path.glob("*.open")
    with open_.open("ab") as file:
        file.write(b"\x10\0\0\0half")
    assert [piece.payload for piece in Follower(tmp_path).take(100)] == [b"whole"]
    journal.abandon()
    records: list[Record] = list(read(tmp_path))
    assert [record.payload for record in records] == [b"whole"]
