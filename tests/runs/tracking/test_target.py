"""Where the runs of a script go, and what is no such place."""

from pathlib import Path

import pytest

from ninefold.errors import UsageError
from ninefold.runs.tracking.target import LedgerTarget, ServerTarget, here, target_of


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("localhost:9793", "write http://localhost:9793"),
        ("foo", "write http://foo"),
        ("ftp://x", "write http://x"),
        ("me:secret@host:9", "write http://host:9"),
        ("http://", "write http://localhost:9009"),
        ("http://host:99999", "write http://localhost:9009"),
        ("http://a b", "write http://localhost:9009"),
        ("/srv/home", "a folder is named by NINEFOLD_HOME"),
        ("./home", "a folder is named by NINEFOLD_HOME"),
    ],
)
def test_what_is_no_address_is_refused_where_the_run_begins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str, hint: str) -> None:
    monkeypatch.setenv("NINEFOLD_URI", given)
    with pytest.raises(UsageError, match="NINEFOLD_URI is") as told:
        here()
    assert told.value.hint.startswith(hint) and "secret" not in str(told.value) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["http://localhost:9009", "https://ml.example.com/~churn", "HTTP://[::1]:9009"])
def test_an_address_is_a_server(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("NINEFOLD_URI", f" {given}")
    assert isinstance(target_of(here()[0]), ServerTarget)


def test_without_an_address_runs_go_into_the_home(tmp_path: Path) -> None:
    name, folder = here()
    assert isinstance(target_of(name), LedgerTarget) and folder == tmp_path / ".ninefold" / "spool"
    with pytest.raises(UsageError, match="no address"):
        target_of("localhost:9793")
