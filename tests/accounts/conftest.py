"""A home with accounts, and the application of its server. Hashing a password takes as long as in a server."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from asking import PASSWORD, Client

from ninefold import config
from ninefold.accounts import Accounts
from ninefold.ledger import Ledger
from ninefold.project.home import Home
from ninefold.server.app import build
from ninefold.server.runtime import Runtime


@pytest.fixture
def ledger(ledger_url: str, tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(ledger_url, home=tmp_path / "home", anchors=tmp_path, actor="tester") as opened:
        yield opened


@pytest.fixture
def accounts(ledger: Ledger) -> Accounts:
    return Accounts(ledger)


@pytest.fixture
def home(either_database: None, tmp_path: Path) -> Iterator[Home]:
    (tmp_path / "pyproject.toml").write_text("[tool.ninefold]\n")
    with Home(config.load(tmp_path), "alpha") as opened:
        yield opened


@pytest.fixture
def client(home: Home) -> Iterator[Client]:
    made = Client(build(Runtime(home)))
    yield made
    made.close()


@pytest.fixture
def people(home: Home) -> Accounts:
    """The accounts of the home: ada administers."""
    accounts = Accounts(home.ledger)
    accounts.people.add("ada", password=PASSWORD, email="ada@example.org", full_name="Ada Lovelace")
    accounts.grants.give("ada", "administrator")
    return accounts
