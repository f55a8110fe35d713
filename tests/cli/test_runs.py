"""Commands about the runs of scripts."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ninefold.cli import cli
from ninefold.errors import ConflictError, NotFoundError, UsageError
from ninefold.runs.tracking import track
from ninefold.runs.tracking.process import close_all


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


def test_what_is_left_is_delivered(tracked: list[str]) -> None:
    assert ask("runs", "deliver") == {"delivered": 0}
