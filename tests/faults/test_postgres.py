"""A ledger in Postgres under faults: its writers killed, its server killed under load, its connections cut at the worst moment.

`NINEFOLD_KILLS` says how many lives the long loops have.
"""

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ninefold.errors import NinefoldError, StoppedError
from ninefold.ledger import Ledger
from ninefold.ledger.postgres_session import PostgresWriter

KILLS = int(os.environ.get("NINEFOLD_KILLS", "10"))
CLIENTS = 8
WRITER = """
import sys, threading
from pathlib import Path
from ninefold.ledger import Ledger
url, home, anchors, life = sys.argv[1:]
ledger = Ledger.open(url, home=Path(home), anchors=Path(anchors))
lock = threading.Lock()
def client(c):
    for n in range(10**6):
        name = f"{life}-{c}-{n}"
        def write(tx):
            tx.add("meta", [{"name": name, "value": "v"}])
            tx.fact("a.x", f"p/t@{name}")
        ledger.write(write)
        with lock:
            print(name, flush=True)
threads = [threading.Thread(target=client, args=(c,)) for c in range(8)]
[thread.start() for thread in threads]
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 20 * KILLS)]


def stored(ledger: Ledger) -> list[str]:
    """What is there, each once, in rows and facts alike."""
    names = [row["name"] for row in ledger.all("select name from meta where name <> 'origin'")]
    said = [fact.subject.removeprefix("p/t@") for fact in ledger.facts(kind="a.x")]
    assert sorted(said) == sorted(names)
    report = ledger.verify()
    assert report.ok, report.problems
    return names


def test_writers_killed_again_and_again_lose_nothing_acknowledged(postgres_url: str, tmp_path: Path) -> None:
    acknowledged, chance = list[str](), random.Random(KILLS)
    for life in range(KILLS):
        arguments = [postgres_url, str(tmp_path / "home"), str(tmp_path / "anchors"), str(life)]
        writers = [subprocess.Popen([sys.executable, "-c", WRITER, *arguments[:3], f"{life}{w}"], stdout=subprocess.PIPE, text=True) for w in "ab"]
        first = [writer.stdout.readline() for writer in writers]  # type: ignore[union-attr]
        time.sleep(chance.random() * 0.2)
        for writer in writers:
            writer.kill()
        rest = [line for writer in writers for line in writer.communicate()[0].splitlines(keepends=True)]
        acknowledged += [line.strip() for line in [*first, *rest] if line.endswith("\n")]
    with Ledger.open(postgres_url, home=tmp_path / "home", anchors=tmp_path / "anchors") as ledger:
        found = stored(ledger)
    assert set(acknowledged) <= set(found)
    assert len(acknowledged) > KILLS * CLIENTS


class Load:
    """Eight clients that write until told to stop: what was acknowledged, what was refused, and what is unknown."""

    def __init__(self, ledgers: list[Ledger]) -> None:
        self.done, self.refused, self.unknown = list[str](), list[str](), list[str]()
        self._ledgers, self._over = ledgers, threading.Event()
        self._threads = [threading.Thread(target=self._client, args=(c,)) for c in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _client(self, c: int) -> None:
        n = 0
        while not self._over.is_set():
            n += 1
            name = f"{c}-{n}"

            def write(tx: Any, name: str = name) -> None:
                tx.add("meta", [{"name": name, "value": "v"}])
                tx.fact("a.x", f"p/t@{name}")

            try:
                self._ledgers[c % len(self._ledgers)].write(write)
            except NinefoldError as error:
                (self.unknown if "not known" in error.message else self.refused).append(name)
            else:
                self.done.append(name)

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


def test_a_server_killed_under_load_loses_nothing_acknowledged(postgres_to_kill: Any, tmp_path: Path) -> None:
    chance = random.Random(KILLS)
    ledgers = [Ledger.open(postgres_to_kill.url, home=tmp_path / "home", anchors=tmp_path / "anchors") for _ in range(2)]
    load = Load(ledgers)
    for _ in range(KILLS):
        before = len(load.done)
        time.sleep(0.2 + chance.random() * 0.3)
        postgres_to_kill.kill()
        time.sleep(chance.random() * 0.5)
        postgres_to_kill.start()
        deadline = time.monotonic() + 30
        while len(load.done) < before + 100 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(load.done) > before
    load.stop()
    found = stored(ledgers[0])
    assert set(load.done) <= set(found)
    assert not set(load.refused) & set(found)
    assert len(load.unknown) == 0  # each commit whose answer was lost was found again, or known not to have been
    for ledger in ledgers:
        ledger.close()


def test_connections_cut_while_they_commit_double_nothing(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger.open(postgres_url, home=tmp_path / "home", anchors=tmp_path / "anchors")
    ledger.record("a.x", "p/t@origin")
    chance, simple = random.Random(5), PostgresWriter._simple

    def cut(session: PostgresWriter, text: str) -> None:
        """Before the commit was heard, or after it was done and before we heard of it."""
        moment = chance.random() if "commit" in text else 1.0
        if moment < 0.2:
            session.connection.close()
        simple(session, text)
        if moment > 0.8 and "commit" in text:
            session.connection.close()
            raise psycopg.OperationalError("the connection is lost")

    monkeypatch.setattr(PostgresWriter, "_simple", cut)
    load = Load([ledger])
    time.sleep(3)
    load.stop()
    monkeypatch.undo()
    assert len(load.done) > 100
    assert (load.refused, load.unknown) == ([], [])
    assert sorted(load.done) == sorted(row["name"] for row in ledger.all("select name from meta where name <> 'origin'"))
    assert ledger.verify().ok
    ledger.close()


def test_a_commit_that_nobody_can_be_asked_about_is_said_to_be_unknown(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger.open(postgres_url, home=tmp_path / "home", anchors=tmp_path / "anchors")
    ledger.record("a.x", "p/t")
    simple = PostgresWriter._simple

    def lost(session: PostgresWriter, text: str) -> None:
        simple(session, text)
        if "commit" in text:
            session.connection.close()
            session._patience = 0.0
            monkeypatch.setattr(ledger.driver, "_connect", refused)
            raise psycopg.OperationalError("the connection is lost")

    def refused(*_: object) -> None:
        raise psycopg.OperationalError("connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(PostgresWriter, "_simple", lost)
        with pytest.raises(StoppedError, match="not known"):
            ledger.record("a.x", "p/t")
        with pytest.raises(StoppedError, match="cannot be reached"):
            ledger.record("a.x", "p/t")
    monkeypatch.undo()
    assert ledger.record("a.x", "p/t").seq == 3
    ledger.close()
