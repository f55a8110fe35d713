"""A registered version behind a real server: asked with its own columns, logged, explained; why leads to who registered it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import saved

sys.path.append(str(Path(__file__).parents[2] / "server"))

from live import Live

from ninefold import config
from ninefold.models.registry import Registry
from ninefold.project.check import check
from ninefold.project.home import Home
from ninefold.project.reading.read import read
from ninefold.runs.artifacts import Files
from ninefold.runs.experiments import ROOT, Experiments
from ninefold.runs.records import Runs

FILE = 'import ninefold as nf\n\ndesk = nf.Endpoint("models:/churn@champion")\n'
QUESTION = {"wind speed": 1.5, "hour": 3, "open": True}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one endpoint, with a registered version as the champion."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "0"\n\n[tool.ninefold]\nproject = "shop"\n')
    (folder / "shop.py").write_text(FILE)
    model = tmp_path / "model"
    model.mkdir()
    saved.lightgbm(model)
    with Home(config.load(folder), "shop", actor="ada") as home:
        registry, files = Registry(home.ledger, "shop"), Files(home.ledger, home.blobs, "shop")
        run = Runs(home.ledger, home.blobs, "shop").begin("shop", Experiments(home.ledger, "shop").default().id, name="fit")
        for path in model.iterdir():
            files.put(f"{run.root.removeprefix(ROOT)}/model/{path.name}", path)
        registry.create("churn")
        registry.register("churn", f"runs:/{run.id}/model", run.id)
        registry.set_alias("churn", "champion", 1)
    return folder


def command(folder: Path, *words: str) -> Any:
    done = subprocess.run([sys.executable, "-m", "ninefold", *words, "--json"], cwd=folder, capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


@pytest.mark.slow
def test_it_is_deployed_asked_explained_and_traced_back(project: Path) -> None:
    assert command(project, "deploy", "desk")["version"] == 1
    with Live(project) as server:
        answer = server.post("/predict/desk", QUESTION)
        many = server.post("/predict/desk", [QUESTION, {**QUESTION, "hour": None}])
        status, missing = server.call("POST", "/predict/desk", {"hour": 3, "open": True})
        strange = server.call("POST", "/predict/desk", {**QUESTION, "hours": 3})[0]
        reasons = server.call("GET", f"/explain/{answer['id']}")[1]["inputs"]
        told = server.call("POST", "/outcomes/desk", {"key": {}, "value": True})
    assert (answer["version"], answer["score"]) == (1, pytest.approx(many[0]["score"]))
    assert (status, strange, told[0]) == (400, 400, 400)
    assert 'needs "wind speed"' in missing["error"]["message"]
    assert {one["input"] for one in reasons} == set(QUESTION)
    why = command(project, "why", answer["id"])
    assert why["origin"]["registered"]["source"].startswith("runs:/")
    assert why["question"] == QUESTION


def test_what_needs_a_problem_is_said_by_the_check(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        'import ninefold as nf\n\na = nf.Endpoint("models:/churn@champion", release=nf.canary("10%"), holdout="5%")\n'
        'b = nf.Endpoint("models:/churn")\nwatch = nf.Monitor(b, every="1d", checks=[nf.drift()])\n'
    )
    graph = read(tmp_path / "shop.py", root=tmp_path)
    said = [error.message for error in check(graph).errors]
    assert any("nothing judges a canary" in one for one in said)
    assert any("holdout= needs a problem" in one for one in said)
    assert any('"models:/churn" names no registered version' in one for one in said)
    assert any("no problem to be watched by" in one for one in said)


def test_a_version_that_answers_is_not_deleted(project: Path) -> None:
    assert command(project, "deploy", "desk")["state"] == "champion"
    with Home(config.load(project), "shop") as home:
        registry = Registry(home.ledger, "shop")
        for change in (lambda: registry.remove_version("churn", 1), lambda: registry.remove("churn"), lambda: registry.rename("churn", "other")):
            with pytest.raises(Exception, match='endpoint "desk" answers with churn@1'):
                change()
