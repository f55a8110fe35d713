import asyncio
import os
import threading
from pathlib import Path

import pytest

from ninefold.errors import CorruptError, LimitError, StoppedError
from ninefold.journal import Journal, read, recover
from ninefold.journal.segment import HEADER, frame, sealed


def payloads(folder: Path, **options: bool) -> list[bytes]:
    return [record.payload for record in read(folder, **options)]


def left_by_a_dead_process(folder: Path, data: bytes) -> Path:
    """A segment as a killed writer leaves it: with nobody's lock on it."""
    folder.mkdir(exist_ok=True)
    path = folder / "00000000-0000-7000-8000-000000000000.open"
    path.write_bytes(b"9fold-j1" + path.stem.encode() + data)
    return path


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        for n in range(100):
            future = journal.append([b"%d" % n, b""])
        future.result()
    assert payloads(tmp_path) == [part for n in range(100) for part in (b"%d" % n, b"")]


def test_rows_are_seen_before_the_segment_is_sealed(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append([b"a"]).result()
        assert payloads(tmp_path) == [b"a"]
        assert payloads(tmp_path, include_open=False) == []


def test_a_full_segment_is_sealed_and_the_next_begins(tmp_path: Path) -> None:
    with Journal(tmp_path, max_bytes=1000) as journal:
        for n in range(10):
            journal.append([b"%300d" % n]).result()
    assert [path.name for path in sorted(tmp_path.glob("*.seg"))] == [f"{n:012d}.seg" for n in (1, 2, 3)]
    assert [int(payload) for payload in payloads(tmp_path)] == list(range(10))


def test_many_threads_share_few_flushes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushes = []
    real = os.fdatasync
    monkeypatch.setattr("ninefold.journal.journal._datasync", lambda fd: (flushes.append(fd), real(fd)))
    with Journal(tmp_path) as journal:
        futures = [journal.append([b"%d" % n]) for n in range(1000)]
        for future in futures:
            future.result()
    assert len(payloads(tmp_path)) == 1000
    assert len(flushes) < 500


def test_coroutines_of_one_turn_go_to_disk_together(tmp_path: Path) -> None:
    groups = []

    async def run(journal: Journal) -> None:
        real = journal._write
        journal._write = lambda framed: (groups.append(len(framed)), real(framed))[1]  # type: ignore[method-assign]
        await asyncio.gather(*(journal.append_async([b"%d" % n]) for n in range(64)))

    with Journal(tmp_path) as journal:
        asyncio.run(run(journal))
    assert groups == [64]
    assert len(payloads(tmp_path)) == 64


def test_two_event_loops_share_a_journal(tmp_path: Path) -> None:
    async def run(journal: Journal) -> None:
        for _ in range(50):
            await asyncio.gather(*(journal.append_async([b"x"]) for _ in range(4)))

    with Journal(tmp_path) as journal:
        threads = [threading.Thread(target=lambda: asyncio.run(run(journal))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(payloads(tmp_path)) == 400


def test_a_cancelled_waiter_takes_nobody_with_it(tmp_path: Path) -> None:
    async def run(journal: Journal) -> None:
        first, second = journal.append_async([b"a"]), journal.append_async([b"b"])
        first.cancel()
        await second

    with Journal(tmp_path) as journal:
        asyncio.run(run(journal))
    assert payloads(tmp_path) == [b"a", b"b"]


def test_the_fast_mode_flushes_within_its_interval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed = threading.Event()
    monkeypatch.setattr("ninefold.journal.journal._datasync", lambda fd: flushed.set())
    with Journal(tmp_path, mode="fast") as journal:
        journal.append([b"a"]).result()
        assert flushed.wait(1)


def test_reading_goes_on_where_it_stopped_also_after_sealing(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append([b"a"]).result()
        known = {record.segment: record.offset for record in read(tmp_path)}
        journal.append([b"b"]).result()
        journal.rotate()
        journal.append([b"c"]).result()
        assert [record.payload for record in read(tmp_path, after=known)] == [b"b", b"c"]


def test_a_torn_tail_is_cut_and_the_rest_kept(tmp_path: Path) -> None:
    left_by_a_dead_process(tmp_path, frame(b"kept") + frame(b"torn")[:-2])
    assert payloads(tmp_path) == [b"kept"]
    assert recover(tmp_path) == [1]
    assert payloads(tmp_path) == [b"kept"]


def test_zeros_after_the_last_row_are_a_torn_tail(tmp_path: Path) -> None:
    left_by_a_dead_process(tmp_path, frame(b"kept") + bytes(4096))
    Journal(tmp_path).close()
    assert payloads(tmp_path, include_open=False) == [b"kept"]


def test_the_segment_of_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append([b"a"]).result()
        assert recover(tmp_path) == []
        journal.append([b"b"]).result()
    assert payloads(tmp_path) == [b"a", b"b"]


@pytest.mark.parametrize("sealed", [True, False])
def test_a_damaged_row_in_the_middle_is_an_error_with_its_place(tmp_path: Path, sealed: bool) -> None:
    path = left_by_a_dead_process(tmp_path, frame(b"first") + frame(b"second"))
    if sealed:
        recover(tmp_path)
        path = tmp_path / "000000000001.seg"
    data = bytearray(path.read_bytes())
    data[HEADER + 9] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorruptError, match=rf"{path.name}: the journal is damaged at byte {HEADER}"):
        payloads(tmp_path)


def test_a_cut_sealed_segment_is_an_error(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append([b"first", b"second"]).result()
    path = tmp_path / "000000000001.seg"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CorruptError, match="damaged"):
        payloads(tmp_path)


def test_a_foreign_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "000000000001.seg").write_bytes(b"x" * 100)
    with pytest.raises(CorruptError, match="no journal segment"):
        payloads(tmp_path)


def test_a_row_that_is_too_large_is_refused_and_the_journal_goes_on(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        with pytest.raises(LimitError, match="larger than"):
            journal.append([bytes((64 << 20) + 1)])
        journal.append([b"a"]).result()
    assert payloads(tmp_path) == [b"a"]


def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.close()
    with pytest.raises(StoppedError, match="closed"):
        journal.append([b"a"]).result()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files by Linux's /proc")
def test_reading_that_ends_early_leaves_no_file_open(tmp_path: Path) -> None:
    for i in range(5):
        with Journal(tmp_path / "j") as journal:
            journal.append([str(i).encode()]).result()
    before = open_files()
    reading = read(tmp_path / "j")
    assert next(reading).payload == b"0"
    reading.close()
    assert open_files() == before


def test_an_append_cannot_be_taken_back(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        first = journal.append([b"1"])
        assert not first.cancel()
        journal.append([b"2"]).result(5)
    assert payloads(tmp_path) == [b"1", b"2"]


def test_a_stopped_journal_gives_its_rows_to_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal(tmp_path) as journal:
        journal.append([b"kept"]).result()
        with monkeypatch.context() as patch:
            patch.setattr("ninefold.storage.durable.write_all", lambda fd, data: (_ for _ in ()).throw(OSError(5, "no disk")))
            with pytest.raises(StoppedError):
                journal.append([b"refused"]).result()
    with Journal(tmp_path):
        assert len(sealed(tmp_path)) == 1
    assert payloads(tmp_path) == [b"kept"]
