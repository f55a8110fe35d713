"""How SQLite goes about a search of versions: those of a run are looked up by it."""

from pathlib import Path

import pytest

from ninefold.ledger import Ledger
from ninefold.models.registry.search import search_versions
from ninefold.runs.searching.filters import Comparison, Field, Sign

RUN = Field("attribute", "run")


@pytest.mark.parametrize(("sign", "value", "indexed"), [("=", "r", True), ("in", ("r", "s"), True), ("=", "", False), ("!=", "r", False)])
def test_versions_of_a_run_are_found_by_its_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sign: Sign, value: object, indexed: bool) -> None:
    asked: list[tuple[str, tuple[object, ...]]] = []
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db", anchors=tmp_path) as ledger:
        every = ledger.all
        monkeypatch.setattr(ledger, "all", lambda sql, *args: (asked.append((sql, args)), every(sql, *args))[1])
        search_versions(ledger, "p", [Comparison(RUN, sign, value)])  # type: ignore[arg-type]
        text, args = asked[-1]
        plan = [row["detail"] for row in every(f"explain query plan {text}", *args)]
    assert any("registered_versions_run" in step for step in plan) is indexed, plan
