"""The tracking server killed again and again under load from eight clients, on both databases: what was acknowledged is there, once."""

import http.client
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent.parent / "server"))

from live import Live

KILLS = int(os.environ.get("NINEFOLD_KILLS", "6"))
CLIENTS = 8
API = "/api/2.0/mlflow/"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 20 * KILLS)]


class Client(threading.Thread):
    """Logs one metric after the other, each step once, again until it is acknowledged."""

    def __init__(self, servers: list[Live], run: str, key: str) -> None:
        super().__init__()
        self.servers, self.run_id, self.key = servers, run, key
        self.acknowledged = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            step = self.acknowledged
            said = {"run_id": self.run_id, "key": self.key, "value": step / 8, "timestamp": 1_700_000_000_000 + step, "step": step}
            try:
                status, _ = self.servers[-1].call("POST", f"{API}runs/log-metric", said)
            except (OSError, json.JSONDecodeError, http.client.HTTPException):
                self.servers[-1]._local.__dict__.clear()  # this thread's connection is of a server that is gone
                time.sleep(0.02)
                continue
            assert status == 200 or status >= 500, status
            self.acknowledged += status == 200


def test_killed_under_load_nothing_acknowledged_is_lost(either_database: None, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    chance, servers = random.Random(KILLS), [Live(tmp_path)]
    run = servers[0].post(f"{API}runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    clients = [Client(servers, run, f"k{c}") for c in range(CLIENTS)]
    for client in clients:
        client.start()
    for _ in range(KILLS):
        before = [client.acknowledged for client in clients]
        deadline = time.monotonic() + 30
        while any(c.acknowledged <= b for c, b in zip(clients, before, strict=True)) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(chance.random() * 0.3)
        servers[-1].stop(signal.SIGKILL)
        servers.append(Live(tmp_path))
    for client in clients:
        client.over.set()
    for client in clients:
        client.join()
        found = history(servers[-1], run, client.key)
        steps = [point["step"] for point in found]
        assert len(steps) == len(set(steps)) >= client.acknowledged > KILLS
        assert set(range(client.acknowledged)) <= set(steps)
        assert all(point["value"] == point["step"] / 8 for point in found)
    assert servers[-1].stop(signal.SIGTERM) == 0
    for server in servers:
        server.process.communicate()


def history(server: Live, run: str, key: str) -> list[dict[str, Any]]:
    """All points of a metric, page by page."""
    found, token = [], ""
    while True:
        status, page = server.call("GET", f"{API}metrics/get-history?run_id={run}&metric_key={key}&max_results=5000&page_token={token}")
        assert status == 200, page
        found += page.get("metrics", [])
        token = page.get("next_page_token", "")
        if not token:
            return found
