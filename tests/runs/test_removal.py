"""Removing for good: only what was deleted long ago, all of it, and no file that somebody else needs."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.errors import NotFoundError
from ninefold.ledger import Ledger, Tx
from ninefold.models.registry import Registry
from ninefold.runs import Experiments, Point, Runs, contents, removal
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


def test_a_content_that_is_removed_while_another_file_gets_it_is_there_afterwards(runs: Runs, ledger_url: str, tmp_path: Path) -> None:
    run, other = runs.start("p", "e"), runs.start("p", "e")
    digest = runs.add_artifact(run.id, "a.txt", b"both").digest
    runs.remove(run.id)
    seen, home = threading.Event(), tmp_path / "home"

    def slowly(tx: Tx, digest: str) -> None:
        contents.settle(tx, digest)
        seen.set()
        time.sleep(0.2)  # another server stores the same meanwhile

    def put() -> None:
        seen.wait()
        with Ledger.open(ledger_url, home=home, anchors=tmp_path / "anchors") as ledger:
            Runs(ledger, blobs(runs), "p").add_artifact(other.id, "a.txt", b"both")

    thread = threading.Thread(target=put)
    thread.start()
    runs.ledger.write(lambda tx: (slowly(tx, digest), tx.execute("delete from artifacts"), contents.drop(tx, digest)))
    thread.join()
    assert runs.read_artifact(other.id, "a.txt") == b"both"


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
