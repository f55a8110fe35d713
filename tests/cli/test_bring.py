"""``import``: what is refused before anything is read."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ninefold.config import load
from ninefold.ledger.roles import Role


@pytest.fixture
def mlruns(tmp_path: Path) -> Path:
    """A folder with one experiment, and a directory to import it in."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "mlruns" / "7").mkdir(parents=True)
    (tmp_path / "mlruns" / "7" / "meta.yaml").write_text("name: trees\nexperiment_id: '7'\n")
    return tmp_path


def test_one_import_at_a_time(mlruns: Path, ninefold: Callable[..., Any]) -> None:
    with Role(load(mlruns).home, "import").hold("ninefold import"):
        said = ninefold("import", "mlflow", "mlruns", at=mlruns)
    assert said.code == 1 and "another import is going on" in said.err and "call this again" in said.err
    assert ninefold("import", "mlflow", "mlruns", at=mlruns).code == 0


@pytest.mark.parametrize("name", ["bad name!", "../x", "", "x" * 64, ".hidden", "a/b"])
def test_a_project_that_no_address_could_name_is_refused(name: str, mlruns: Path, ninefold: Callable[..., Any]) -> None:
    said = ninefold("import", "mlflow", "nowhere", "--to", name, at=mlruns)
    assert said.code == 2 and "is no name of a project" in said.err


def test_an_experiment_and_a_database_are_told_from_the_folder(mlruns: Path, ninefold: Callable[..., Any]) -> None:
    said = ninefold("import", "mlflow", "mlruns/7", at=mlruns)
    assert said.code == 2 and "is one experiment" in said.err and "name the folder above: mlruns\n" in said.err
    sqlite3.connect(mlruns / "other.db").execute("create table t (a)").connection.close()
    said = ninefold("import", "mlflow", "other.db", at=mlruns)
    assert said.code == 2 and "is a file" in said.err and "sqlite:///other.db" in said.err
