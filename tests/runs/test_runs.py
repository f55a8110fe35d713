"""Runs: set once, logged over steps, ended with a digest, found and compared."""

import math
from typing import Any

import pytest

from ninefold.errors import ConflictError, NotFoundError, UsageError
from ninefold.ledger.patience import within
from ninefold.runs import Point, Runs, compare, records
from ninefold.runs.digest import Digested


def test_a_parameter_is_set_once(runs: Runs) -> None:
    run = runs.start("p", "e", params={"leaves": 31})
    runs.set_params(run.id, {"leaves": 31, "rate": 0.1})
    with pytest.raises(ConflictError, match="'31' already, not '32'"):
        runs.set_params(run.id, {"leaves": 32})
    assert runs.params(run.id) == {"leaves": "31", "rate": "0.1"}


def test_the_newest_value_is_that_of_the_greatest_step(runs: Runs) -> None:
    run = runs.start("p", "e")
    runs.log_points(run.id, [Point("auc", 0.7, 2, 5), Point("auc", 0.6, 1, 9), Point("auc", 0.7, 2, 5)])
    runs.log_points(run.id, [Point("loss", math.nan, 0, 1), Point("gain", math.inf, 0, 1)])
    assert runs.metrics(run.id) == pytest.approx({"auc": 0.7, "gain": math.inf, "loss": math.nan}, nan_ok=True)
    assert [(point.step, point.value) for point in runs.points(run.id, "auc")] == [(1, 0.6), (2, 0.7)]


def test_the_fact_of_the_end_carries_the_digest_of_what_was_logged(runs: Runs) -> None:
    digests = []
    for value in (0.7, 0.7, 0.8):
        run = runs.start("p", "e", id=f"run{len(digests)}", at=1)
        runs.log_points(run.id, [Point("auc", value, 0, 1)])
        runs.end(run.id)
        fact = runs.ledger.last("run.done", f"p/run/{run.id}")
        assert fact is not None
        digests.append(fact.body["digest"])
    assert digests[0] == digests[1] != digests[2]


def test_a_run_ends_once(runs: Runs) -> None:
    run = runs.start("p", "e")
    assert runs.end(run.id, "failed").status == "failed"
    with pytest.raises(ConflictError, match="has ended"):
        runs.end(run.id)


def test_an_artifact_comes_back_verified(runs: Runs) -> None:
    run = runs.start("p", "e")
    kept = runs.add_artifact(run.id, "plots/roc.svg", b"<svg/>")
    assert (runs.artifacts(run.id), runs.read_artifact(run.id, "plots/roc.svg")) == ([kept], b"<svg/>")
    with pytest.raises(UsageError, match="path"):
        runs.add_artifact(run.id, "../x", b"")


def test_what_is_not_there_is_said(runs: Runs) -> None:
    for ask in (lambda: runs.get("x"), lambda: runs.log("x", {"a": 1.0}), lambda: runs.end("x"), lambda: runs.set_tags("x", {"a": "b"})):
        with pytest.raises(NotFoundError, match='"x"'):
            ask()


def test_a_comparison_shows_what_differs(runs: Runs) -> None:
    first, second = (runs.start("p", "e", params={"a": 1, "b": b}) for b in (1, 2))
    runs.log(first.id, {"auc": 0.7})
    assert compare(runs, [first.id, second.id]) == {"params": {"b": ["1", "2"]}, "metrics": {"auc": [0.7, None]}}


def test_a_run_of_an_unknown_parent_is_refused(runs: Runs) -> None:
    with pytest.raises(NotFoundError, match="nobody"):
        runs.start("shop", "trees", parent="nobody")


def test_a_run_that_was_removed_takes_no_writes_until_it_is_restored(runs: Runs) -> None:
    run = runs.start("p", "e")
    runs.remove(run.id)
    for ask in (lambda: runs.log(run.id, {"a": 1.0}), lambda: runs.set_tags(run.id, {"a": "b"}), lambda: runs.update(run.id, name="x")):
        with pytest.raises(ConflictError, match="deleted"):
            ask()
    runs.restore(run.id)
    runs.log(run.id, {"a": 1.0})
    assert [fact.kind for fact in runs.ledger.facts(run=run.id)] == ["run.started", "run.deleted", "run.restored"]


def test_the_same_end_again_is_nothing_and_going_on_is_a_fact(runs: Runs) -> None:
    run = runs.start("p", "e")
    for _ in range(2):
        assert runs.update(run.id, status="failed", ended=7).ended == 7
    assert runs.update(run.id, status="running").ended is None
    assert runs.update(run.id, status="done", ended=9, name="other").name == "other"
    assert [fact.kind for fact in runs.ledger.facts(run=run.id)] == ["run.started", "run.failed", "run.resumed", "run.done"]


def test_what_is_logged_while_the_digest_is_read_is_in_it(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (runs.start("p", "e", id=id) for id in ("a", "b"))
    runs.log(first.id, {"auc": 0.5, "loss": 1.0}, at=1)
    runs.log(second.id, {"auc": 0.5}, at=1)
    read = records.Digested.__init__

    def late(self: records.Digested, *given: Any) -> None:
        read(self, *given)
        runs.log(second.id, {"loss": 1.0}, at=1)

    runs.end(first.id)
    monkeypatch.setattr(records.Digested, "__init__", late)
    runs.end(second.id)
    one, other = (runs.ledger.last("run.done", f"p/run/{id}") for id in ("a", "b"))
    assert one is not None
    assert other is not None
    assert one.body["digest"] == other.body["digest"]


def test_runs_of_one_project_are_not_those_of_another(runs: Runs) -> None:
    run = runs.start("shop", "trees")
    other = Runs(runs.ledger, project="bank")
    for ask in (
        lambda: other.get(run.id),
        lambda: other.log(run.id, {"a": 1.0}),
        lambda: other.update(run.id, name="x"),
        lambda: other.remove(run.id),
    ):
        with pytest.raises(NotFoundError):
            ask()


def test_a_run_ends_also_where_its_points_take_longer_to_read_than_a_search_may(runs: Runs) -> None:
    run = runs.start("p", "e")
    runs.log_points(run.id, [Point("loss", 0.5, step, step) for step in range(25_000)])
    with within(0.005):  # as in a server's thread; reading the points takes more
        Digested(runs.ledger, run)
