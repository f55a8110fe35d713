"""Traces of the real client of release 3, against a server of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PYTHON = Path(__file__).parents[3] / ".venv-mlflow3" / "bin" / "python"
SCRIPT = Path(__file__).parent / "clients" / "scripts" / "tracing.py"
pytestmark = [pytest.mark.slow, pytest.mark.clients, pytest.mark.skipif(not PYTHON.exists(), reason="the real client is not here: make clients")]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A server without a project."""
    process = subprocess.Popen([sys.executable, "-m", "ninefold", "up", "--port", "0"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        yield line.split(" is up at ")[1].split(" ")[0]
    finally:
        process.kill()
        process.wait()


def test_traces_of_an_unmodified_client(server: str, tmp_path: Path) -> None:
    environment = {**os.environ, "MLFLOW_TRACKING_URI": server, "GIT_PYTHON_REFRESH": "quiet"}
    done = subprocess.run([str(PYTHON), str(SCRIPT)], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
