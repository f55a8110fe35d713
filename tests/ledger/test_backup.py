"""Backup, restore, doctor: a home there and back, verified; what is broken is found and explained."""

import os
from pathlib import Path

import pytest

from ninefold.errors import ConflictError, CorruptError, NotFoundError
from ninefold.ledger import Ledger
from ninefold.ledger.backup import backup, check, restore
from ninefold.ledger.doctor import Finding, examine
from ninefold.storage.blobs import Blobs
from ninefold.storage.local import LocalStore


@pytest.fixture
def full(ledger: Ledger, home: Path) -> Ledger:
    """A home with facts, a blob that a run names, and a Delta log."""
    digest = Blobs(LocalStore(home / "blobs")).add(b"weights")

    def fill(tx) -> None:
        tx.add("runs", [{"id": "r", "project": "p", "experiment": 0, "name": "n", "status": "done", "started": 1, "updated": 1}])
        tx.add("artifacts", [{"project": "p", "path": "0/r/artifacts/model.txt", "digest": digest, "size": 7, "at": 1}])
        tx.fact("run.done", "p/run/r")

    ledger.write(fill)
    log = home / "lake" / "p" / "_delta_log"
    log.mkdir(parents=True)
    (log / "00000000000000000000.json").write_text("{}")
    return ledger


def test_a_restored_home_is_the_old_one_and_one_fact(full: Ledger, home: Path, anchors: Path, tmp_path: Path) -> None:
    manifest = backup(full, tmp_path / "backup")
    full.record("later.x", "p/t")
    full.checkpoint()
    fact = restore(tmp_path / "backup", tmp_path / "again", anchors=anchors)
    assert (fact.kind, fact.seq, fact.body["facts"]) == ("restore.made", manifest.facts + 1, 1)
    assert {name for name in manifest.files if "key" not in name} == {"ledger.db", "lake/p/_delta_log/00000000000000000000.json", *blob_names(home)}
    with Ledger.open(f"sqlite:///{tmp_path}/again/ledger.db", anchors=anchors) as ledger:
        report = ledger.verify()
        assert report.ok, report.problems
        assert [f.kind for f in ledger.facts()] == ["run.done", "restore.made"]
    assert full.last("backup.made", "home") is not None
    assert examine(tmp_path / "again", deep=True, anchors=anchors) == []


def blob_names(home: Path) -> set[str]:
    return {path.relative_to(home).as_posix() for path in (home / "blobs").glob("*/*")}


def test_a_private_key_stays_private(full: Ledger, anchors: Path, tmp_path: Path) -> None:
    full.checkpoint()
    backup(full, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "again", anchors=anchors)
    assert (tmp_path / "again" / "keys" / "ledger.key").stat().st_mode & 0o777 == 0o600


def test_a_damaged_backup_is_refused_and_leaves_nothing(full: Ledger, tmp_path: Path) -> None:
    backup(full, tmp_path / "backup")
    (blob,) = (tmp_path / "backup" / "home" / "blobs").glob("*/*")
    os.chmod(blob, 0o600)
    blob.write_bytes(b"Weights")
    with pytest.raises(CorruptError, match="not what was backed up"):
        restore(tmp_path / "backup", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_an_interrupted_backup_is_none(full: Ledger, tmp_path: Path) -> None:
    backup(full, tmp_path / "backup")
    (tmp_path / "backup" / "manifest.json").unlink()
    with pytest.raises(NotFoundError, match="no backup"):
        check(tmp_path / "backup")


def test_nothing_is_overwritten(full: Ledger, home: Path, tmp_path: Path) -> None:
    backup(full, tmp_path / "backup")
    with pytest.raises(ConflictError, match="not empty"):
        restore(tmp_path / "backup", home)
    with pytest.raises(ConflictError, match="not empty"):
        backup(full, tmp_path / "backup")
    with pytest.raises(ConflictError, match="inside"):
        backup(full, home / "backup")
    with pytest.raises(ConflictError, match="is a file"):
        backup(full, tmp_path / "backup" / "manifest.json")


def test_a_healthy_home_has_no_findings(full: Ledger, home: Path, anchors: Path) -> None:
    full.checkpoint()
    assert examine(home, deep=True, anchors=anchors) == []


def errors(home: Path, anchors: Path, **how: bool) -> list[Finding]:
    return [finding for finding in examine(home, anchors=anchors, **how) if finding.severity == "error"]


def test_a_zero_length_file_is_found(full: Ledger, home: Path, anchors: Path) -> None:
    (home / "lake" / "p" / "part.parquet").touch()
    (finding,) = errors(home, anchors)
    assert finding.what == "the file has zero bytes"
    assert finding.where.endswith("part.parquet")


def test_only_a_temporary_file_without_a_writer_is_found(full: Ledger, home: Path, anchors: Path) -> None:
    full.checkpoint()
    left = home / "blobs" / ".x.tmp"
    left.write_bytes(b"half")
    assert examine(home, anchors=anchors) == []
    os.utime(left, (0, 0))
    assert [finding.what for finding in examine(home, anchors=anchors)] == ["a temporary file"]


def test_a_truncated_ledger_is_found(full: Ledger, home: Path, anchors: Path) -> None:
    full.close()
    path = home / "ledger.db"
    os.truncate(path, path.stat().st_size // 2)
    (finding,) = errors(home, anchors)
    assert "damaged" in finding.what
    assert "restore" in finding.do


def test_a_missing_blob_is_found(full: Ledger, home: Path, anchors: Path) -> None:
    (blob,) = (home / "blobs").glob("*/*")
    blob.unlink()
    (finding,) = errors(home, anchors)
    assert finding.what == "the file 0/r/artifacts/model.txt is missing"


def test_a_changed_blob_is_found_by_a_deep_look(full: Ledger, home: Path, anchors: Path) -> None:
    (blob,) = (home / "blobs").glob("*/*")
    os.chmod(blob, 0o600)
    blob.write_bytes(b"Weights")
    assert errors(home, anchors) == []
    (finding,) = errors(home, anchors, deep=True)
    assert "bytes are not what its name says" in finding.what


def test_a_missing_ledger_is_found(full: Ledger, home: Path, anchors: Path) -> None:
    full.close()
    (home / "ledger.db").unlink()
    (finding,) = errors(home, anchors)
    assert finding.what == "the ledger is missing"


def test_a_restored_home_stays_intact_when_it_grows_past_what_was_anchored_before(full: Ledger, anchors: Path, tmp_path: Path) -> None:
    backup(full, tmp_path / "backup")
    full.close()  # anchors the fact of the backup, which is not in the backup
    restore(tmp_path / "backup", tmp_path / "again", anchors=anchors)
    with Ledger.open(f"sqlite:///{tmp_path}/again/ledger.db", anchors=anchors) as ledger:
        ledger.record("later.x", "p/t")
        report = ledger.verify()
    assert report.ok, report.problems
    assert "was brought back" in report.notes[0]
