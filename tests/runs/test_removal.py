"""Removing for good: only what was deleted long ago, all of it, and no file that somebody else needs."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from ninefold.errors import NotFoundError
from ninefold.ledger import Ledger, Tx
from ninefold.models.registry import Registry
from ninefold.runs import Experiments, Point, Runs, artifacts, contents, removal
from ninefold.runs.removal import remove_for_good
from ninefold.storage.blobs import Blobs
from ninefold.storage.local import LocalStore


@pytest.fixture
def runs(ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    monkeypatch.setattr(removal, "UNUSED", 0.0)
    with Ledger.open(ledger_url, home=tmp_path / "home", anchors=tmp_path / "anchors") as ledger:
        yield Runs(ledger, Blobs(LocalStore(tmp_path / "blobs")), "p")


def gone(runs: Runs, older: int = 0) -> removal.Removed:
    return remove_for_good(runs.ledger, blobs(runs), "p", older=older)


def blobs(runs: Runs) -> Blobs:
    store = runs._blobs
    assert store is not None
    return store


def rows(runs: Runs, table: str) -> int:
    row = runs.ledger.one(f"select count(*) as n from {table}")
    assert row is not None
    return int(row["n"])


def test_a_deleted_run_goes_with_everything_and_the_others_stay(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "_PART", 3)
    for _ in range(2):
        run = runs.start("p", "e", params={"a": 1}, tags={"b": "c"})
        runs.log_points(run.id, [Point("loss", 0.5, step, 1) for step in range(10)])
        runs.add_artifact(run.id, "shared.txt", b"shared")
        runs.add_artifact(run.id, "own.txt", run.id.encode())
        runs.add_artifact(run.id, "large.txt", run.id.encode() * 1000)
    runs.remove(run.id)
    removed = gone(runs)
    assert (removed.runs, removed.files, removed.contents, removed.bytes) == (1, 3, 2, 36_036)
    assert [rows(runs, t) for t in ("runs", "params", "tags", "series", "points", "artifacts", "contents")] == [1, 1, 1, 1, 10, 3, 2]
    with pytest.raises(NotFoundError):
        runs.get(run.id)
    assert runs.ledger.last("run.removed", f"p/run/{run.id}") is not None
    assert len(list(blobs(runs).store.list())) == 1


def test_what_was_deleted_just_now_or_restored_stays(runs: Runs) -> None:
    run = runs.start("p", "e")
    runs.remove(run.id)
    assert gone(runs, older=3_600_000_000).runs == 0
    runs.restore(run.id)
    assert gone(runs).runs == 0
    assert runs.get(run.id).state == "active"


def test_a_removal_that_was_cut_off_is_finished_by_the_next(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.start("p", "e")
    runs.log_points(run.id, [Point("loss", 0.5, step, 1) for step in range(10)])
    runs.remove(run.id)
    with monkeypatch.context() as cut:
        cut.setattr(removal._Removal, "_points", lambda self: None)
        gone(runs)
    with pytest.raises(NotFoundError):
        runs.restore(run.id)
    other = runs.start("p", "e")
    runs.log(other.id, {"loss": 1.0})
    gone(runs)
    assert (rows(runs, "runs"), rows(runs, "points"), runs.metrics(other.id)) == (1, 1, {"loss": 1.0})


def test_a_file_that_a_step_or_a_fact_names_keeps_its_content(runs: Runs) -> None:
    run = runs.start("p", "e")
    kept = [runs.add_artifact(run.id, name, name.encode() * length).digest for name, length in (("step", 9000), ("fact", 1))]
    runs.ledger.record("x.y", "p/x", {"report": kept[1]})
    step = {"key": "k", "project": "p", "name": "s", "content": "c", "ref": f'{{"blob":"{kept[0]}"}}', "parts": "{}", "at": 1}
    runs.ledger.write(lambda tx: tx.add("steps", [step]))
    runs.remove(run.id)
    assert (gone(runs).files, gone(runs).contents, blobs(runs).has(kept[0]), rows(runs, "contents")) == (2, 0, True, 1)


def test_a_content_that_is_removed_while_another_server_stores_it_is_there_afterwards(
    runs: Runs, ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, other = runs.start("p", "e"), runs.start("p", "e")
    runs.add_artifact(run.id, "a.txt", b"both")
    runs.remove(run.id)
    seen, settle = threading.Event(), contents.settle

    def slowly(tx: Tx) -> None:
        settle(tx)
        seen.set()
        time.sleep(0.2)  # the other server stores the same meanwhile

    monkeypatch.setattr(contents, "settle", slowly)
    with Ledger.open(ledger_url, home=tmp_path / "home", anchors=tmp_path / "anchors") as beside:
        theirs = Runs(beside, blobs(runs), "p")
        theirs.set_tags(other.id, {"ready": "yes"})
        thread = threading.Thread(target=lambda: seen.wait() and theirs.add_artifact(other.id, "a.txt", b"both"))
        thread.start()
        assert gone(runs).contents == 1
        thread.join()
    assert runs.read_artifact(other.id, "a.txt") == b"both"


def test_a_content_that_is_stored_while_it_is_removed_stays(runs: Runs, ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, other = runs.start("p", "e"), runs.start("p", "e")
    runs.add_artifact(run.id, "a.txt", b"both")
    runs.remove(run.id)
    seen, keep = threading.Event(), contents.keep

    def slowly(tx: Tx, content: contents.Content) -> None:
        keep(tx, content)
        seen.set()
        time.sleep(0.2)  # the other server removes it meanwhile

    monkeypatch.setattr(artifacts, "keep", slowly)
    with Ledger.open(ledger_url, home=tmp_path / "home", anchors=tmp_path / "anchors") as beside:
        theirs = Runs(beside, blobs(runs), "p")
        theirs.set_tags(other.id, {"ready": "yes"})
        thread = threading.Thread(target=lambda: theirs.add_artifact(other.id, "a.txt", b"both"))
        thread.start()
        seen.wait()
        assert gone(runs).contents == 0
        thread.join()
    assert runs.read_artifact(other.id, "a.txt") == b"both"


def test_servers_that_store_the_same_contents_do_not_wait_for_each_other(runs: Runs, ledger_url: str, tmp_path: Path) -> None:
    names = [f"{n}.txt" for n in range(6)]
    ours = runs.start("p", "e").id
    for name in names:
        runs.add_artifact(ours, name, name.encode())
    with ExitStack() as stack:
        open_ = lambda: Ledger.open(ledger_url, home=tmp_path / "home", anchors=tmp_path / "anchors")  # noqa: E731
        servers = [Runs(stack.enter_context(open_()), blobs(runs), "p") for _ in range(2)]
        pool = stack.enter_context(ThreadPoolExecutor(8))
        started = [server.start("p", "e").id for server in servers]
        begun = time.perf_counter()
        done = []
        for turn in range(20):
            for server, run, order in zip(servers, started, (names, names[::-1]), strict=True):
                done += [pool.submit(server.add_artifact, run, f"{turn}/{name}", name.encode()) for name in order]
        for each in done:
            each.result()
    assert time.perf_counter() - begun < 5  # a deadlock is noticed after a second, and each has to begin again


@pytest.mark.parametrize("size", [4, 20_000])
def test_what_was_replaced_or_deleted_goes_too(runs: Runs, size: int) -> None:
    run = runs.start("p", "e")
    for text in (b"first", b"second", b"third"):
        runs.add_artifact(run.id, "replaced.txt", text * size)
    runs.add_artifact(run.id, "folder/deleted.txt", b"deleted" * size)
    files, folder = runs._files(run.id, "folder")
    files.delete(f"{folder}/folder")
    assert [gone(runs).contents for _ in range(2)] == [3, 0]
    assert runs.read_artifact(run.id, "replaced.txt") == b"third" * size
    assert (rows(runs, "contents") + len(list(blobs(runs).store.list())), rows(runs, "loose")) == (1, 0)


def test_contents_of_a_removal_that_was_cut_off_go_with_the_next(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.start("p", "e")
    runs.add_artifact(run.id, "a.txt", b"small")
    runs.add_artifact(run.id, "b.txt", b"large" * 9000)
    runs.remove(run.id)
    with monkeypatch.context() as patch:
        patch.setattr(contents, "settle", interrupted)
        with pytest.raises(KeyboardInterrupt):
            gone(runs)
    assert rows(runs, "loose") == 2
    assert (gone(runs).contents, rows(runs, "contents"), rows(runs, "loose"), list(blobs(runs).store.list())) == (2, 0, 0, [])


def interrupted(tx: Tx) -> None:
    raise KeyboardInterrupt


def test_a_blob_that_came_just_now_goes_another_time(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.start("p", "e")
    runs.add_artifact(run.id, "b.txt", b"large" * 9000)
    runs.remove(run.id)
    with monkeypatch.context() as patch:
        patch.setattr(removal, "UNUSED", 3600.0)
        assert gone(runs).contents == 0
    assert gone(runs).contents == 1


def test_files_of_a_registered_version_stay(runs: Runs) -> None:
    run = runs.start("p", "e")
    for path in ("model/model.txt", "notes.txt"):
        runs.add_artifact(run.id, path, path.encode())
    registry = Registry(runs.ledger, "p")
    registry.create("m")
    registry.register("m", f"runs:/{run.id}/model", run=run.id)
    runs.remove(run.id)
    removed = gone(runs)
    assert (removed.files, removed.kept, rows(runs, "artifacts")) == (1, 1, 1)


def test_a_deleted_experiment_goes_when_nothing_is_in_it(runs: Runs) -> None:
    experiments = Experiments(runs.ledger, "p")
    run = runs.start("p", "e")
    number = runs.get(run.id).experiment
    experiments.remove(number)
    removed = gone(runs)
    assert (removed.runs, removed.experiments) == (1, 1)
    assert experiments.find("e") is None
