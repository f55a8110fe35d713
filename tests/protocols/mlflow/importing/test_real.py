"""Pasts made by the real clients, in each of the forms in which they keep them; and an import that is killed again and again."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.ledger import Ledger
from ninefold.protocols.mlflow.importing.verify import Row
from ninefold.runs.artifacts import Files
from ninefold.runs.experiments import Experiments

from .conftest import Bring

ROOT = Path(__file__).parents[4]
SCRIPT = Path(__file__).parents[1] / "clients" / "scripts" / "history.py"
pytestmark = [pytest.mark.slow, pytest.mark.clients]
# where it is brought to makes no difference to what is read: one of the pasts goes to both databases
once = pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)


def _python(release: str) -> str:
    path = ROOT / f".venv-{release}" / "bin" / "python"
    if not path.exists():
        pytest.skip(f"the real client is not here: make clients builds .venv-{release}")
    return str(path)


def _make(release: str, folder: Path, tracker: str) -> None:
    environment = {**os.environ, "MLFLOW_TRACKING_URI": tracker, "MLFLOW_ALLOW_FILE_STORE": "true", "GIT_PYTHON_REFRESH": "quiet"}
    made = subprocess.run([_python(release), str(SCRIPT)], cwd=folder, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert made.returncode == 0, made.stderr[-2000:]


def _whole(rows: dict[str, Row]) -> None:
    assert not any(row.differ for row in rows.values()), rows
    assert {kind: rows[kind].here for kind in ("experiments", "runs", "params", "points", "inputs", "registered models", "versions", "aliases")} == {
        "experiments": 3, "runs": 3, "params": 2, "points": 56, "inputs": 1, "registered models": 1, "versions": 1, "aliases": 1,
    }  # fmt: skip


@pytest.mark.parametrize("release", ["mlflow3", "mlflow2"])
def test_a_real_database(release: str, tmp_path: Path, brought: Bring, ledger: Ledger, files: Files) -> None:
    _make(release, tmp_path, f"sqlite:///{tmp_path}/mlflow.db")
    rows, source = brought(f"sqlite:///{tmp_path}/mlflow.db", artifacts=[tmp_path / "mlruns"])
    _whole(rows)
    assert source.skipped == []
    _usable(ledger, files)


@once
@pytest.mark.parametrize("release", ["mlflow3", "mlflow2"])
def test_a_real_folder(release: str, tmp_path: Path, brought: Bring, ledger: Ledger, files: Files) -> None:
    _make(release, tmp_path, (tmp_path / "mlruns").as_uri())
    rows, source = brought(tmp_path / "mlruns")
    _whole(rows)
    assert source.skipped == []
    _usable(ledger, files)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A stock server that keeps artifacts behind its proxy."""
    port = random.randint(20_000, 40_000)
    command = [_python("mlflow3"), "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{tmp_path}/mlflow.db", "--port", str(port),
               "--artifacts-destination", str(tmp_path / "kept"), "--workers", "1"]  # fmt: skip
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{url}/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.4)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@once
@pytest.mark.timeout(240)
def test_a_real_server(server: str, tmp_path: Path, brought: Bring, ledger: Ledger, files: Files) -> None:
    _make("mlflow3", tmp_path, server)
    rows, source = brought(server)
    _whole(rows)
    assert source.skipped == []
    _usable(ledger, files)
    # its database is the same tracker under another address: nothing is doubled
    rows, _ = brought(f"sqlite:///{tmp_path}/mlflow.db", artifacts=[tmp_path / "kept"])
    _whole(rows)
    assert len(ledger.all("select 1 from runs")) == 3


def _usable(ledger: Ledger, files: Files) -> None:
    """The model's files lie where its version says, and the deleted experiment is deleted."""
    (version,) = ledger.all("select root, description from registered_versions")
    assert files.read(version["root"].removeprefix("mlflow-artifacts:/") + "/MLmodel").startswith(b"artifact_path")
    assert version["description"] == "the first"
    gone = Experiments(ledger, "flights").find("gone")
    assert gone is not None and gone.state == "deleted"


def test_an_import_that_is_killed_again_and_again_ends_whole(tmp_path: Path) -> None:
    _history(tmp_path / "mlflow.db", runs=120, points=800)
    command = [sys.executable, "-m", "ninefold", "import", "mlflow", f"sqlite:///{tmp_path}/mlflow.db", "--no-artifacts"]
    home = {**os.environ, "NINEFOLD_HOME": str(tmp_path / "home"), "NINEFOLD_ANCHOR": str(tmp_path / "anchors")}
    began = time.monotonic()
    subprocess.run(command, cwd=tmp_path, env={**home, "NINEFOLD_HOME": str(tmp_path / "other")}, capture_output=True, check=True)
    whole = time.monotonic() - began  # on this machine, now
    chance, cut = random.Random(4), 0
    for _ in range(6):
        process = subprocess.Popen(command, cwd=tmp_path, env=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(whole * chance.uniform(0.3, 0.8))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            cut += 1
    assert cut > 0, "nothing was cut off: the history is too small for this machine"
    last = subprocess.run(command, cwd=tmp_path, env=home, capture_output=True, text=True, check=False)
    assert last.returncode == 0, last.stdout + last.stderr
    with Ledger.open(f"sqlite:///{tmp_path}/home/ledger.db", home=tmp_path / "home", anchors=tmp_path / "anchors") as ledger:
        assert [row[0] for row in ledger.all("select count(*) from points union all select count(*) from runs")] == [120 * 800, 120]
        assert len(ledger.facts(kind="run.imported")) == 120 and ledger.verify().ok


def _history(path: Path, *, runs: int, points: int) -> None:
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "create table experiments (experiment_id integer, name text, artifact_location text, lifecycle_stage text);"
            "create table runs (run_uuid text, name text, status text, start_time integer, end_time integer, lifecycle_stage text,"
            " artifact_uri text, experiment_id integer);"
            "create table metrics (key text, value real, timestamp integer, run_uuid text, step integer, is_nan integer);"
            "create index metrics_run on metrics (run_uuid); insert into experiments values (1, 'trees', '', 'active');"
        )
        for run in range(runs):
            connection.execute("insert into runs values (?, 'r', 'FINISHED', ?, ?, 'active', '', 1)", (f"r{run}", run + 1, run + 2))
            connection.executemany(
                "insert into metrics values ('loss', ?, ?, ?, ?, 0)", [(step / 7, step, f"r{run}", step) for step in range(points)]
            )
    connection.close()
