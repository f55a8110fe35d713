"""A ledger in a fresh directory; its anchors lie beside it, not in the user's home."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.ledger import Ledger

sys.path.append(str(Path(__file__).parent))  # the first release's state is made by a module beside the tests


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def anchors(tmp_path: Path) -> Path:
    return tmp_path / "anchors"


@pytest.fixture
def ledger(home: Path, anchors: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{home}/ledger.db", anchors=anchors) as opened:
        yield opened
