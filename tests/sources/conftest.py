from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ninefold as nf
from ninefold.config import Settings
from ninefold.lake import Lake
from ninefold.sources.read import Snapshot, snapshot


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        root=tmp_path,
        home=tmp_path / "home",
        environment="dev",
        project=None,
        ledger="",
        lake="",
        artifacts="",
        anchor=None,
        host="127.0.0.1",
        port=0,
        connections={},
    )


@pytest.fixture
def take(tmp_path: Path, settings: Settings) -> Callable[..., tuple[Snapshot, list[dict[str, Any]]]]:
    """Snapshot a source and give what it says, with all the rows that then lie in the lake."""
    table = Lake(tmp_path / "home" / "lake").table("shop/sources/rows")

    def run(source: nf.Source, state: dict[str, Any] | None = None) -> tuple[Snapshot, list[dict[str, Any]]]:
        taken = snapshot(source, name="rows", settings=settings, lake_table=table, state=state)
        return taken, table.read(taken.version).to_dicts()

    return run
