"""The tracking server, and its database, killed again and again under load from eight clients: what was acknowledged is there, once.

`NINEFOLD_KILLS` says how many lives they have.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path += [str(Path(__file__).parent), str(Path(__file__).parent.parent / "server")]

from live import Live
from load import Client

from ninefold.config import load as settings_of
from ninefold.project.home import Home
from ninefold.runs.artifacts import Files

KILLS = int(os.environ.get("NINEFOLD_KILLS", "5"))
CLIENTS = 8

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 20 * KILLS)]


def test_killed_under_load_nothing_acknowledged_is_lost(either_database: None, tmp_path: Path) -> None:
    def kill(servers: list[Live]) -> None:
        servers[-1].stop(signal.SIGKILL)
        servers.append(Live(tmp_path))

    _under_load(tmp_path, kill, KILLS)


def test_its_database_killed_under_load_nothing_acknowledged_is_lost(postgres_to_kill: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(servers: list[Live]) -> None:
        postgres_to_kill.kill()
        time.sleep(0.2)
        postgres_to_kill.start()

    monkeypatch.setenv("NINEFOLD_LEDGER", postgres_to_kill.url)
    _under_load(tmp_path, kill, 1 + KILLS // 2)  # it takes longer to come back


def _under_load(folder: Path, kill: Callable[[list[Live]], None], kills: int) -> None:
    (folder / "pyproject.toml").touch()
    chance, servers = random.Random(kills), [Live(folder)]
    clients = [Client(lambda: servers[-1].port, number) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for _ in range(kills):
        _progress(clients)
        time.sleep(chance.random() * 0.3)
        kill(servers)
    _progress(clients)
    for client in clients:
        client.over.set()
    for client in clients:
        client.join(60)
        assert not client.is_alive()
        assert client.error is None, client.error
    if len(servers) > 1:  # one server lets its callers wait while its database is gone
        assert sum(client.failed for client in clients) > 0, "nothing was cut off"
    assert servers[-1].stop(signal.SIGTERM) == 0
    for server in servers:
        server.process.communicate()
    with Home(settings_of(folder), "default") as home:
        _whole(home, clients)


def _progress(clients: list[Client]) -> None:
    """Wait until each client has been heard a few times more."""
    before, deadline = [client.acknowledged for client in clients], time.monotonic() + 30
    while any(client.acknowledged < past + 5 for client, past in zip(clients, before, strict=True)):
        assert time.monotonic() < deadline, [client.error for client in clients]
        time.sleep(0.01)


def _whole(home: Home, clients: list[Client]) -> None:
    """All that was acknowledged is there, and nothing that was asked for twice is there twice."""
    ledger, files = home.ledger, Files(home.ledger, home.blobs, "default")
    rows = ledger.all("select s.run, s.key, p.step, p.value, p.at from points p join series s on s.id = p.series")
    points = [(row["run"], (row["key"], row["step"], row["value"])) for row in rows]
    assert len(points) == len(set(points))
    assert set(points) == {(run, point) for client in clients for run, some in client.points.items() for point in some}
    for table in ("params", "tags"):
        found = {(row["run"], row["key"]): row["value"] for row in ledger.all(f"select run, key, value from {table}")}
        wanted = {(run, key): value for client in clients for run, some in getattr(client, table).items() for key, value in some.items()}
        assert found == wanted
    assert sorted(row["id"] for row in ledger.all("select id from runs")) == sorted(run for client in clients for run in client.points)
    for client in clients:
        versions = ledger.all("select source, version from registered_versions where name = ? order by version", client.model)
        assert [(row["source"], row["version"]) for row in versions] == list(client.versions.items())
        assert [row["version"] for row in versions] == list(range(1, len(versions) + 1))
        for path, digest in client.files.items():
            assert files.find(path).digest == digest  # type: ignore[union-attr]
            assert len(files.read(path)) > 0  # verified by its digest
    begun = [fact.subject for fact in ledger.facts(kind="run.started")]
    assert len(begun) == len(set(begun)) == sum(len(client.points) for client in clients)
    report = ledger.verify()
    assert report.ok, report.problems
