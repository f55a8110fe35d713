"""A ledger with runs, on each database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.ledger import Ledger
from ninefold.runs import Runs
from ninefold.storage.blobs import Blobs
from ninefold.storage.local import LocalStore


@pytest.fixture
def runs(ledger_url: str, tmp_path: Path) -> Iterator[Runs]:
    """The runs of a new ledger."""
    with Ledger.open(ledger_url, home=tmp_path / "home", anchors=tmp_path / "anchors") as ledger:
        yield Runs(ledger, Blobs(LocalStore(tmp_path / "blobs")))
