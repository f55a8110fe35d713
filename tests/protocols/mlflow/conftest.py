"""The protocol's endpoints in this process, asked in plain HTTP; and its real clients, each from an environment of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.config import load
from ninefold.project.home import Home

sys.path.append(str(Path(__file__).parent))

from asked import Asked


@pytest.fixture
def own_home(either_database: None, tmp_path: Path) -> Iterator[Home]:
    """The home of a server without a project."""
    with Home(load(tmp_path), "") as home:
        yield home


@pytest.fixture
def asked(own_home: Home) -> Asked:
    """All endpoints over that home."""
    return Asked(own_home)


@pytest.fixture
def run(asked: Asked) -> str:
    """The id of a run of the default experiment."""
    return asked.begin()
