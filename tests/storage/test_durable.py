import errno
import os
import threading
import time
from multiprocessing import get_context
from pathlib import Path

import pytest

from ninefold.errors import ConflictError, StoppedError
from ninefold.storage import FileLock, durable


def test_a_file_is_flushed_renamed_and_its_folder_flushed_in_that_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    kind = {True: "folder", False: "file"}
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (calls.append(f"fsync {kind[os.path.isdir(f'/proc/self/fd/{fd}')]}"), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("rename"), replace(a, b)))
    durable.write(tmp_path / "a", b"1")
    assert calls == ["fsync file", "rename", "fsync folder"]


def test_new_folders_are_flushed_into_their_parents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (flushed.append(os.readlink(f"/proc/self/fd/{fd}")), fsync(fd)))
    durable.write(tmp_path / "a" / "b" / "c", b"1")
    assert flushed[:2] == [str(tmp_path), str(tmp_path / "a")]
    assert flushed[-1] == str(tmp_path / "a" / "b")


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_failed_call_stops_and_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int) -> None:
    durable.write(tmp_path / "a", b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, lambda *args, **more: (_ for _ in ()).throw(OSError(code, os.strerror(code))))
        with pytest.raises(StoppedError, match="disk"):
            durable.write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_short_writes_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:3]))
    durable.write(tmp_path / "a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def test_create_keeps_what_is_there(tmp_path: Path) -> None:
    durable.write(tmp_path / "a", b"old", create=True)
    with pytest.raises(ConflictError, match="is there already"):
        durable.write(tmp_path / "a", b"new", create=True)
    assert os.listdir(tmp_path) == ["a"]


def test_a_mode_can_keep_others_out(tmp_path: Path) -> None:
    durable.write(tmp_path / "key", b"secret", mode=0o600)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def _hold(path: Path, ready: object) -> None:
    FileLock(path).acquire(who="the other")
    ready.set()  # type: ignore[attr-defined]
    time.sleep(60)


def test_a_lock_of_another_process_names_its_holder_and_dies_with_it(tmp_path: Path) -> None:
    context = get_context("fork")
    ready = context.Event()
    process = context.Process(target=_hold, args=(tmp_path / "lock", ready))
    process.start()
    assert ready.wait(10)
    lock = FileLock(tmp_path / "lock")
    holder = lock.holder()
    assert holder is not None
    assert (holder.pid, holder.who) == (process.pid, "the other")
    assert not lock.acquire(0.01)
    process.kill()
    process.join()
    assert lock.acquire(5)


def test_a_lock_excludes_threads_with_their_own_objects(tmp_path: Path) -> None:
    inside, most = [0], [0]

    def work() -> None:
        for _ in range(20):
            with FileLock(tmp_path / "lock"):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.0005)
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1


def test_a_forked_child_does_not_keep_its_parents_lock(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    lock.acquire()
    child = get_context("fork").Process(target=time.sleep, args=(60,))
    child.start()
    lock.release()
    assert FileLock(tmp_path / "lock").acquire(5)
    child.kill()
    child.join()


def test_shared_holders_stand_side_by_side(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock", shared=True), FileLock(tmp_path / "lock", shared=True):
        assert not FileLock(tmp_path / "lock").acquire(0)
