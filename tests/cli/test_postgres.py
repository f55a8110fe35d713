"""A project whose ledger is in Postgres: made, run, released, asked, served, carried away and brought back."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent.parent / "server"))

import building
from live import Live

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_project_lives_on_postgres(
    ninefold: Callable[..., Any], new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "parcels"
    # the settings refer to it; no message and no page shows it
    monkeypatch.setenv("LEDGER_URL", new_database())
    monkeypatch.setenv("NINEFOLD_LEDGER", "env:LEDGER_URL")
    building.build(folder)
    assert not (folder / ".ninefold" / "ledger.db").exists()
    for words in (("run",), ("status",), ("runs", "list"), ("doctor", "--deep"), ("audit", "verify"), ("why", "forecast"), ("upgrade",)):
        said = ninefold(*words, at=folder)
        assert said.code == 0, (words, said)
    assert ninefold("audit", "export", tmp_path / "out").code == 0
    assert subprocess.run([sys.executable, "-I", tmp_path / "out" / "verify.py"], capture_output=True, check=False).returncode == 0
    with Live(folder) as live:
        assert live.call("GET", "/health")[0] == 200
        assert live.stop(signal.SIGTERM) == 0
    made = json.loads(ninefold("backup", tmp_path / "kept", "--json").out)
    shutil.rmtree(folder / ".ninefold")
    monkeypatch.setenv("LEDGER_URL", new_database())
    said = ninefold("restore", tmp_path / "kept")
    assert said.code == 0, said
    assert f"{made['facts']} facts" in said.out
    for words in (("doctor", "--deep"), ("audit", "verify"), ("card", "forecast@1")):
        said = ninefold(*words)
        assert said.code == 0, (words, said)
