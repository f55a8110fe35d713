"""The command line in this process: what it printed, and its exit code."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ninefold.cli import cli
from ninefold.cli.report import report


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def ninefold(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """``ninefold("audit", "verify", at=folder)``."""

    def run(*words: str | Path, at: Path | None = None) -> Said:
        if at is not None:
            monkeypatch.chdir(at)
        monkeypatch.setattr(sys, "argv", ["ninefold", *map(str, words)])
        capsys.readouterr()
        code = report(cli)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return run


@pytest.fixture
def as_json(ninefold: Callable[..., Said]) -> Callable[..., Any]:
    """``as_json(folder, "tables", "list")``: what a command that goes well answers in JSON."""

    def ask(folder: Path, *words: str) -> Any:
        said = ninefold(*words, "--json", at=folder)
        assert said.code == 0, said.err
        return json.loads(said.out)

    return ask
