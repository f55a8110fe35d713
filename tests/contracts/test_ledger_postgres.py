"""Postgres keeps what a ledger must keep."""

import pytest

from ninefold.testing.ledger import LedgerContract


@pytest.mark.slow
class TestPostgres(LedgerContract):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url
