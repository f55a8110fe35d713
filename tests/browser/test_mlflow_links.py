"""The addresses that MLflow's clients print after a run lead to that run's page here."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ninefold import config
from ninefold.project.home import Home
from ninefold.runs.records import Runs

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_addresses_that_clients_print(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    with Home(config.load(tmp_path), "default") as home:
        run = Runs(home.ledger).start("default", "trees", name="brisk-otter-1")
    command = [sys.executable, "-m", "ninefold", "up", "--port", "0", "--json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_WAIT_POLICY": "passive"}) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        window = browser.new_context().new_page()
        for prefix in ("", "/~default"):
            for fragment, path in ((f"#/experiments/1/runs/{run.id}", f"/runs/{run.id}"), ("#/experiments/1", "/experiments")):
                window.goto("about:blank")
                window.goto(f"{url}{prefix}/{fragment}")
                window.wait_for_url(f"**{prefix}{path}")
                assert window.locator("h1").count() == 1
        process.terminate()
