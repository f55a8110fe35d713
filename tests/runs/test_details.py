"""Inputs, logged models, a page of runs with everything, and requests that are done once."""

import pytest

from ninefold import clock
from ninefold.errors import ConflictError, NotFoundError, UsageError
from ninefold.ledger import Tx
from ninefold.runs import Point, Runs
from ninefold.runs.inputs import Dataset, DatasetInput, ModelLink, log_inputs, log_outputs
from ninefold.runs.logged import LoggedModels
from ninefold.runs.many import detail, details
from ninefold.runs.requests import KEPT, Requests

DATA = DatasetInput(Dataset("orders", "d1", "pandas", "s3://x", "{}", None), {"context": "training"})


def test_a_page_of_runs_comes_with_everything_in_a_constant_number_of_queries(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [runs.start("p", "e", params={"n": n}, tags={"t": "x"}).id for n in range(130)]
    for id in ids[:2]:
        runs.log(id, {"auc": 0.5})
        log_inputs(runs.ledger, id, [DATA], ["m-1"])
        log_outputs(runs.ledger, id, [("m-2", 3)])
    asked: list[str] = []
    read = runs.ledger.all
    monkeypatch.setattr(runs.ledger, "all", lambda sql, *given: asked.append(sql) or read(sql, *given))
    found = details(runs.ledger, [*ids, "nobody"])
    assert (list(found), len(asked)) == (ids, 12)
    one = found[ids[1]]
    assert (one.params, one.tags, one.metrics[0].value, one.inputs) == ({"n": "1"}, {"t": "x"}, 0.5, [DATA])
    assert one.models == [ModelLink("m-1", "in"), ModelLink("m-2", "out", 3)]
    assert (found[ids[2]].inputs, found[ids[2]].metrics) == ([], [])
    assert detail(runs.ledger, ids[0]) == found[ids[0]]
    with pytest.raises(NotFoundError):
        detail(runs.ledger, "nobody")


def test_inputs_told_again_are_the_same(runs: Runs) -> None:
    run = runs.start("p", "e").id
    for _ in range(2):
        log_inputs(runs.ledger, run, [DATA, DatasetInput(Dataset("other", "d2", "spark", ""))], ["m"])
    assert [i.dataset.name for i in detail(runs.ledger, run).inputs] == ["orders", "other"]
    runs.remove(run)
    with pytest.raises(ConflictError, match="deleted"):
        log_inputs(runs.ledger, run, [DATA])


def test_a_logged_model_has_params_tags_metrics_and_an_end(runs: Runs) -> None:
    logged, run = LoggedModels(runs.ledger, "p"), runs.start("p", "e")
    made = logged.create(run.experiment, "trees", kind="lightgbm", run=run.id, params={"a": "1"}, tags={"t": "x"})
    assert (made.status, made.root) == ("pending", f"mlflow-artifacts:/{run.experiment}/models/{made.id}/artifacts")
    logged.add_params(made.id, {"a": "1", "b": "2"})
    with pytest.raises(ConflictError, match="already"):
        logged.add_params(made.id, {"c": "3", "b": "x"})
    for _ in range(2):
        logged.log_points(made.id, run.id, [Point("auc", 0.5, 1, 1)], dataset="orders", digest="d1")
    logged.set_tags(made.id, {"t": "y"})
    assert logged.finish(made.id, "ready").status == "ready"
    whole = logged.details([made.id, "m-nobody"])[made.id]
    assert (whole.params, whole.tags, [(m.value, m.dataset, m.run) for m in whole.metrics]) == (
        {"a": "1", "b": "2"},
        {"t": "y"},
        [(0.5, "orders", run.id)],
    )


def test_a_deleted_logged_model_and_one_of_another_project_are_not_there(runs: Runs) -> None:
    logged = LoggedModels(runs.ledger, "p")
    made = logged.create(0, "trees", id="m-1")
    with pytest.raises(ConflictError, match="there already"):
        logged.create(0, "trees", id="m-1")
    with pytest.raises(NotFoundError):
        LoggedModels(runs.ledger, "q").get(made.id)
    logged.remove(made.id)
    for ask in (lambda: logged.get(made.id), lambda: logged.set_tags(made.id, {"a": "b"}), lambda: logged.drop_tag(made.id, "a")):
        with pytest.raises(NotFoundError):
            ask()


def test_a_request_under_a_key_is_done_once_also_when_it_failed_first(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    requests, done = Requests(runs.ledger), []

    def ask(key: str, digest: str = "d", *, fails: bool = False) -> str:
        def work(tx: Tx) -> str:
            def answer() -> str:
                tx.execute("insert into meta (name, value) values (?, ?)", f"done{len(done)}", "x")
                if fails:
                    raise ConflictError("not now")
                done.append(1)
                return f"answer {len(done)}"

            return requests.once(tx, "p", key, digest, answer)

        return runs.ledger.write(work)

    with pytest.raises(ConflictError, match="not now"):
        ask("a", fails=True)
    assert [ask("a"), ask("a"), ask("b"), ask("a")] == ["answer 1", "answer 1", "answer 2", "answer 1"]
    with pytest.raises(ConflictError, match="another request"):
        ask("a", "other")
    for wrong in ("", "x" * 256, "a\0"):
        with pytest.raises(UsageError, match="key of a request"):
            ask(wrong)
    later = clock.now() + KEPT + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    requests._seen = 0
    ask("c")
    assert [row["key"] for row in runs.ledger.all("select key from requests where project = ?", "p")] == ["c"]
