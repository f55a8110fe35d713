"""kill -9 at any moment: nothing acknowledged is lost, nothing is there twice.

`NINEFOLD_KILLS` says how many lives the long loops have (40; 200 and more for a night).
"""

import json
import multiprocessing
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ninefold.journal import Journal, read
from ninefold.lake import Lake
from ninefold.lake.roll import Roller

Writer = Callable[[Path, int, int], None]
KILLS = int(os.environ.get("NINEFOLD_KILLS", "40"))
ROUNDS = [pytest.param(8, id="few"), pytest.param(KILLS, id="many", marks=[pytest.mark.slow, pytest.mark.timeout(60 + 3 * KILLS)])]


def decode(payloads: list[bytes]) -> pl.DataFrame:
    return pl.DataFrame([json.loads(payload) for payload in payloads], schema={"n": pl.Int64})


def write_journal(home: Path, n: int, acknowledge: int) -> None:
    with Journal(home / "journal") as journal:
        while True:
            n += 1
            journal.append([json.dumps({"n": n}).encode()]).result()
            os.write(acknowledge, b"%d\n" % n)
            if n % 7 == 0:
                journal.rotate()


def write_lake(home: Path, n: int, acknowledge: int) -> None:
    table = Lake(home / "lake").table("t")
    while True:
        n += 1
        table.write(pl.DataFrame({"n": [n]}), mode="append", txn=("writer", n))
        os.write(acknowledge, b"%d\n" % n)


def write_and_roll(home: Path, n: int, acknowledge: int) -> None:
    roller = Roller(Lake(home / "lake").table("t"), home / "journal", decode, name="events")
    roller.roll()
    with Journal(home / "journal") as journal:
        while True:
            n += 1
            journal.append([json.dumps({"n": n}).encode()]).result()
            os.write(acknowledge, b"%d\n" % n)
            if n % 3 == 0:
                journal.rotate()
                roller.roll()


def run(writer: Writer, home: Path, n: int) -> None:
    writer(home, n, os.open(home / "acknowledged", os.O_WRONLY | os.O_APPEND | os.O_CREAT))


def killed_again_and_again(writer: Writer, home: Path, rounds: int, *, again: bool) -> list[int]:
    """What was acknowledged over many lives of a writer. ``again``: each begins with what the last may have left unacknowledged."""
    # children are forked from a process that has imported the engines and never used them: 20 ms instead of a second
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ninefold.lake.roll", "ninefold.journal"])
    chance, done = random.Random(rounds), home / "acknowledged"
    done.touch()
    for life in range(rounds):
        acknowledged = [int(line) for line in done.read_text().splitlines()]
        last = max(acknowledged, default=0)
        process = context.Process(target=run, args=(writer, home, last if again else last + 1000 * (life > 0)))
        process.start()
        size = done.stat().st_size
        deadline = time.monotonic() + 20
        while done.stat().st_size == size and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(chance.random() * 0.03)
        process.kill()
        process.join()
    return [int(line) for line in done.read_text().splitlines()]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_journal_loses_nothing_acknowledged(tmp_path: Path, rounds: int) -> None:
    acknowledged = killed_again_and_again(write_journal, tmp_path, rounds, again=False)
    Journal(tmp_path / "journal").close()
    found = [json.loads(record.payload)["n"] for record in read(tmp_path / "journal")]
    assert len(acknowledged) >= rounds
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_table_holds_each_acknowledged_transaction_once(tmp_path: Path, rounds: int) -> None:
    acknowledged = killed_again_and_again(write_lake, tmp_path, rounds, again=True)
    table = Lake(tmp_path / "lake").table("t")
    found = table.read()["n"].to_list()
    assert len(acknowledged) >= rounds
    assert found[: len(acknowledged)] == acknowledged == sorted(set(acknowledged))
    assert len(found) == len(set(found)) == table.info().rows


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_roller_moves_each_row_once(tmp_path: Path, rounds: int) -> None:
    acknowledged = killed_again_and_again(write_and_roll, tmp_path, rounds, again=False)
    table = Lake(tmp_path / "lake").table("t")
    Roller(table, tmp_path / "journal", decode, name="events").roll()
    found = table.read()["n"].to_list()
    assert len(acknowledged) >= rounds
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))
    assert not list((tmp_path / "journal").glob("*.open"))
