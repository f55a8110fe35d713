"""What clients named reaches the terminal of whoever lists it as text: it steers nothing, and breaks no table."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ninefold.cli.report import table
from ninefold.config import load
from ninefold.project.home import Home
from ninefold.runs.records import Runs

EVIL = "\x1b[2J\x1b[31mEVIL\x1b]0;pwned\x07\n\t\r\x9b1m\u202e\u2028\x7f"
_STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A home with two runs whose every text is hostile."""
    (tmp_path / "pyproject.toml").touch()
    with Home(load(tmp_path), "default") as home:
        runs = Runs(home.ledger, project="default")
        for leaves in ("7", "31"):
            run = runs.start("default", EVIL, name=EVIL + leaves, params={EVIL: EVIL + leaves}, tags={EVIL: EVIL})
            runs.log(run.id, {"auc": float(leaves)})
    return tmp_path


def test_no_command_prints_what_steers_a_terminal(hostile: Path, ninefold: Callable[..., Any], as_json: Callable[..., Any]) -> None:
    found = as_json(hostile, "runs", "list")["tracked"]
    ids = [one["id"] for one in found]
    assert found[0]["name"].startswith(EVIL)
    said = [
        ninefold("runs", "list", at=hostile),
        ninefold("runs", "list", "--show", "name,experiment", at=hostile),
        ninefold("runs", "show", ids[0], at=hostile),
        ninefold("compare", *ids, at=hostile),
    ]
    for one in said:
        assert one.code == 0 and r"\x1b[31mEVIL" in one.out and _STEERS.search(one.out) is None
    assert "\t" not in said[0].out and len(said[0].out.splitlines()) == 3  # heads, and one line for each run


def test_errors_are_escaped_too(hostile: Path, ninefold: Callable[..., Any]) -> None:
    for words in (["runs", "show", EVIL], ["runs", "list", "--limit", EVIL], [EVIL]):
        said = ninefold(*words, at=hostile)
        assert said.code and "\\x07" in said.err and _STEERS.search(said.err) is None


def test_a_cell_that_is_too_long_is_cut() -> None:
    lines = table(["name", "n", "why"], [["x" * 200, 1, "y" * 5000]], right=[1]).splitlines()
    assert max(map(len, lines)) < 300 and "x…" in lines[1] and lines[1].endswith("y…")
