"""The order of a commit: every flush that it needs, before what relies on it."""

import os
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from ninefold.journal import Journal
from ninefold.lake.commit import CHECKPOINT_EVERY
from ninefold.lake.table import LakeTable


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reaches the disk, in order: flushes by the kind of what is flushed, renames, links, log entries, checkpoints."""
    calls: list[str] = []

    def traced(owner: object, name: str, label: object) -> None:
        real = getattr(owner, name)

        def call(*args: object, **more: object) -> object:
            done = real(*args, **more)
            calls.append(label(*args) if callable(label) else str(label))
            return done

        monkeypatch.setattr(owner, name, call)

    traced(os, "fsync", lambda fd: f"flush {kind(os.readlink(f'/proc/self/fd/{fd}'))}")
    traced(os, "link", "name data")
    traced(os, "replace", lambda old, new: f"name {kind(str(new))}")
    traced(DeltaTable, "create_write_transaction", "entry")
    traced(DeltaTable, "create_checkpoint", "checkpoint")
    monkeypatch.setattr("ninefold.lake.commit.create_table_with_add_actions", _labelled(calls))
    return calls


def _labelled(calls: list[str]) -> object:
    from deltalake.transaction import create_table_with_add_actions as real

    def create(*args: object, **more: object) -> None:
        real(*args, **more)  # type: ignore[arg-type]
        calls.append("entry")

    return create


def kind(path: str) -> str:
    name = Path(path).name
    if Path(path).is_dir():
        return "log folder" if name == "_delta_log" else "folder"
    if name == "_last_checkpoint":
        return "hint"
    return (
        "checkpoint" if ".checkpoint" in name else "log entry" if "_delta_log" in path else "segment" if name.endswith((".open", ".seg")) else "data"
    )


COMMIT = ["flush data", "name data", "flush folder", "entry", "flush log entry", "flush log folder"]


def test_a_commit_flushes_data_then_names_it_then_flushes_the_log(tmp_path: Path, calls: list[str]) -> None:
    table = LakeTable(str(tmp_path / "t"))
    table.write(pl.DataFrame({"n": [0]}))
    calls.clear()
    table.write(pl.DataFrame({"n": [1]}), mode="append")
    assert calls == COMMIT


def test_the_first_commit_flushes_the_folders_that_it_makes(tmp_path: Path, calls: list[str]) -> None:
    LakeTable(str(tmp_path / "t")).write(pl.DataFrame({"n": [0]}))
    assert calls == ["flush folder", *COMMIT[:3], "flush folder", *COMMIT[3:]]


def test_a_checkpoint_is_flushed_with_its_hint(tmp_path: Path, calls: list[str]) -> None:
    table = LakeTable(str(tmp_path / "t"))
    for n in range(CHECKPOINT_EVERY):
        calls.clear()
        table.write(pl.DataFrame({"n": [n]}), mode="append")
    assert calls == [*COMMIT, "checkpoint", "flush checkpoint", "flush hint", "flush log folder"]


def test_new_columns_are_flushed_before_the_rows_that_have_them(tmp_path: Path, calls: list[str]) -> None:
    table = LakeTable(str(tmp_path / "t"))
    table.write(pl.DataFrame({"n": [0]}))
    calls.clear()
    table.write(pl.DataFrame({"n": [1], "more": [1]}), mode="append")
    assert calls == ["flush log entry", "flush log folder", *COMMIT]


def test_a_journal_flushes_a_segment_and_its_name_before_the_first_row(tmp_path: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fdatasync
    monkeypatch.setattr("ninefold.journal.journal._datasync", lambda fd: (real(fd), calls.append("flush rows")))
    with Journal(tmp_path) as journal:
        journal.append([b"a"]).result()
        calls.append("acknowledged")
    begin = ["flush segment", "flush segment", "flush folder", "flush rows", "acknowledged"]
    assert calls == [*begin, "flush rows", "flush data", "name data", "flush folder", "name segment", "flush folder"]
