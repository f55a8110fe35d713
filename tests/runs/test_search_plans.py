"""How SQLite goes about a search: in the order of an index, never by sorting an experiment."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.ledger import Ledger
from ninefold.runs.searching.asking import OURS, read_signed
from ninefold.runs.searching.grammar import read_filter
from ninefold.runs.searching.runs import search_runs

sys.path.append(str(Path(__file__).parents[2] / "benchmarks" / "tracking"))

from seeding import seed


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    folder = tmp_path_factory.mktemp("plans")
    with Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder) as ledger:
        seed(ledger, "p", "many", 3000)
        yield ledger


@pytest.mark.parametrize(
    ("where", "order", "index"),
    [
        ("", "", "runs_experiment"),
        ("", "-metrics.auc", "series_value"),
        ("metrics.auc > 0.2", "-metrics.auc", "series_value"),
        ("metrics.auc > 0.2", "metrics.loss", "series_value"),
        ("metrics.auc > 0.1 and params.model != 'x'", "", "runs_experiment"),
        ("params.note like '%word77 %'", "", "sqlite_autoindex_runs"),
        ("tags.release = 'r7'", "-metrics.auc", "sqlite_autoindex_runs"),
    ],
)
def test_a_page_is_a_walk_along_an_index(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, where: str, order: str, index: str) -> None:
    asked: list[tuple[str, tuple[object, ...]]] = []
    every = ledger.all
    monkeypatch.setattr(ledger, "all", lambda sql, *args: (asked.append((sql, args)), every(sql, *args))[1])
    token = None
    for _ in range(2):  # the page after the first is found in the same way
        asked.clear()
        _, token = search_runs(ledger, "p", [1], read_filter(where, OURS), order=read_signed(order), limit=20, token=token)
        text, args = asked[-1]
        plan = [row["detail"] for row in every(f"explain query plan {text}", *args)]
        assert any(index in step for step in plan), plan
        if index != "sqlite_autoindex_runs":  # few runs are sorted
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan, plan
        if token is None:
            break
