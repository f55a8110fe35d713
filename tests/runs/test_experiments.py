"""Experiments: numbered in their project, found by name, deleted and restored with their runs."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ninefold.errors import ConflictError, NotFoundError
from ninefold.runs import Experiments, Runs


@pytest.fixture
def experiments(runs: Runs) -> Experiments:
    return Experiments(runs.ledger, "p")


def test_every_project_has_number_0_and_counts_on_from_1(runs: Runs, experiments: Experiments) -> None:
    assert (experiments.get(0).name, experiments.find("Default"), experiments.ensure("Default").id) == ("Default", experiments.default(), 0)
    assert [experiments.create(name).id for name in "ab"] == [1, 2]
    assert Experiments(runs.ledger, "q").create("a").root == "mlflow-artifacts:/1"


def test_a_name_is_taken_also_by_one_that_was_deleted(experiments: Experiments) -> None:
    made = experiments.create("a", tags={"team": "ops"})
    experiments.remove(made.id)
    for taken in ("a", "Default"):
        with pytest.raises(ConflictError, match="there already"):
            experiments.create(taken)
    with pytest.raises(ConflictError, match="deleted"):
        experiments.ensure("a")
    with pytest.raises(ConflictError, match="there already"):
        experiments.update(experiments.create("b").id, name="a")
    with pytest.raises(NotFoundError):
        experiments.get(99)


def test_threads_that_ask_for_one_name_get_one_experiment(experiments: Experiments) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len({one.id for one in pool.map(lambda _: experiments.ensure("a"), range(32))}) == 1


def test_runs_go_and_come_back_with_it_but_not_those_deleted_before(runs: Runs, experiments: Experiments) -> None:
    ids = [runs.start("p", "a").id for _ in range(3)]
    runs.remove(ids[0])
    number = runs.get(ids[0]).experiment
    experiments.remove(number)
    assert [runs.get(id).state for id in ids] == ["deleted"] * 3
    with pytest.raises(ConflictError, match="deleted"):
        runs.begin("p", number)
    experiments.restore(number)
    assert [runs.get(id).state for id in ids] == ["deleted", "active", "active"]
    with pytest.raises(ConflictError, match="already"):
        experiments.restore(number)


def test_tags_are_set_and_taken_away(experiments: Experiments) -> None:
    made = experiments.create("a", tags={"x": "1"})
    experiments.set_tag(made.id, "y", "2")
    experiments.drop_tag(made.id, "x")
    assert experiments.tags(made.id) == {"y": "2"}
    with pytest.raises(NotFoundError, match='"x"'):
        experiments.drop_tag(made.id, "x")
    experiments.remove(made.id)
    with pytest.raises(ConflictError, match="deleted"):
        experiments.set_tag(made.id, "z", "3")


def test_its_life_is_in_facts(experiments: Experiments) -> None:
    made = experiments.create("a")
    experiments.update(made.id, name="b")
    experiments.remove(made.id)
    experiments.restore(made.id)
    kinds = [fact.kind for fact in experiments.ledger.facts(subject="p/experiment/1")]
    assert kinds == [f"experiment.{word}" for word in ("created", "renamed", "deleted", "restored")]
