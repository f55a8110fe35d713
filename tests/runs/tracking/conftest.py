"""Scripts in processes of their own, and what arrived."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parents[1] / "server")]  # what these tests share, and the server that a person would start

from arriving import Arrived  # noqa: E402

Script = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Script]:
    """Start a script; ``nf`` and ``sys`` are imported. It gets the variables given; files it makes lie in the test's folder."""
    started: list[subprocess.Popen[str]] = []

    def start(text: str, **variables: str) -> "subprocess.Popen[str]":
        file = tmp_path / "work.py"
        file.write_text("import sys\nimport ninefold as nf\n" + textwrap.dedent(text))
        environment = {k: v for k, v in os.environ.items() if not k.startswith("NINEFOLD_")}
        environment |= {"XDG_STATE_HOME": str(tmp_path / "state"), "NINEFOLD_ANCHOR": str(tmp_path / "anchors"), **variables}
        process = subprocess.Popen(
            [sys.executable, str(file)],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def arrived(tmp_path: Path) -> Arrived:
    return Arrived(tmp_path / ".ninefold")
