"""Slow clients, huge bodies, searches made to be slow, a full disk: told so, and nobody else waits or loses anything."""

import http.client
import resource
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from live import Live

from ninefold import config
from ninefold.project.home import Home
from ninefold.runs.records import Runs

LOG = "/api/2.0/mlflow/runs/log-batch"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[Live]:
    with Live(folder) as live:
        yield live


def begin(server: Live) -> str:
    return str(server.post("/api/2.0/mlflow/runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"])


def times(server: Live, run: str, clients: int, each: int) -> list[float]:
    """Seconds of every request of clients that log side by side."""
    taken: list[float] = []

    def client(number: int) -> None:
        for n in range(each):
            begun = time.perf_counter()
            server.post(LOG, {"run_id": run, "metrics": [{"key": f"m{number}", "value": n, "timestamp": 1, "step": n}]})
            taken.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == clients * each
    return taken


def p99(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=100)[98]


def opened(server: Live, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    connection.sendall(data.replace(b"HOST", b"127.0.0.1:%d" % server.port))
    return connection


@pytest.mark.slow
def test_slow_clients_and_huge_bodies_harm_nobody(server: Live) -> None:
    run = begin(server)
    quiet = p99(times(server, run, 8, 100))
    put = b"PUT /api/2.0/mlflow-artifacts/artifacts/0/x/artifacts/%d HTTP/1.1\r\nhost: HOST\r\ncontent-length: %d\r\n\r\nab"
    with ExitStack() as stack:
        for n in range(200):
            # heads that do not end, bodies that do not end, uploads that do not end, answers that nobody reads
            slow = [
                b"GET /health HTTP/1.1\r\nhost: HOST\r\nx-a: b",
                b"POST /api/runs HTTP/1.1\r\nhost: HOST\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n{",
                put % (n, 10 * 2**30),
                b"GET /runs HTTP/1.1\r\nhost: HOST\r\n\r\n",
            ][n % 4]
            stack.enter_context(closing(opened(server, slow)))
        busy = times(server, run, 8, 100)
    assert p99(busy) < max(0.5, 20 * quiet), (quiet, p99(busy))


@pytest.mark.slow
def test_ten_gigabytes_are_taken_as_they_come_or_refused(server: Live) -> None:
    begin(server)
    before = memory(server)
    with closing(
        opened(server, b"PUT /api/2.0/mlflow-artifacts/artifacts/0/x/artifacts/a HTTP/1.1\r\nhost: HOST\r\ncontent-length: 10737418240\r\n\r\n")
    ) as big:
        for _ in range(64):
            big.sendall(bytes(1 << 20))
        assert memory(server) - before < 64 << 20
    with closing(
        opened(server, b"POST /api/runs HTTP/1.1\r\nhost: HOST\r\ncontent-type: application/json\r\ncontent-length: 10737418240\r\n\r\n")
    ) as body:
        assert b" 413 " in body.recv(100)
    assert server.call("GET", "/health")[0] == 200


def memory(server: Live) -> int:
    """Bytes that the server's process has in memory."""
    said = Path(f"/proc/{server.process.pid}/statm").read_text().split()
    return int(said[1]) * resource.getpagesize()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_search_that_was_made_to_be_slow_ends_and_holds_nobody_up(folder: Path) -> None:
    with Home(config.load(folder), "default") as home:
        runs = Runs(home.ledger)
        text = "ab" * 2000
        made = [runs.start("default", "trees", name=f"r{n}", tags={f"t{k}": text for k in range(20)}) for n in range(3000)]
    with Live(folder) as server:
        run, clauses = made[0].id, " and ".join(f"tags.t{k % 20} LIKE '%{'ab' * 300}%b%a%b{k}%'" for k in range(100))
        negated = " and ".join(f"tags.t{k % 20} != 'x{k}'" for k in range(60))
        quiet = p99(times(server, run, 4, 50))
        answers: list[tuple[float, int, Any]] = []

        def search(filter: str) -> None:
            begun = time.perf_counter()
            told = server.call("POST", "/api/2.0/mlflow/runs/search", {"experiment_ids": ["1"], "filter": filter, "max_results": 1000})
            answers.append((time.perf_counter() - begun, *told))

        threads = [threading.Thread(target=search, args=(filter,)) for filter in (clauses, negated) * 4]
        for thread in threads:
            thread.start()
        busy = times(server, run, 4, 50)
        for thread in threads:
            thread.join()
        assert len(answers) == 8
        assert {status for _, status, _ in answers} <= {200, 400, 503}
        assert all("longer than" in said["message"] or "too many" in said["message"] for _, status, said in answers if status != 200)
        assert max(seconds for seconds, _, _ in answers) < 29
        assert p99(busy) < max(1.0, 40 * quiet), (quiet, p99(busy), [(round(s, 1), c) for s, c, _ in answers])


@pytest.fixture
def small_disk(disk_of: Callable[[str], Path]) -> Path:
    return disk_of("24m")


@pytest.mark.slow
def test_a_full_disk_is_told_nothing_acknowledged_is_lost_and_it_goes_on(small_disk: Path) -> None:
    (small_disk / "pyproject.toml").touch()
    with Live(small_disk) as server:
        run, acknowledged, refused, statuses = begin(server), list[str](), list[str](), set[int]()

        def client(number: int) -> None:
            for n in range(400):
                body = {"run_id": run, "metrics": [{"key": f"m{number}.{n}.{k}", "value": k, "timestamp": 1, "step": 0} for k in range(100)]}
                status, said = server.call("POST", LOG, body)
                statuses.add(status)
                (acknowledged if status == 200 else refused).append(f"m{number}.{n}.")
                if status != 200:
                    assert "full" in said["message"], said
                    return

        threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == {200, 507}, statuses
        upload = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        upload.request("PUT", "/api/2.0/mlflow-artifacts/artifacts/0/x/artifacts/a", bytes(4 << 20))
        assert upload.getresponse().status == 507
        assert server.call("GET", "/health")[0] == 200  # what reads goes on
        subprocess.run(["mount", "-o", "remount,size=96m", str(small_disk)], check=True)
        server.post(LOG, {"run_id": run, "tags": [{"key": "after", "value": "there is space again"}]})
        read = server.post("/api/2.0/mlflow/runs/search", {"experiment_ids": ["0"]})["runs"][0]["data"]
        logged = {metric["key"].rpartition(".")[0] + "." for metric in read["metrics"]}
        assert logged == set(acknowledged)  # all that was acknowledged, and nothing of what was refused
        assert refused
