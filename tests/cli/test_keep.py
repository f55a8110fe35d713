"""``audit``, ``doctor``, ``backup``, ``restore``, ``upgrade``: on a project that has run and answered."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_verify_says_that_the_ledger_is_intact(ninefold: Callable[..., Any], tiny_project: Path) -> None:
    said = ninefold("audit", "verify", at=tiny_project)
    assert said.code == 0, said
    assert said.out.startswith("The ledger is intact: ")


def test_verify_finds_an_edited_fact(ninefold: Callable[..., Any], tiny_copy: Path) -> None:
    with sqlite3.connect(tiny_copy / ".ninefold" / "ledger.db") as database:
        for (name,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            database.execute(f"drop trigger {name}")
        database.execute("update facts set content = replace(content, 'ada', 'eve') where kind = 'model.version'")
    said = ninefold("audit", "verify", "--json", at=tiny_copy)
    assert said.code == 1
    assert json.loads(said.out)["ok"] is False


def test_an_export_verifies_itself_without_us(ninefold: Callable[..., Any], tiny_project: Path, tmp_path: Path) -> None:
    assert ninefold("audit", "export", tmp_path / "out", at=tiny_project).code == 0
    done = subprocess.run([sys.executable, "-I", tmp_path / "out" / "verify.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    assert ninefold("audit", "export", tmp_path / "out", at=tiny_project).code == 1


def test_doctor_finds_nothing_in_a_healthy_home(ninefold: Callable[..., Any], tiny_project: Path) -> None:
    said = ninefold("doctor", "--deep", at=tiny_project)
    assert (said.code, said.err) == (0, ""), said.out


def test_a_backup_comes_back_whole(ninefold: Callable[..., Any], tiny_copy: Path, tmp_path: Path) -> None:
    made = json.loads(ninefold("backup", tmp_path / "kept", "--json", at=tiny_copy).out)
    shutil.rmtree(tiny_copy / ".ninefold")
    said = ninefold("restore", tmp_path / "kept")
    assert said.code == 0, said
    assert f"{made['facts']} facts" in said.out
    assert ninefold("doctor").code == 0
    assert ninefold("audit", "verify").code == 0
    assert ninefold("card", "forecast@1").code == 0


def test_a_restore_does_not_overwrite(ninefold: Callable[..., Any], tiny_copy: Path, tmp_path: Path) -> None:
    ninefold("backup", tmp_path / "kept", at=tiny_copy)
    said = ninefold("restore", tmp_path / "kept")
    assert said.code == 1
    assert "is not empty" in said.err


def test_upgrade_of_a_ledger_of_today_does_nothing(ninefold: Callable[..., Any], tiny_copy: Path) -> None:
    assert json.loads(ninefold("upgrade", "--json", at=tiny_copy).out) == {"copy": None}


def test_without_a_home_nothing_is_made(ninefold: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for words in (["doctor"], ["audit", "verify"], ["backup", "b"], ["upgrade"], ["card", "m"]):
        said = ninefold(*words, at=tmp_path / "empty")
        assert said.code in {1, 2}, words
        assert "error" in said.err
    assert list((tmp_path / "empty").iterdir()) == []
