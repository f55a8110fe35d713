"""The same past in both databases: runs to search through, and one long history. Rows go straight into the tables."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from seeding import BEGAN, rows, seed

from ninefold.ledger import Ledger

EXPERIMENT, HISTORY_RUN, HISTORY_KEY = "1", "f" * 32, "loss"
_ROOT = f"mlflow-artifacts:/{EXPERIMENT}/{HISTORY_RUN}/artifacts"
_PROJECT, _NAME, _SEED, _SERIES = "default", "searched", 7, 10_000_000
_STATUS = {"done": "FINISHED", "failed": "FAILED"}
_GROUP = 50_000


def seed_ours(home: Path, runs: int, points: int) -> None:
    """Into the ledger of a home."""
    with Ledger.open(f"sqlite:///{home}/ledger.db", anchors=home / "anchors") as ledger:
        number = seed(ledger, _PROJECT, _NAME, runs, seed=_SEED)
        if str(number) != EXPERIMENT:
            raise RuntimeError(f"the experiment has the number {number}")
        ledger.append("runs", [_run()]).result()
        ledger.append("series", [_series(points)]).result()
        columns = ("series", "step", "at", "value", "nan")
        for group in _groups(points):
            ledger.append("points", [dict(zip(columns, (_SERIES, step, at, value, 0), strict=True)) for step, at, value in group]).result()


def seed_peer(database: Path, runs: int, points: int) -> None:
    """Into the peer's tables, the same values."""
    with closing(sqlite3.connect(database)) as connection:
        execute, many = connection.execute, connection.executemany
        execute("insert into experiments values (?, ?, ?, 'active', ?, ?, 'default')", (EXPERIMENT, _NAME, f"mlflow-artifacts:/{EXPERIMENT}", 0, 0))
        run = (
            "insert into runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, source_version, "
            "lifecycle_stage, artifact_uri, experiment_id) values (?, ?, 'LOCAL', '', '', ?, ?, ?, ?, '', 'active', ?, ?)"
        )
        latest = "insert into latest_metrics (key, value, timestamp, step, is_nan, run_uuid) values (?, ?, ?, ?, ?, ?)"
        metric = "insert into metrics (key, value, timestamp, step, is_nan, run_uuid) values (?, ?, ?, ?, ?, ?)"
        for made in rows(_PROJECT, int(EXPERIMENT), runs, random.Random(_SEED)):
            for row in made["runs"]:
                times = (row["started"] // 1000, row["ended"] // 1000)
                execute(run, (row["id"], row["name"], row["actor"], _STATUS[row["status"]], *times, row["root"], EXPERIMENT))
            for table in ("params", "tags"):
                many(f"insert into {table} (key, value, run_uuid) values (?, ?, ?)", [(r["key"], r["value"], r["run"]) for r in made[table]])
            newest = [(r["key"], r["value"], r["at"] // 1000, r["step"], r["nan"], r["run"]) for r in made["series"]]
            many(latest, newest)
            many(metric, newest)
        execute(run, (HISTORY_RUN, "long", "ada", "FINISHED", BEGAN // 1000, BEGAN // 1000, _ROOT, EXPERIMENT))
        for group in _groups(points):
            many(metric, [(HISTORY_KEY, value, at // 1000, step, 0, HISTORY_RUN) for step, at, value in group])
        execute(latest, (HISTORY_KEY, 0.5, BEGAN // 1000 + points - 1, points - 1, 0, HISTORY_RUN))
        execute("analyze")
        connection.commit()


def _groups(points: int) -> Iterator[list[tuple[int, int, float]]]:
    """Steps, times in microseconds and values, in groups that fit into memory."""
    rng = random.Random(_SEED)
    for first in range(0, points, _GROUP):
        yield [(step, BEGAN + step * 1000, rng.random()) for step in range(first, min(first + _GROUP, points))]


def _run() -> dict[str, Any]:
    return {
        "id": HISTORY_RUN, "project": _PROJECT, "experiment": int(EXPERIMENT), "name": "long", "status": "done", "state": "active", "started": BEGAN,
        "ended": BEGAN, "updated": BEGAN, "parent": None, "root": _ROOT, "source": "", "actor": "ada",
    }  # fmt: skip


def _series(points: int) -> dict[str, Any]:
    return {
        "id": _SERIES, "run": HISTORY_RUN, "key": HISTORY_KEY, "project": _PROJECT, "experiment": int(EXPERIMENT), "step": points - 1,
        "at": BEGAN + (points - 1) * 1000, "value": 0.5, "nan": 0,
    }  # fmt: skip
