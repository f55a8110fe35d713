"""The search endpoints: what they take, what they give, what they refuse."""

from typing import Any

import pytest
from asked import Asked


@pytest.fixture
def runs(asked: Asked) -> dict[str, str]:
    """Three runs of the default experiment, by name."""
    ids = {}
    for place, (name, auc) in enumerate((("a", 0.5), ("b", float("nan")), ("c", 0.9))):
        ids[name] = asked.begin(run_name=name, start_time=1000 + place)
        asked.done("runs/log-metric", run_id=ids[name], key="auc", value="NaN" if auc != auc else auc, timestamp=1, step=0)
    return ids


def names(said: Any) -> list[str]:
    return [run["info"]["run_name"] for run in said.get("runs", [])]


def versions(asked: Asked, given: str, *, number: bool = False) -> list[str]:
    """The names of the versions that meet a filter, with their numbers where these are wanted."""
    found = asked.get("model-versions/search", filter=given, order_by=["name", "version_number"]).json.get("model_versions", [])
    return [f"{each['name']}/{each['version']}" if number else each["name"] for each in found]


def test_runs_are_found_page_by_page_with_all_that_they_have(asked: Asked, runs: dict[str, str]) -> None:
    first = asked.done("runs/search", experiment_ids=["0"], filter="metrics.auc != 0.5", order_by=["metrics.auc DESC"], max_results=1)
    assert names(first) == ["c"]
    assert first["runs"][0]["data"]["metrics"] == [{"key": "auc", "value": 0.9, "timestamp": 1, "step": 0}]
    how = {"experiment_ids": ["0"], "filter": "metrics.auc != 0.5", "order_by": ["metrics.auc DESC"], "max_results": "1"}
    second = asked.done("runs/search", **how, page_token=first["next_page_token"])
    assert names(second) == ["b"]
    assert "next_page_token" not in second
    assert asked.post("runs/search", experiment_ids=["0"], page_token=first["next_page_token"]).code == "INVALID_PARAMETER_VALUE"


def test_deleted_runs_are_found_where_they_are_asked_for(asked: Asked, runs: dict[str, str]) -> None:
    asked.done("runs/delete", run_id=runs["b"])
    found = {view: names(asked.done("runs/search", experiment_ids=["0"], run_view_type=view)) for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL", 3)}
    assert found == {"ACTIVE_ONLY": ["c", "a"], "DELETED_ONLY": ["b"], "ALL": ["c", "b", "a"], 3: ["c", "b", "a"]}
    assert asked.done("runs/search", experiment_ids=["7"]) == {}
    assert asked.done("runs/search") == {}


WRONG: list[dict[str, Any]] = [
    {"filter": "metrics.auc > 'x'"}, {"filter": "nothing = 1"}, {"filter": "a" * 70_000}, {"filter": "'" * 4001}, {"filter": "1" * 60_000 + "x"},
    {"filter": " and ".join(["metrics.auc > 1"] * 101)}, {"filter": "metrics.auc > 1\x00"}, {"filter": "params.a = '\ud800'"}, {"filter": "((("},
    {"order_by": ["metrics.auc", "metrics.auc DESC"]}, {"order_by": ["nothing"]}, {"order_by": [""]}, {"order_by": ["metrics.auc"] * 30},
    {"max_results": 0}, {"max_results": -1}, {"max_results": 50_001}, {"page_token": "x"}, {"run_view_type": "SOME"}, {"experiment_ids": ["x"]},
    {"experiment_ids": ["0"] * 6000}, {"filter": "params.a LIKE '" + "%a" * 5000 + "'"},
    {"filter": "params.a RLIKE '(a+)+$'"}, {"filter": "tags.a = 'x' OR tags.b = 'y'"}, {"filter": "run_id IN (1)"}, {"filter": 7},
]  # fmt: skip


def test_what_cannot_be_searched_for_is_the_callers_mistake(asked: Asked, runs: dict[str, str]) -> None:
    for body in WRONG:
        assert asked.post("runs/search", **{"experiment_ids": ["0"], **body}).code == "INVALID_PARAMETER_VALUE", body
    assert asked.done("runs/search", experiment_ids=["0"], filter="metrics.auc > 1" + "0" * 5000) == {}  # beyond every number


def test_experiments_are_found_by_get_and_post(asked: Asked) -> None:
    for name in ("one", "two"):
        asked.done("experiments/create", name=name, tags=[{"key": "team", "value": name[0]}])
    found = asked.done("experiments/search", max_results=5, filter="tags.team = 't'", order_by=["name DESC"])["experiments"]
    assert [(each["name"], each["tags"]) for each in found] == [("two", [{"key": "team", "value": "t"}])]
    listed = asked.get("experiments/search", max_results=10, order_by=["name DESC"]).json["experiments"]
    assert [each["name"] for each in listed] == ["two", "one", "Default"]
    assert asked.get("experiments/search", max_results=0).code == "INVALID_PARAMETER_VALUE"


def test_logged_models_are_found_by_metrics_on_datasets(asked: Asked) -> None:
    made = {}
    run = asked.begin()
    for name, on_a, on_b in (("x", 0.5, 0.9), ("y", 0.8, 0.1), ("z", None, None)):
        made[name] = asked.done("logged-models", experiment_id="0", name=name, model_type="t", params=[{"key": "lr", "value": "1"}])["model"]["info"][
            "model_id"
        ]
        for data, value in (("a", on_a), ("b", on_b)):
            if value is not None:
                point = {
                    "key": "auc",
                    "value": value,
                    "timestamp": 1,
                    "step": 0,
                    "model_id": made[name],
                    "dataset_name": data,
                    "dataset_digest": data,
                }
                asked.done("runs/log-metric", run_id=run, **point)

    def found(**how: Any) -> list[str]:
        return [model["info"]["name"] for model in asked.done("logged-models/search", experiment_ids=["0"], **how).get("models", [])]

    assert found() == ["z", "y", "x"]
    assert sorted(found(filter="metrics.auc > 0.7")) == ["x", "y"]
    assert found(filter="metrics.auc > 0.7", datasets=[{"dataset_name": "a"}]) == ["y"]
    assert sorted(found(datasets=[{"dataset_name": "b", "dataset_digest": "b"}])) == ["x", "y"]
    assert found(order_by=[{"field_name": "metrics.auc", "ascending": False, "dataset_name": "a"}]) == ["y", "x", "z"]
    assert found(order_by=[{"field_name": "metrics.auc", "dataset_name": "b"}, {"field_name": "name"}]) == ["y", "x", "z"]
    assert found(filter=f"model_id = '{made['x']}' AND params.lr = '1' AND status = 'PENDING'") == ["x"]
    for wrong in ({"datasets": [{"dataset_digest": "x"}]}, {"order_by": [{"field_name": "params.lr"}]}, {"order_by": [{}]}, {"filter": "x.y = 1"}):
        assert asked.post("logged-models/search", experiment_ids=["0"], **wrong).code == "INVALID_PARAMETER_VALUE"


def test_models_and_versions_are_found_and_prompts_are_told_apart(asked: Asked) -> None:
    asked.done("registered-models/create", name="m")
    asked.done("registered-models/create", name="p", tags=[{"key": "mlflow.prompt.is_prompt", "value": "true"}])
    for source in ("s3://x/1", "s3://x/2"):
        asked.done("model-versions/create", name="m", source=source)
    tag = "tags.`mlflow.prompt.is_prompt`"

    def found(**how: Any) -> list[str]:
        return [model["name"] for model in asked.get("registered-models/search", **how).json.get("registered_models", [])]

    assert (found(filter=f"{tag} != 'true'"), found(filter=f"{tag} = 'true'"), found(filter=f"{tag} = 'false'")) == (["m"], ["p"], ["m"])
    first = asked.get("registered-models/search", max_results=1).json
    assert found(max_results=1, page_token=first["next_page_token"]) == ["p"]
    versions = asked.get("model-versions/search", filter="name = 'm' and version_number > 1").json["model_versions"]
    assert [(each["name"], each["version"], each["source"]) for each in versions] == [("m", "2", "s3://x/2")]
    assert asked.get("model-versions/search", filter="name > 'm'").code == "INVALID_PARAMETER_VALUE"


def test_versions_that_are_prompts_are_found_by_who_asks_for_them(asked: Asked) -> None:
    prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    for name, tags in (("lk", prompt), ("lm", [])):
        asked.done("registered-models/create", name=name, tags=tags)
        asked.done("model-versions/create", name=name, source="prompt-template" if tags else "s3://x/1", tags=tags)
    tag = "tags.`mlflow.prompt.is_prompt`"
    wanted = {"name LIKE 'l%'": ["lm"], "": ["lm"], f"{tag} = 'true'": ["lk"], f"{tag} != 'true'": ["lm"], f"name = 'lk' and {tag} = 'true'": ["lk"]}
    assert {given: versions(asked, given) for given in wanted} == wanted


def test_versions_are_found_by_run_and_by_number(asked: Asked, run: str) -> None:
    asked.done("registered-models/create", name="m")
    asked.done("model-versions/create", name="m", source="s3://x/1", run_id=run)
    asked.done("model-versions/create", name="m", source="s3://x/2")
    with_run, without, both = ["m/1"], ["m/2"], ["m/1", "m/2"]
    wanted = {
        f"run_id = '{run}'": with_run, "run_id = ''": without, "run_id != 'abc'": both, f"run_id != '{run}'": without,
        f"run_id IN ('{run}')": with_run, f"run_id IN ('{run}', '')": both, "run_id NOT IN ('abc')": both, "run_id LIKE '%'": both,
        "run_id ILIKE '_%'": with_run, "version_number = '1'": with_run, 'version_number > "1"': without, "version_number != '01'": without,
    }  # fmt: skip
    assert {given: versions(asked, given, number=True) for given in wanted} == wanted
    for wrong in ("'x'", "''", "'1.5'", "'1' or 1", "'" + "1" * 30 + "'"):
        assert asked.get("model-versions/search", filter=f"version_number = {wrong}").code == "INVALID_PARAMETER_VALUE", wrong


def test_more_logged_models_than_a_page_holds_are_asked_for(asked: Asked) -> None:
    asked.done("logged-models", experiment_id="0", name="x")
    assert len(asked.done("logged-models/search", experiment_ids=["0"], max_results=5000)["models"]) == 1
    assert asked.post("logged-models/search", experiment_ids=["0"], max_results=-1).code == "INVALID_PARAMETER_VALUE"


def test_the_datasets_of_experiments_are_listed(asked: Asked) -> None:
    run = asked.begin()
    data = {"name": "d", "digest": "x", "source_type": "local", "source": "s"}
    asked.done("runs/log-inputs", run_id=run, datasets=[{"dataset": data, "tags": [{"key": "mlflow.data.context", "value": "training"}]}])
    said = asked.done("experiments/search-datasets", experiment_ids=["0"])
    assert said == {"dataset_summaries": [{"experiment_id": "0", "name": "d", "digest": "x", "context": "training"}]}
    assert names(asked.done("runs/search", experiment_ids=["0"], filter="datasets.context = 'training' and dataset.name = 'd'"))
    assert asked.done("runs/search", experiment_ids=["0"], filter="datasets.context = 'test'") == {}
