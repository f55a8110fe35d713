"""Opening a ledger: cheap, and clear about what is wrong."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ninefold.errors import ConflictError, CorruptError, HeldError, UsageError
from ninefold.ledger import Ledger
from ninefold.ledger.checkpoint import Signer
from ninefold.ledger.roles import Role
from ninefold.ledger.sqlite_files import refuse_network
from ninefold.storage import FileLock


def test_opening_and_reading_loads_no_engine(ledger: Ledger) -> None:
    ledger.record("a.x", "p/t")
    code = f"""
import sys
from ninefold.ledger import Ledger
ledger = Ledger.open({ledger.driver.url!r})
assert ledger.head() == 1 and ledger.facts()
ledger.close()
print([name for name in ("sqlalchemy", "alembic", "cryptography", "polars", "numpy", "asyncio") if name in sys.modules])
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(("revision", "hint"), [("0000", "ninefold upgrade"), ("9999", "newer")])
def test_another_schema_says_what_to_do(ledger: Ledger, home: Path, revision: str, hint: str) -> None:
    with sqlite3.connect(home / "ledger.db") as connection:
        connection.execute("update alembic_version set version_num = ?", (revision,))
    with pytest.raises(ConflictError, match=revision) as caught:
        Ledger.open(ledger.driver.url)
    assert hint in caught.value.hint


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(CorruptError, match="damaged"):
        Ledger.open(f"sqlite:///{tmp_path}/ledger.db")


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("create table t (a)")
    with pytest.raises(UsageError, match="no ledger"):
        Ledger.open(f"sqlite:///{tmp_path}/other.db")


@pytest.mark.parametrize("url", ["ledger.db", "sqlite://", "sqlite:///", "mysql://x/y"])
def test_a_wrong_url_says_how_to_write_it(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Ledger.open(url)
    assert "sqlite:///" in caught.value.hint


def test_postgres_needs_a_home_beside_it() -> None:
    with pytest.raises(UsageError, match="home"):
        Ledger.open("postgresql://host/db")


def test_a_network_file_system_is_refused(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n")
    refuse_network(Path("/elsewhere/ledger.db"), mounts)
    with pytest.raises(ConflictError, match="nfs4"):
        refuse_network(tmp_path / "ledger.db", mounts)


def test_a_role_says_who_holds_it(home: Path) -> None:
    with Role(home, "server").hold("ninefold up"), pytest.raises(HeldError, match=r"ninefold up .pid"), Role(home, "server").hold("another"):
        pass
    assert Role(home, "server").holder() is None


def test_asking_who_holds_a_role_does_not_keep_anybody_from_it(home: Path) -> None:
    role = Role(home, "server")
    with role.hold("made"):
        pass
    asking = FileLock(home / "locks" / "role-server.lock", shared=True)  # as holder() has it for an instant
    assert asking.acquire(0)
    threading.Timer(0.01, asking.release).start()
    with role.hold("ninefold up"):
        assert role.holder() is not None


def test_two_processes_that_sign_first_have_one_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Signer(home / "keys"), Signer(home / "keys")
    exists = Path.exists

    def quicker(path: Path) -> bool:
        monkeypatch.setattr(Path, "exists", exists)
        first.public()  # between the look and the writing
        return False

    monkeypatch.setattr(Path, "exists", quicker)
    assert second.public() == first.public()


def test_a_damaged_key_is_named(home: Path) -> None:
    Signer(home / "keys").public()
    (home / "keys" / "ledger.key").write_text("no key")
    with pytest.raises(CorruptError, match="key is damaged"):
        Signer(home / "keys").public()


def test_facts_cannot_be_changed_by_accident(ledger: Ledger) -> None:
    ledger.record("a.x", "p/t")
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        ledger.write(lambda tx: tx.execute("update facts set kind = 'b'"))
    with pytest.raises(sqlite3.IntegrityError, match="never removed"):
        ledger.write(lambda tx: tx.execute("delete from facts"))


def test_reading_cannot_write(ledger: Ledger) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        ledger.all("delete from runs")


@pytest.mark.parametrize("left", [None, b""])
def test_a_ledger_that_vanished_is_not_begun_anew_in_silence(ledger: Ledger, home: Path, left: bytes | None) -> None:
    ledger.record("a.x", "p/t")
    ledger.close()
    (home / "ledger.db").unlink()
    if left is not None:
        (home / "ledger.db").write_bytes(left)
    with pytest.raises(CorruptError, match="gone"):
        Ledger.open(ledger.driver.url)
