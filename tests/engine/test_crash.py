"""Killed at any point, then run again: the same as one clean run."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ninefold.ledger import Ledger

CHAIN = Path(__file__).with_name("chain.py")


def run(folder: Path, count: int, kill_at: int | None = None, then: float = 0.0) -> str:
    """What a run says; it is killed ``then`` seconds after it has made its step number ``kill_at``."""
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen([sys.executable, str(CHAIN), str(folder), str(count)], stdout=subprocess.PIPE, text=True)
    if kill_at is not None:
        while not (folder / f"{kill_at}.out").exists() and process.poll() is None:
            time.sleep(0.001)
        time.sleep(then)
        process.send_signal(signal.SIGKILL)
    return process.communicate(timeout=60)[0].strip()


@pytest.mark.slow
def test_a_chain_killed_at_random_ends_as_a_clean_run_does(tmp_path: Path) -> None:
    count, kills, chance = 120, 12, random.Random(9)
    clean = run(tmp_path / "clean", count)
    killed = [run(tmp_path / "killed", count, kill_at=8 * (life + 1), then=chance.uniform(0, 0.02)) for life in range(kills)]
    assert killed == [""] * kills
    assert run(tmp_path / "killed", count) == clean
    for number in range(count):
        assert (tmp_path / "killed" / f"{number}.out").read_bytes() == (tmp_path / "clean" / f"{number}.out").read_bytes()
    # a step is repeated only if the kill fell between its work and its record: once a kill at most
    assert count <= len((tmp_path / "killed" / "ran.log").read_text().split()) <= count + kills
    with Ledger.open(f"sqlite:///{tmp_path / 'killed' / 'ledger.db'}", home=tmp_path / "killed", anchors=tmp_path / "anchors") as ledger:
        assert len(ledger.facts(kind="step.done")) == count
        assert ledger.verify().ok


def test_two_processes_on_one_home_do_each_step_once(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    both = [subprocess.Popen([sys.executable, str(CHAIN), str(tmp_path / "home"), "40"], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert said[0] == said[1] != ""
    assert sorted(map(int, (tmp_path / "home" / "ran.log").read_text().split())) == list(range(40))
