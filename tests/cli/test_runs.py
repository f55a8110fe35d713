"""Commands about the runs of scripts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from ninefold.cli import cli
from ninefold.config import load
from ninefold.errors import ConflictError, NotFoundError, UsageError
from ninefold.runs.tracking import track
from ninefold.runs.tracking.operations import Begin
from ninefold.runs.tracking.process import close_all
from ninefold.runs.tracking.spool import Spool


@pytest.fixture
def tracked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, either_database: None) -> list[str]:
    """Three runs in a directory without a project; their ids."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NINEFOLD_ANCHOR", str(tmp_path / "anchors"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    ids = []
    for leaves, auc in ((7, 0.6), (31, 0.8), (63, float("nan"))):
        with track("sweep", name=f"leaves {leaves}", params={"leaves": leaves, "seed": 1}) as run:
            run.log(auc=auc, step=3)
        ids.append(run.id)
    close_all()
    return ids


def ask(*words: str) -> Any:
    """The JSON of a command; its error is raised."""
    done = CliRunner().invoke(cli, [*words, "--json"], standalone_mode=False)
    if done.exception:
        raise done.exception
    return json.loads(done.stdout)


def test_runs_are_found_ordered_and_shown(tracked: list[str]) -> None:
    found = ask("runs", "list", "--where", "metrics.auc > 0.5", "--order", "-metrics.auc", "--show", "metrics.auc")["tracked"]
    assert [(one["name"], one["metrics"]) for one in found] == [("leaves 31", {"auc": 0.8}), ("leaves 7", {"auc": 0.6})]
    assert ask("runs", "show", tracked[2][:-2])["metrics"] == {"auc": "NaN"}
    text = CliRunner().invoke(cli, ["runs", "list", "--show", "params.leaves,status"]).stdout
    assert "params.leaves" in text and "31" in text
    with pytest.raises(UsageError, match='no "metric"'):
        ask("runs", "list", "--where", "metric.auc > 1")
    with pytest.raises(UsageError, match='no column "nothing"'):
        ask("runs", "list", "--show", "nothing")


def test_what_differs_is_compared(tracked: list[str]) -> None:
    found = ask("compare", *tracked[:2])
    assert found["parameter"] == {"leaves": ["7", "31"]} and found["metric"] == {"auc": [0.6, 0.8]}


def test_runs_are_deleted_restored_and_exported(tracked: list[str], tmp_path: Path) -> None:
    assert ask("runs", "delete", tracked[0]) == {"deleted": [tracked[0]]}
    assert len(ask("runs", "list")["tracked"]) == 2 and [r["id"] for r in ask("runs", "list", "--deleted")["tracked"]] == [tracked[0]]
    ask("runs", "restore", tracked[0])
    assert ask("runs", "export", "runs.jsonl")["runs"] == 3
    lines = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert {one["id"]: one["points"]["auc"][0][2] for one in lines} == dict(zip(tracked, (0.6, 0.8, "NaN"), strict=True))
    assert all(one["files"][0]["path"] == "environment.json" for one in lines)
    with pytest.raises(ConflictError, match="is there already"):
        ask("runs", "export", "runs.jsonl")


def test_an_id_may_be_cut_but_not_shared(tracked: list[str]) -> None:
    with pytest.raises(UsageError, match="several runs begin"):
        ask("runs", "show", tracked[0][:4])
    with pytest.raises(NotFoundError):
        ask("runs", "show", "ffff")


def left_for(target: str, folder: Path, run: str) -> str:
    """What a process that is gone has left: its id."""
    spool = Spool(folder, target=target)
    spool.add(run, msgspec.json.encode(Begin(run, "left", 1)), needed=True)
    spool.close()
    return spool.about.id


def test_what_is_left_is_delivered(tracked: list[str]) -> None:
    assert ask("runs", "deliver") == {"delivered": 0, "waiting": []}


def test_what_cannot_be_delivered_holds_up_nothing_else(tracked: list[str], tmp_path: Path, ninefold: Any) -> None:
    servers = tmp_path / "state" / "ninefold" / "spool"
    ids = [
        left_for(target, servers, f"run{n}") for n, target in enumerate(("localhost:9793", "http://127.0.0.1:1", str(tmp_path), "http://127.0.0.1:1"))
    ]
    waiting = ask("runs", "deliver", "--list")["waiting"]
    assert [(one["id"], one["bytes"] > 0, one["running"]) for one in waiting] == [(id, True, False) for id in ids]
    said = ninefold("runs", "deliver", at=tmp_path)
    assert said.code == 1 and "delivered what 1 process left" in said.out
    assert '1 process left something for localhost:9793 that waits on: "localhost:9793" is no address of a server' in said.out
    assert "2 processes left something for http://127.0.0.1:1 that waits on: http://127.0.0.1:1 does not answer" in said.out
    assert ask("runs", "show", "run2")["name"] == "left" and not (tmp_path / "localhost:9793").exists()
    assert ask("runs", "deliver", "--forget", ids[0])["forgotten"] == ids[0]
    assert [one["id"] for one in ask("runs", "deliver", "--list")["waiting"]] == [ids[1], ids[3]]
    with pytest.raises(NotFoundError, match="nothing waits"):
        ask("runs", "deliver", "--forget", ids[0])
    with pytest.raises(UsageError, match="2 of those"):
        ask("runs", "deliver", "--forget", ids[1][:4])


def test_what_a_living_script_says_is_not_thrown_away(tracked: list[str], tmp_path: Path) -> None:
    spool = Spool(tmp_path / "state" / "ninefold" / "spool", target="http://127.0.0.1:1")
    with pytest.raises(ConflictError, match="runs"):
        ask("runs", "deliver", "--forget", spool.about.id)
    assert ask("runs", "deliver", "--list")["waiting"][0]["running"]
    spool.close()


def test_an_empty_home_has_no_runs_yet(tmp_path: Path, ninefold: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setenv("NINEFOLD_URI", "https://me:secret@ml.example.com/")
    for made in (False, True):
        if made:
            load(tmp_path).home.mkdir(parents=True)
        said = ninefold("runs", "list", at=tmp_path)
        assert said.code == 0 and said.out.startswith("no runs yet") and "nf.track()" in said.out and "ninefold up" in said.out
        assert "https://me:***@ml.example.com/runs" in said.out
        failed = ninefold("runs", "show", "0199", at=tmp_path)
        assert failed.code == 1 and "nf.track()" in failed.err and "runs of scripts go to https://me:***@ml.example.com" in failed.err


def test_where_the_runs_of_scripts_are_is_said(tracked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NINEFOLD_URI", "http://ml:9009")
    assert "go to http://ml:9009: see http://ml:9009/runs" in CliRunner().invoke(cli, ["runs", "list"]).stdout
    assert len(ask("runs", "list")["tracked"]) == 3


def test_an_experiment_that_there_is_not_is_said(tracked: list[str]) -> None:
    with pytest.raises(NotFoundError, match='no experiment "swep"') as told:
        ask("runs", "list", "--experiment", "swep")
    assert '"sweep"' in told.value.hint


def test_what_is_deleted_or_restored_twice_is_said(tracked: list[str]) -> None:
    said = [CliRunner().invoke(cli, ["runs", word, tracked[0]]).stdout.strip() for word in ("restore", "delete", "delete", "restore")]
    id = tracked[0]
    assert said == [f"{id} was not deleted", f"deleted: {id}", f"{id} was deleted already", f"restored: {id}"]


def test_an_export_makes_no_folder(tracked: list[str], tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no folder"):
        ask("runs", "export", str(tmp_path / "nosuch" / "x.jsonl"))
    assert not (tmp_path / "nosuch").exists()
