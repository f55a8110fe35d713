"""Each test has anchors of its own: copies of one home share their ledger's name, and would vouch against each other."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_anchors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
