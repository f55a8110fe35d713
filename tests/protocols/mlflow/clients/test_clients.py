"""Unmodified clients of MLflow 3 and 2: what they do with a server of ours, judged by what they read back."""

import json
import shutil
from pathlib import Path

import pytest
from foreign import ROOT, Client

SCRIPTS = Path(__file__).parent / "scripts"
pytestmark = [pytest.mark.slow, pytest.mark.clients, pytest.mark.timeout(500)]


def test_fluent_and_client_api(client: Client) -> None:
    said = client.python(SCRIPTS / "fluent.py")
    assert said["version"].startswith(client.environment.name[-1] + ".")


def test_models_by_every_uri_and_the_registry(client: Client) -> None:
    assert client.python(SCRIPTS / "models.py")["uris"] == 7


def test_searches(client: Client) -> None:
    assert client.python(SCRIPTS / "search.py") == {"runs": 25}


def test_autologging(client: Client) -> None:
    assert {"sklearn", "sklearn search", "lightgbm", "xgboost"} <= set(client.python(SCRIPTS / "autolog.py"))


def test_autologging_of_pytorch(client: Client) -> None:
    if not (client.has("torch") and client.has("lightning")):
        pytest.skip("torch and lightning are not in the clients' environment: they are 1 GB and more")
    assert client.python(SCRIPTS / "pytorch.py")["epochs"] == 2


def test_command_line(client: Client) -> None:
    client.python(SCRIPTS / "search.py")
    made = client.output("mlflow", "experiments", "create", "-n", "from the shell")
    assert "Created experiment 'from the shell'" in made + client.output("mlflow", "experiments", "search")
    runs = client.output("mlflow", "runs", "list", "--experiment-id", "1")
    assert "run-07" in runs
    run = next(line.split()[-1] for line in runs.splitlines() if "run-07" in line)
    described = json.loads(client.output("mlflow", "runs", "describe", "--run-id", run))
    assert described["data"]["params"] == {"depth": "7"}
    (client.folder / "a.txt").write_text("here")
    client.output("mlflow", "artifacts", "log-artifact", "-l", "a.txt", "-r", run)
    assert "a.txt" in client.output("mlflow", "artifacts", "list", "-r", run)
    client.output("mlflow", "artifacts", "download", "-r", run, "-a", "a.txt", "-d", str(client.folder / "down"))
    assert (client.folder / "down" / "a.txt").read_text() == "here"
    client.output("mlflow", "runs", "delete", "--run-id", run)
    assert "run-07" not in client.output("mlflow", "runs", "list", "--experiment-id", "1")


def test_the_example_on_either_database(either_database: None, client: Client) -> None:
    folder = Path(shutil.copytree(ROOT / "examples" / "mlflow_client", client.folder / "example"))
    said = client.python(folder / "train.py")
    assert said["version"] == "1"
    assert said["accuracy"] > 0.8
    assert said["same"] is True
