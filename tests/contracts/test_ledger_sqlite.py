"""SQLite keeps what a ledger must keep."""

from pathlib import Path

import pytest

from ninefold.testing.ledger import LedgerContract


class TestSQLite(LedgerContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/home/ledger.db"
