"""Which project a server serves where nobody names one."""

from pathlib import Path

import pytest

from ninefold.cli.up import _home
from ninefold.config import load
from ninefold.errors import NinefoldError
from ninefold.project.home import Home, projects
from ninefold.runs.records import Runs
from ninefold.runs.tracking.target import LedgerTarget


def test_runs_of_clients_elsewhere_do_not_change_which_project_is_meant(tmp_path: Path, monkeypatch: object) -> None:
    monkeypatch.chdir(tmp_path)  # type: ignore[attr-defined]
    (tmp_path / "pyproject.toml").touch()
    with _home(None, None) as home:
        assert home.project == "default"
        Runs(home.ledger).start("red", "trees")
    with _home(None, None) as home:
        assert home.project == "default"
        Runs(home.ledger).start("default", "trees")
        Runs(home.ledger).start("red", "trees")
    assert projects(load(tmp_path)) == ["default", "red"]


def test_the_project_that_ran_by_its_own_file_is_meant(tmp_path: Path, monkeypatch: object) -> None:
    monkeypatch.chdir(tmp_path)  # type: ignore[attr-defined]
    (tmp_path / "pyproject.toml").touch()
    with Home(load(tmp_path), "shop") as home:
        home.path().mkdir(exist_ok=True)
        home.ledger.record("run.started", "shop/run")
        Runs(home.ledger).start("red", "trees")
    with _home(None, None) as home:
        assert home.project == "shop"


def test_scripts_and_the_server_of_a_directory_mean_the_same_project(tmp_path: Path, monkeypatch: object) -> None:
    monkeypatch.chdir(tmp_path)  # type: ignore[attr-defined]
    for settings, ran, meant in (("", None, "default"), ("", "shop", "shop"), ('[tool.ninefold]\nproject = "flights.py"\n', None, "flights")):
        (tmp_path / "pyproject.toml").write_text(settings)
        if ran is not None:
            with Home(load(tmp_path), ran) as home:
                home.ledger.record("run.started", f"{ran}/run")
        target = LedgerTarget(load(tmp_path))
        with _home(None, None) as home:
            assert home.project == meant == target._open()[2]
        target.close()


def test_a_file_that_there_is_not_is_refused_also_where_there_is_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    load(tmp_path).home.mkdir(parents=True)
    with pytest.raises(NinefoldError, match="there is no such file"):
        _home(Path("nofile.py"), None)
