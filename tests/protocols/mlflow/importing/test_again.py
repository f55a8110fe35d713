"""Called again: it goes on where it stopped, doubles nothing, brings what changed, and never writes over what came otherwise."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.errors import ConflictError
from ninefold.ledger import Ledger
from ninefold.project.home import Home
from ninefold.protocols.mlflow.importing.bring import Import
from ninefold.protocols.mlflow.importing.folder import Folder
from ninefold.protocols.mlflow.importing.roots import Roots
from ninefold.protocols.mlflow.importing.verify import bring
from ninefold.runs.artifacts import Files
from ninefold.runs.experiments import Experiments
from ninefold.runs.pasts.history import PastRun, PointRow
from ninefold.runs.records import Runs

from .conftest import RUN, Bring, write

_COUNTS = "select (select count(*) from runs), (select count(*) from points), (select count(*) from artifacts), (select count(*) from experiments)"


class Cut(Folder):
    """A folder whose reader is cut off between two metrics of a run."""

    def points(self, run: PastRun) -> Iterator[tuple[str, list[PointRow]]]:
        for number, found in enumerate(super().points(run)):
            if number == 1:
                raise KeyboardInterrupt
            yield found


def test_the_same_again_is_the_same_once(brought: Bring, mlruns: Path, ledger: Ledger) -> None:
    brought(mlruns)
    before, facts = tuple(ledger.one(_COUNTS) or ()), ledger.head()
    rows, _ = brought(mlruns)
    assert tuple(ledger.one(_COUNTS) or ()) == before and ledger.head() == facts
    assert not any(row.differ for row in rows.values())


def test_what_was_cut_off_goes_on(brought: Bring, mlruns: Path, ledger: Ledger, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ninefold.protocols.mlflow.importing.bring._AT_ONCE", 1)  # each metric in a transaction of its own
    with pytest.raises(KeyboardInterrupt):
        bring(Import(Cut(mlruns, Roots([str(mlruns)])), files))
    half = ledger.one("select count(*) as n from points")
    assert half is not None and 0 < half["n"] < 5
    rows, _ = brought(mlruns)
    assert (rows["points"].there, rows["points"].here, rows["points"].differ) == (5, 5, 0)
    assert len(ledger.facts(kind="run.imported")) == 1


def test_what_changed_there_comes_again(brought: Bring, mlruns: Path, ledger: Ledger) -> None:
    brought(mlruns)
    write(mlruns / "7" / RUN, metrics__loss="1000 0.5 0\n2000 0.25 1\n3000 0.125 2\n", tags__more="x")
    rows, _ = brought(mlruns)
    assert rows["points"].differ == 0 and Runs(ledger).metrics(RUN)["loss"] == 0.125 and Runs(ledger).tags(RUN)["more"] == "x"


def test_what_was_changed_here_stays(brought: Bring, mlruns: Path, ledger: Ledger) -> None:
    brought(mlruns)
    Runs(ledger).set_tags(RUN, {"note": "ours"})
    rows, _ = brought(mlruns)
    assert Runs(ledger).tags(RUN)["note"] == "ours" and not any(row.differ for row in rows.values())


def test_the_same_tracker_under_another_address_is_the_same(brought: Bring, mlruns: Path, ledger: Ledger) -> None:
    brought(mlruns)
    before = tuple(ledger.one(_COUNTS) or ())
    moved = mlruns.rename(mlruns.with_name("moved"))
    rows, _ = brought(moved)
    assert tuple(ledger.one(_COUNTS) or ()) == before and not any(row.differ for row in rows.values())


def test_a_name_that_is_taken_asks_for_a_prefix(brought: Bring, mlruns: Path, ledger: Ledger) -> None:
    Runs(ledger).start("flights", "trees: oak")
    with pytest.raises(ConflictError, match="with other runs") as told:
        brought(mlruns)
    assert "--prefix" in told.value.hint
    brought(mlruns, prefix="old-")
    assert Experiments(ledger, "flights").find("old-trees: oak") is not None


def test_a_run_of_ours_is_never_written_over(brought: Bring, mlruns: Path, ledger: Ledger) -> None:
    Runs(ledger).start("flights", "own", id=RUN)
    with pytest.raises(ConflictError, match="was not imported"):
        brought(mlruns)
    assert Runs(ledger).params(RUN) == {}


def test_files_that_were_left_out_come_when_they_may_be_read(brought: Bring, old_database: Path, tmp_path: Path, files: Files) -> None:
    kept = tmp_path / "kept"
    write(kept / "1" / "r1", artifacts__a="x")
    brought(f"sqlite:///{old_database}", with_files=False)
    rows, source = brought(f"sqlite:///{old_database}", artifacts=[kept])
    assert (rows["files"].there, rows["files"].here) == (1, 1) and files.read("1/r1/artifacts/a") == b"x"
    assert [what for what, _ in source.skipped] == ["/gone/1/r2/artifacts"]


def test_a_default_experiment_takes_what_others_have_in_theirs(brought: Bring, old_database: Path, ledger: Ledger) -> None:
    Runs(ledger).start("flights", "Default")
    with sqlite3.connect(old_database) as connection:
        connection.execute("update runs set experiment_id = 0")
    connection.close()
    brought(f"sqlite:///{old_database}", with_files=False)
    assert Runs(ledger).get("r1").experiment == 0


def test_what_another_import_just_brought_is_no_conflict(
    brought: Bring, mlruns: Path, ledger: Ledger, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Import(Folder(mlruns, Roots([str(mlruns)])), files)
    brought(mlruns)
    before, remembered = tuple(ledger.one(_COUNTS) or ()), late.imports.all
    # what it knows of runs is from before the other one brought them
    monkeypatch.setattr(late.imports, "all", lambda kind: {} if kind == "run" else remembered(kind))
    late.run()
    assert tuple(ledger.one(_COUNTS) or ()) == before


def test_what_was_imported_into_another_project_says_so(brought: Bring, mlruns: Path, ledger: Ledger, own_home: Home) -> None:
    brought(mlruns)
    with pytest.raises(ConflictError, match="was imported into the project flights") as told:
        bring(Import(Folder(mlruns, Roots([str(mlruns)])), Files(ledger, own_home.blobs, "other")))
    assert "--to flights" in told.value.hint
