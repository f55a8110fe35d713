"""What unmodified clients registered, answering at endpoints: as their libraries say; a pickle only after it was converted."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from foreign import Client
from live import Live

SCRIPTS = Path(__file__).parent / "scripts"
pytestmark = [pytest.mark.slow, pytest.mark.clients, pytest.mark.timeout(500)]
FILE = """import ninefold as nf

boosted = nf.Endpoint("models:/boosted@champion")
trees = nf.Endpoint("models:/trees/1")
pickled = nf.Endpoint("models:/pickled@latest")
"""


def command(folder: Path, *words: str) -> tuple[int, Any]:
    done = subprocess.run([sys.executable, "-m", "ninefold", *words, "--json"], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout) if done.returncode == 0 else done.stderr + done.stdout


def test_registered_versions_answer_as_their_libraries_do(environment: Path, tmp_path: Path) -> None:
    folder, work = tmp_path / "shop", tmp_path / "work"
    folder.mkdir()
    work.mkdir()
    (folder / "pyproject.toml").write_text('[tool.ninefold]\nproject = "shop"\n')
    (folder / "shop.py").write_text(FILE)
    with Live(folder) as server:
        expected = Client(environment, server, work).python(SCRIPTS / "registering.py")
        for name in ("boosted", "trees"):
            assert command(folder, "deploy", name)[0] == 0
        code, said = command(folder, "deploy", "pickled")
        assert code != 0
        assert "ninefold models convert models:/pickled/1" in said
        code, made = command(folder, "models", "convert", "models:/pickled/1", "--trust")
        assert code == 0, made
        assert command(folder, "deploy", "pickled")[1]["version"] == 2
    with Live(folder) as server:
        found = {name: server.post(f"/predict/{name}", {"wind speed": 1.5, "hour": 3.0})["score"] for name in expected}
    assert found == pytest.approx(expected, abs=1e-6)
