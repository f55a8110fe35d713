"""A ledger in Postgres: carried away and brought back, kept away from other programs, and never showing its password."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ninefold.errors import ConflictError, StoppedError, UsageError
from ninefold.ledger import Ledger
from ninefold.ledger.backup import backup, restore
from ninefold.ledger.doctor import examine
from ninefold.ledger.driver import driver_of

pytestmark = pytest.mark.slow


@pytest.fixture
def there(postgres_url: str, home: Path, anchors: Path) -> Iterator[Ledger]:
    with Ledger.open(postgres_url, home=home, anchors=anchors) as opened:
        yield opened


def fill(ledger: Ledger) -> None:
    def rows(tx) -> None:
        tx.add("runs", [{"id": "r", "project": "p", "experiment": 0, "name": "é💡\\\t\n", "status": "done", "started": 1, "updated": -(2**63)}])
        tx.add("params", [{"run": "r", "key": k, "value": v} for k, v in (("a", '"{},\\N'), ("B", ""))])
        ids = [
            tx.one("insert into series (run, key, project, experiment, step, at, value) values ('r', ?, 'p', 0, 0, 0, 0.1) returning id", k)["id"]
            for k in "ab"
        ]
        tx.many("insert into points (series, step, at, value) values (?, ?, ?, ?)", [(i, n, 0, 10.0 ** (n - 320)) for i in ids for n in range(600)])
        tx.add(
            "webhooks",
            [{"id": "w", "project": "p", "name": "n", "url": "u", "events": "[]", "secret": bytes(range(256)), "created": 1, "updated": 1}],
        )
        small = {hashlib.sha256(data).hexdigest(): data for data in (b"", bytes(range(256)) * 64)}
        tx.add("contents", [{"digest": digest, "data": data} for digest, data in small.items()])
        tx.add("artifacts", [{"project": "p", "path": digest, "digest": digest, "size": len(data), "at": 1} for digest, data in small.items()])
        tx.fact("run.done", "p/run/r", {"text": "\x00é"})

    ledger.write(rows)


def contents(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    tables = ("runs", "params", "series", "points", "webhooks", "contents", "artifacts", "meta", "facts", "tree", "checkpoints", "signers")
    return {table: sorted(tuple(row) for row in ledger.all(f"select * from {table}")) for table in tables}


@pytest.mark.parametrize(("first", "second"), [("postgres", "postgres"), ("postgres", "sqlite"), ("sqlite", "postgres")])
def test_a_backup_comes_back_into_any_database(
    first: str, second: str, postgres_url: str, postgres_other: str, home: Path, anchors: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    source = postgres_url if first == "postgres" else f"sqlite:///{home}/ledger.db"
    target = postgres_other if second == "postgres" else None
    with Ledger.open(source, home=home, anchors=anchors) as ledger:
        fill(ledger)
        ledger.checkpoint()
        before = contents(ledger)
        manifest = backup(ledger, tmp_path / "backup")
        assert manifest.facts == 1
    fact = restore(tmp_path / "backup", again, url=target, anchors=anchors)
    assert fact.seq == 2
    assert (again / "ledger.db").exists() == (second == "sqlite")
    with Ledger.open(target or f"sqlite:///{again}/ledger.db", home=again, anchors=anchors) as ledger:
        report = ledger.verify()
        assert report.ok, report.problems
        after = contents(ledger)
        for table in ("runs", "params", "series", "points", "webhooks", "contents", "artifacts", "meta"):
            assert after[table] == before[table]
        fresh = ledger.write(
            lambda tx: tx.one("insert into series (run, key, project, experiment, step, at, value) values ('r', 'c', 'p', 0, 0, 0, 0) returning id")
        )
        assert fresh["id"] > max(row[0] for row in before["series"])
    assert examine(again, url=target, deep=True, anchors=anchors) == []


def test_a_restore_that_was_interrupted_goes_on(there: Ledger, postgres_other: str, anchors: Path, tmp_path: Path) -> None:
    fill(there)
    backup(there, tmp_path / "backup")
    driver_of(postgres_other, tmp_path)[0].fill(tmp_path / "backup" / "home" / "ledger.db")
    assert restore(tmp_path / "backup", tmp_path / "again", url=postgres_other, anchors=anchors).seq == 2
    with pytest.raises(ConflictError, match="already"):
        restore(tmp_path / "backup", tmp_path / "third", url=postgres_other, anchors=anchors)


def test_what_was_said_stays_said(there: Ledger, postgres_url: str) -> None:
    there.record("a.x", "p/t")
    there.checkpoint()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for statement in (
            "update facts set at = 0",
            "delete from facts",
            "truncate facts",
            "delete from checkpoints",
            "update checkpoints set at = 0",
        ):
            with pytest.raises(psycopg.IntegrityError, match="is never"):
                connection.execute(statement)
        connection.execute("alter table facts disable trigger all")
        connection.execute("update facts set at = 0")
    assert not there.verify().ok


def test_a_database_of_another_program_is_refused(postgres_url: str, home: Path) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("create table experiments (id int)")
    with pytest.raises(UsageError, match="another program"):
        Ledger.open(postgres_url, home=home)


def test_a_ledger_that_is_gone_is_not_made_again(postgres_url: str, postgres_other: str, home: Path, anchors: Path) -> None:
    with Ledger.open(postgres_url, home=home, anchors=anchors) as ledger:
        ledger.record("a.x", "p/t")
    with pytest.raises(Exception, match="is gone"):
        Ledger.open(postgres_other, home=home, anchors=anchors)


@pytest.mark.parametrize("password", ["s3cret-w0rd", "p%40ss-w0rd", "two words", "a/b@c:d-w0rd"])
def test_a_password_is_never_shown(password: str, home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("LEDGER_PASSWORD", password)
    monkeypatch.setenv("LEDGER_URL", f"postgresql://me:{password}@127.0.0.1:9/x")
    for url in ("postgresql://me:${LEDGER_PASSWORD}@127.0.0.1:9/x", f"postgresql://me:{password}@127.0.0.1:9/x", "env:LEDGER_URL"):
        with pytest.raises((StoppedError, UsageError)) as caught:
            Ledger.open(url, home=home)
        for word in ("w0rd", "two words"):
            assert word not in f"{caught.value} {caught.value.hint} {caplog.text}", url


def test_commits_are_on_disk_whatever_the_database_says(postgres_url: str, home: Path, anchors: Path) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = connection.execute("select current_database()").fetchone()[0]  # type: ignore[index]
        connection.execute(f"alter database {name} set synchronous_commit = off")
    with Ledger.open(postgres_url, home=home, anchors=anchors) as ledger:
        assert ledger.write(lambda tx: tx.one("select current_setting('synchronous_commit') as said"))["said"] == "on"


def test_a_nul_character_is_named(there: Ledger) -> None:
    for write in (
        lambda tx: tx.add("meta", [{"name": "a\x00", "value": "v"}]),
        lambda tx: tx.add("meta", [{"name": f"{i}\x00", "value": "v"} for i in range(3)]),
        lambda tx: tx.fact("a.x", "p/\x00"),
    ):
        with pytest.raises(UsageError, match="NUL"):
            there.write(write)
    assert there.head() == 0
    assert there.record("a.x", "p/t").seq == 1
