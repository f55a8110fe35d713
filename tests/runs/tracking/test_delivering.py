"""Entries of a spool, applied once, in order; what cannot be applied holds up nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ninefold import clock
from ninefold.ledger import Ledger
from ninefold.runs import Experiments, Runs
from ninefold.runs.tracking.delivering import INCOMPLETE, KEPT, deliver
from ninefold.runs.tracking.operations import Begin, Delivery, End, Log, Operation, Params, Resume, Save, Tags
from ninefold.storage.blobs import Blobs
from ninefold.storage.local import LocalStore
from ninefold.units import HOUR


@pytest.fixture
def runs(tmp_path: Path, ledger_url: str) -> Iterator[Runs]:
    with Ledger.open(ledger_url, home=tmp_path / "home", anchors=tmp_path / "anchors") as ledger:
        yield Runs(ledger, Blobs(LocalStore(tmp_path / "blobs")), "shop")


def give(runs: Runs, *operations: Operation, first: int = 1, spool: str = "s", lost: dict[str, int] | None = None) -> Any:
    """Deliver as it travels: through JSON."""
    made = msgspec.json.encode(Delivery(spool, first, list(operations), lost or {}))
    return deliver(runs, "shop", msgspec.json.decode(made, type=Delivery))


def test_what_comes_again_changes_nothing(runs: Runs) -> None:
    entries = [Begin("r", "e", 1), Tags("r", {"a": "1"}), Tags("r", {"a": "2"}), End("r", "done", 5), Resume("r", 6), End("r", "failed", 7)]
    assert give(runs, *entries).applied == 6
    kinds = [f.kind for f in runs.ledger.facts()]
    assert kinds == ["experiment.created", "run.started", "run.done", "run.resumed", "run.failed"]
    assert give(runs, *entries[:2]).applied == 6 and give(runs, *entries).applied == 6
    assert [f.kind for f in runs.ledger.facts()] == kinds and runs.tags("r") == {"a": "2"} and runs.get("r").ended == 7
    # half of it is new
    assert give(runs, entries[5], Tags("r", {"b": "3"}), first=6).applied == 7
    assert runs.tags("r") == {"a": "2", "b": "3"} and [f.kind for f in runs.ledger.facts()] == kinds


def test_an_entry_that_cannot_be_applied_holds_up_nothing(runs: Runs) -> None:
    receipt = give(
        runs,
        Begin("r", "e", 1, params={"rate": "0.1"}),
        Params("r", {"rate": "0.2", "leaves": "31"}),
        Log("nobody", 0, 1, {"loss": 1.0}),
        Save("r", "a.txt", "0" * 64, 1),
        Log("r", 0, 1, {"loss": "NaN", "gain": "-Infinity"}),
    )
    assert (receipt.applied, [refused.number for refused in receipt.refused]) == (5, [2, 4, 3])
    assert runs.params("r") == {"rate": "0.1", "leaves": "31"}
    assert str(runs.metrics("r")) == "{'gain': -inf, 'loss': nan}"


def test_a_refused_entry_costs_only_itself_and_marks_its_run(runs: Runs) -> None:
    logs = [Log("r", n, 1, {"loss": 1.0}) for n in range(3)]
    receipt = give(runs, Begin("r", "e", 1), Begin("whole", "e", 1), *logs, Log("r", 3, 1, {"a\0b": 1.0}), Log("r", 4, 1, {"acc": 2.0}))
    assert [refused.number for refused in receipt.refused] == [6]
    assert len(runs.points("r", "loss")) == 3 and runs.metrics("r")["acc"] == 2.0
    assert runs.tags("r")[INCOMPLETE] == "1 entry refused: 'a\\x00b' contains a zero character" and runs.tags("whole") == {}


def test_numbers_of_spools_are_apart_and_a_gap_is_passed_over(runs: Runs) -> None:
    give(runs, Begin("r", "e", 1))
    assert give(runs, Begin("r", "e", 1), Log("r", 0, 1, {"x": 1.0}), spool="forked").applied == 2
    assert give(runs, Log("r", 1, 1, {"x": 2.0}), first=9).applied == 9
    assert [p.value for p in runs.points("r", "x")] == [1.0, 2.0] and [f.kind for f in runs.ledger.facts()].count("run.started") == 1


def test_a_run_of_a_deleted_experiment_is_not_lost(runs: Runs) -> None:
    experiments = Experiments(runs.ledger, "shop")
    experiments.remove(experiments.create("old").id)
    receipt = give(runs, Begin("r", "old", 1), Log("r", 0, 1, {"x": 1.0}))
    assert "is deleted" in receipt.refused[0].message and runs.get("r").experiment == 0 and runs.metrics("r") == {"x": 1.0}


def test_a_cut_run_is_killed_unless_it_ended(runs: Runs) -> None:
    give(runs, Begin("a", "e", 1), Begin("b", "e", 1), End("a", "done", 4))
    give(runs, End("a", "killed", 9, cut=True), End("b", "killed", 9, cut=True), first=4)
    assert [(runs.get(id).status, runs.get(id).ended) for id in "ab"] == [("done", 4), ("killed", 9)]


def test_lost_entries_mark_their_run(runs: Runs) -> None:
    give(runs, Begin("r", "e", 1), lost={"r": 3, "nobody": 1})
    assert runs.tags("r")[INCOMPLETE].startswith("3 entries were lost")


def test_another_projects_run_is_not_touched(runs: Runs) -> None:
    Runs(runs.ledger).start("other", "e", id="theirs")
    receipt = give(runs, Begin("theirs", "e", 1, tags={"a": "1"}), Log("theirs", 0, 1, {"x": 1.0}), End("theirs", "failed", 2))
    assert len(receipt.refused) == 3 and runs.tags("theirs") == {} and runs.metrics("theirs") == {}


def test_spools_that_deliver_no_more_are_forgotten(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    later = clock.now() + KEPT + HOUR
    entries = [Begin("r", "e", 1), Log("r", 0, 1, {"loss": 1.0}), End("r", "done", 5)]
    give(runs, *entries, spool="old")
    monkeypatch.setattr(clock, "now", lambda: later)
    give(runs, Begin("q", "e", 1), spool="new")
    assert [row["id"] for row in runs.ledger.all("select id from spools")] == ["new"]
    kinds = [f.kind for f in runs.ledger.facts()]
    assert give(runs, *entries, spool="old").refused == []  # as new, and to no effect
    assert [f.kind for f in runs.ledger.facts()] == kinds
    assert len(runs.points("r", "loss")) == 1
