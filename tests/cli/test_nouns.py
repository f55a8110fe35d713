"""The commands of the nouns, on a small project that has run."""

from pathlib import Path
from typing import Any

import pytest

from ninefold import config
from ninefold.cli import COMMANDS, cli
from ninefold.models.registry import Registry
from ninefold.project.home import Home
from ninefold.runs import Runs
from ninefold.workflow.items import open_item

GROUPS = ["runs", "tables", "features", "models", "endpoints", "items"]


def test_runs_are_listed_with_what_ran(as_json: Any, tiny_project: Path) -> None:
    runs = as_json(tiny_project, "runs", "list")["runs"]
    assert [(r["state"], r["by"], r["ran"] > 10, r["hits"]) for r in runs] == [("done", "ada", True, 0)]


def test_a_run_is_shown_by_the_first_characters_of_its_id(as_json: Any, tiny_project: Path) -> None:
    run = as_json(tiny_project, "runs", "list")["runs"][0]["id"]
    steps = as_json(tiny_project, "runs", "show", run[:13])["steps"]
    assert {s["step"] for s in steps} >= {"table/parcels", "model/forecast"}


def test_a_tracked_run_stands_beside_the_projects_own(as_json: Any, tiny_copy: Path) -> None:
    from ninefold import config
    from ninefold.project.home import Home
    from ninefold.runs import Runs

    with Home(config.load(tiny_copy), "parcels") as home:
        runs = Runs(home.ledger)
        ids = [runs.start("parcels", "sweep", params={"leaves": leaves}).id for leaves in (7, 31)]
        runs.log(ids[0], {"auc": 0.7})
    assert as_json(tiny_copy, "runs", "compare", *ids)["parameter"] == {"leaves": ["7", "31"]}
    assert {r["id"] for r in as_json(tiny_copy, "runs", "list")["tracked"]} >= set(ids)


def test_tables_are_listed_with_rows_and_quarantine(as_json: Any, tiny_project: Path) -> None:
    [table] = as_json(tiny_project, "tables", "list")
    assert (table["name"], table["version"], table["rows"], table["quarantined"]) == ("parcels", 0, 2438, 2)


def test_the_quarantine_names_the_rule_of_each_row(as_json: Any, tiny_project: Path) -> None:
    found = as_json(tiny_project, "tables", "quarantine", "parcels")
    assert {(r["parcel_id"], r["__reason"]) for r in found["rows"]} == {(p, "between('weight', 0, 100)") for p in ("p03-05", "p09-09")}


def test_a_misspelt_table_is_answered_with_the_nearest(ninefold: Any, tiny_project: Path) -> None:
    code, _, err = ninefold("tables", "show", "parcel", at=tiny_project)
    assert (code, 'did you mean "parcels"?' in err) == (1, True)


def test_online_features_equal_the_batch(as_json: Any, tiny_project: Path) -> None:
    [checked] = as_json(tiny_project, "features", "check", "--days", "5")
    assert (checked["questions"] >= 190, checked["differences"]) == (True, 0)


def test_a_fold_that_forgets_is_found_out(ninefold: Any, tiny_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ninefold.features.online import Fold

    monkeypatch.setattr(Fold, "apply", lambda *given, **more: 0)
    code, out, _ = ninefold("features", "check", at=tiny_project)
    assert (code, "\n0 differences" in out, "online" in out) == (1, False, True)


def test_models_are_listed_with_where_they_answer(as_json: Any, tiny_project: Path) -> None:
    [version] = as_json(tiny_project, "models", "list")
    assert (version["version"], version["winner"], version["answers"]) == (1, "linear", "dispatch (champion)")


def test_the_newest_version_is_shown_by_default(as_json: Any, tiny_project: Path) -> None:
    assert as_json(tiny_project, "models", "show", "forecast") == as_json(tiny_project, "models", "show", "forecast@1")


def test_what_clients_registered_stands_beside_the_projects_own(ninefold: Any, as_json: Any, tiny_copy: Path) -> None:
    with Home(config.load(tiny_copy), "parcels", actor="ada") as home:
        registry = Registry(home.ledger, "parcels")
        registry.create("churn")
        for n in (7, 8):
            registry.register("churn", f"s3://bo:secret@models/churn/{n}", description="who leaves")
        registry.set_alias("churn", "champion", 1)
        registry.to_stage("churn", 2, "Staging")
        registry.create("greeting", tags={"mlflow.prompt.is_prompt": "true"})
        registry.register("greeting", "prompt", files=False)
    listed = as_json(tiny_copy, "models", "list")
    assert [(v["model"], v["version"], v["registered"], v["aliases"], v["stage"]) for v in listed] == [
        ("churn", 2, True, [], "Staging"),
        ("churn", 1, True, ["champion"], "None"),
        ("forecast", 1, False, ["champion"], "None"),
    ]
    said = ninefold("models", "list", at=tiny_copy).out
    assert all(text in said for text in ("churn@2", "s3://bo:***@models/churn/8", "who leaves", "forecast@1")) and "secret" not in said
    for what, number in (("churn", 2), ("churn@1", 1), ("churn@champion", 1), ("forecast@champion", 1)):
        assert as_json(tiny_copy, "models", "show", what)["version"] == number
    for words in (["why", "churn@1"], ["models", "show", "churn@champion"]):
        said = ninefold(*words, at=tiny_copy).out
        assert all(text in said for text in ("churn@1", "by ada from s3://bo:***@models/churn/7", "aliases: champion", "it names no run")), said
    for what, hint in (
        ("churn@9", "it has 1, 2"),
        ("chrn@1", 'did you mean "churn"?'),
        ("churn@" + "9" * 5000, "it has 1, 2"),
        ("churn@best", "no alias"),
    ):
        code, _, err = ninefold("models", "show", what, at=tiny_copy)
        assert (code, hint in err) == (1, True), err


def test_where_there_is_no_model_the_list_says_how_one_comes(ninefold: Any, tmp_path: Path) -> None:
    with Home(config.load(tmp_path), "shop") as home:
        Runs(home.ledger, home.blobs).start("shop", "sweep")
    code, out, _ = ninefold("models", "list", at=tmp_path)
    assert (code, out.strip()) == (0, "no model yet: run a project, or register one with an MLflow client")


def test_answers_of_an_endpoint_that_is_none_are_not_merely_none_yet(ninefold: Any, tiny_project: Path) -> None:
    code, _, err = ninefold("endpoints", "answers", "dispach", at=tiny_project)
    assert (code, 'did you mean "dispatch"?' in err) == (1, True)


def test_the_releases_of_an_endpoint_are_listed(as_json: Any, tiny_project: Path) -> None:
    assert [(r["endpoint"], r["version"], r["state"]) for r in as_json(tiny_project, "endpoints", "list")] == [("dispatch", 1, "champion")]


def test_an_item_is_closed_once(ninefold: Any, as_json: Any, tiny_copy: Path) -> None:
    with Home(config.load(tiny_copy), "parcels") as home:
        about = {"waits_for": "dispatch", "subject": "parcels/model/forecast@1", "at": 1}
        made = home.ledger.write(lambda tx: open_item(tx, "parcels", "better features", **about))
    begin = made.id[:12]
    assert [i["title"] for i in as_json(tiny_copy, "items", "list")] == ["better features"]
    assert as_json(tiny_copy, "items", "close", begin, "--because", "they are there")["state"] == "closed"
    assert as_json(tiny_copy, "items", "list") == []
    assert ninefold("items", "close", begin, "--because", "again", at=tiny_copy)[0] == 1
    with Home(config.load(tiny_copy), "parcels") as home:
        [fact] = home.ledger.facts(kind="item.closed")
    assert (fact.body["waits_for"], fact.body["why"], bool(fact.body["by"])) == ("dispatch", "they are there", True)


@pytest.mark.parametrize("group", GROUPS)
def test_every_command_of_a_group_answers_in_json_and_shows_an_example(group: str) -> None:
    for command in cli.get_command(None, group).commands.values():  # type: ignore[arg-type, union-attr]
        assert any(p.name == "as_json" for p in command.params), command.name
        assert command.epilog.startswith(f"Example: ninefold {group} {command.name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_that_is_named_exists(name: str) -> None:
    assert cli.get_command(None, name) is not None  # type: ignore[arg-type]


def test_exploring_says_which_table_is_missing_and_looks_at_the_others(ninefold: Any, as_json: Any, tiny_copy: Path) -> None:
    file = tiny_copy / "parcels.py"
    more = '@nf.table(key="depot")\ndef depots(orders: pl.LazyFrame) -> pl.LazyFrame:\n    return orders.unique("depot")\n'
    file.write_text(f"{file.read_text()}\n\n{more}")
    found = as_json(tiny_copy, "explore", "parcels.py")
    assert ([t["name"] for t in found["tables"]], found["missing"]) == (["parcels"], ["depots"])
    assert 'not made yet, so not looked at: "depots"; `ninefold run` makes it' in ninefold("explore", "parcels.py", at=tiny_copy).out


def test_a_project_that_no_setting_names_is_the_one_that_ran_last(ninefold: Any, tiny_copy: Path) -> None:
    (tiny_copy / "pyproject.toml").write_text("")
    code, out, err = ninefold("plan", at=tiny_copy)
    assert (code, "table/parcels" in out) == (0, True), err


def test_a_project_that_cannot_be_told_is_asked_for_in_the_command_s_own_words(ninefold: Any, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("import ninefold as nf\n")
    assert [ninefold(*words, at=tmp_path).err.splitlines()[1].strip() for words in (["check"], ["deploy", "desk"])] == [
        "name it: ninefold check shop.py",
        "name it: ninefold deploy --project shop.py",
    ]
