"""From the first release's state, filled by plain SQL and by its own code: everything is there afterwards, whenever the power goes."""

import lzma
import math
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from first_release import FILES, POINTS, RUNS, fill

from ninefold.ledger import Ledger
from ninefold.ledger.driver import REVISION, driver_of
from ninefold.ledger.migrations import applying
from ninefold.ledger.sqlite import statements
from ninefold.ledger.upgrade import MIGRATIONS, upgrade

MADE = Path(__file__).with_name("first_release.db.xz")
EXPERIMENTS = {
    ("p", 0, "Default", "mlflow-artifacts:/0", 1_000),
    ("p", 1, "ablation", "mlflow-artifacts:/1", 2_500),
    ("p", 2, "tuning", "mlflow-artifacts:/2", 3_000),
    ("q", 0, "Default", "mlflow-artifacts:/0", 500),
    ("q", 1, "tuning", "mlflow-artifacts:/1", 500),
}


@pytest.fixture
def old(new_url: str, tmp_path: Path) -> str:
    """The URL of a ledger of the first release on each database. It ran on SQLite alone: Postgres is filled from such a file."""
    path = tmp_path / ("home/ledger.db" if new_url.startswith("sqlite") else "old.db")
    fill(path)
    if not new_url.startswith("sqlite"):
        driver_of(new_url, tmp_path / "home")[0].fill(path)
    return new_url


def test_every_run_metric_file_and_fact_is_there_afterwards(old: str, tmp_path: Path) -> None:
    copy = upgrade(old, home=tmp_path / "home")
    assert copy is not None
    assert sqlite3.connect(copy).execute("select count(*) from metrics").fetchone() == (len(POINTS),)
    with Ledger.open(old, home=tmp_path / "home", anchors=tmp_path / "anchors") as ledger:
        is_whole(ledger)


def is_whole(ledger: Ledger) -> None:
    report = ledger.verify()
    assert report.ok, report.problems
    assert report.facts == len(RUNS)
    assert rows(ledger, "select project, id, name, root, created from experiments") == EXPERIMENTS
    numbers = {(project, name): id for project, id, name, _, _ in EXPERIMENTS}
    assert rows(ledger, "select id, project, experiment, name, status, started, ended, parent, source, actor from runs") == {
        (id, project, numbers[project, experiment], *rest) for id, project, experiment, *rest in RUNS
    }
    assert rows(ledger, "select s.run, s.key, p.step, p.at, p.value, p.nan from points p join series s on s.id = p.series") == set(POINTS)
    newest = {("r1", "loss", 1, 0.25, 0), ("r2", "loss", 3, math.inf, 0), ("r2", "auc", 0, 0.9, 0), ("r4", "größe 💡", 7, -1e-300, 0)}
    assert rows(ledger, "select run, key, step, value, nan from series") == newest
    paths = {"r1": "0/r1/artifacts/model/weights.txt", "r2": "2/r2/artifacts/plot.png"}
    assert rows(ledger, "select project, path, digest, size, at from artifacts") == {("p", paths[run], *rest) for run, _, *rest in FILES}
    for table in ("params", "tags"):
        assert len(rows(ledger, f"select run, key, value from {table}")) == len(RUNS)


def rows(ledger: Ledger, sql: str) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in ledger.all(sql)}


def test_what_the_first_release_itself_wrote_is_there_afterwards(new_url: str, tmp_path: Path) -> None:
    path = tmp_path / ("home/ledger.db" if new_url.startswith("sqlite") else "old.db")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(lzma.decompress(MADE.read_bytes()))
    if not new_url.startswith("sqlite"):
        driver_of(new_url, tmp_path / "home")[0].fill(path)
    upgrade(new_url, home=tmp_path / "home")
    with Ledger.open(new_url, home=tmp_path / "home", anchors=tmp_path / "anchors") as ledger:
        report = ledger.verify()
        assert report.ok, report.problems
        assert report.signed == report.facts > 5
        assert rows(ledger, "select id, name, status, parent from runs") == {
            ("01first", "one", "done", None),
            ("02second", "two", "running", "01first"),
            ("03third", "three", "failed", None),
        }
        assert rows(ledger, "select run, key, step, nan from series") == {
            ("01first", "loss", 4, 0),
            ("01first", "odd", 4, 0),
            ("02second", "größe 💡", 0, 0),
        }
        assert len(rows(ledger, "select series, step, at, value, nan from points")) == 11


NEW = len(list(statements((MIGRATIONS / "versions" / "0002_tracking.sql").read_text("utf-8"))))
FEW = [pytest.param(range(0, NEW, 24), id="few"), pytest.param(range(NEW + 1), id="each", marks=[pytest.mark.slow, pytest.mark.timeout(600)])]


@pytest.mark.parametrize("moments", FEW)
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_killed_at_a_statement_and_begun_again(tmp_path: Path, moments: range, monkeypatch: pytest.MonkeyPatch) -> None:
    import alembic.command  # noqa: F401  a warm parent: its children have nothing to import
    import sqlalchemy.dialects.sqlite  # noqa: F401

    for moment in moments:
        home = tmp_path / str(moment)
        fill(home / "ledger.db")
        child = os.fork()
        if child == 0:
            try:
                applying.statements = killed(moment)  # type: ignore[assignment]
                upgrade(f"sqlite:///{home}/ledger.db")
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] & 0x7F == signal.SIGKILL
        with closing(sqlite3.connect(home / "ledger.db")) as connection:
            assert connection.execute("select version_num from alembic_version").fetchall() == [("0001",)]
        upgrade(f"sqlite:///{home}/ledger.db")
        with Ledger.open(f"sqlite:///{home}/ledger.db", anchors=tmp_path / "anchors") as ledger:
            is_whole(ledger)
            assert ledger.driver.revision() == REVISION


def killed(moment: int) -> Any:
    def some(text: str) -> Iterator[str]:
        for i, statement in enumerate(statements(text)):
            if i == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            yield statement
        os.kill(os.getpid(), signal.SIGKILL)  # all is done but the commit

    return some
