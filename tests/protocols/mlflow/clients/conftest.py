"""MLflow's own clients, unmodified, each in an environment of its own (``make clients``), against a server in a process of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[3] / "server")]

from foreign import ROOT, Client
from live import Live

collect_ignore = ["scripts"]  # they run in those environments, not here


@pytest.fixture(params=["mlflow3", "mlflow2"])
def environment(request: pytest.FixtureRequest) -> Path:
    """The environment of one release; skipped where nobody made it."""
    found = ROOT / f".venv-{request.param}"
    if not (found / ".ninefold-setup").exists():
        pytest.skip(f"the clients of {request.param} are not installed: make clients")
    return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Live]:
    """``ninefold up`` in an empty folder."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "pyproject.toml").touch()
    with Live(home) as live:
        yield live


@pytest.fixture
def client(environment: Path, server: Live, tmp_path: Path) -> Client:
    """That release, told of that server."""
    folder = tmp_path / "work"
    folder.mkdir()
    return Client(environment, server, folder)
