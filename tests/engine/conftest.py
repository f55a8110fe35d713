"""A ledger on disk for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'home' / 'ledger.db'}", home=tmp_path / "home", anchors=tmp_path / "anchors") as opened:
        yield opened
