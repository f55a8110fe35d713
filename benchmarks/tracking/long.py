"""One history of very many points, on our server alone: its pages, a sample of it, and what others notice of the end of its run."""

import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import servers
from histories import HISTORY_KEY, HISTORY_RUN, seed_ours
from load import API, Client, ask, drive, get, post, to
from servers import Server

PAGE = 25_000


@dataclass(frozen=True)
class Long:
    """Milliseconds: a page of 25,000 points among the first and among the last, a sample for a chart, the run's end, and what a client
    that logs to another run waits meanwhile (99th percentile) and without it.
    """

    first: float
    last: float
    sample: float
    end: float
    beside: float
    alone: float


def measure(folder: Path, points: int) -> Long:
    servers.ninefold(folder).stop()
    seed_ours(folder / ".ninefold", 1, points)
    server = servers.ninefold(folder)
    try:
        ask(server, post(f"{API}/runs/update", {"run_id": HISTORY_RUN, "status": "RUNNING"}))
        took = list(_pages(server))
        if len(took) != -(-points // PAGE):
            raise RuntimeError(f"{len(took)} pages")
        begin = time.perf_counter()
        ask(server, get(f"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={HISTORY_RUN}&metric_key={HISTORY_KEY}&max_results=320"))
        sample = time.perf_counter() - begin
        alone = drive(server, lambda _: _logging(server), 1, 3.0).p99
        end = list[float]()
        ending = threading.Thread(target=lambda: end.append(_end(server)))
        ending.start()
        beside = drive(server, lambda _: _logging(server, ending), 1, 600.0).p99
        ending.join()
        return Long(statistics.median(took[:10]) * 1e3, statistics.median(took[-11:-1]) * 1e3, sample * 1e3, end[0] * 1e3, beside, alone)
    finally:
        server.stop()


def _pages(server: Server) -> Iterator[float]:
    """Seconds of each page, from the first to the last."""
    client, token = Client(server.port), ""
    while True:
        begin = time.perf_counter()
        said = client.ask(to(server, get(f"{API}/metrics/get-history?run_id={HISTORY_RUN}&metric_key={HISTORY_KEY}&max_results={PAGE}{token}")))
        yield time.perf_counter() - begin
        tail = said[-200:].decode()
        if '"next_page_token":"' not in tail:
            client.close()
            return
        token = "&page_token=" + tail.partition('"next_page_token":"')[2].partition('"')[0].replace("=", "%3D")


def _end(server: Server) -> float:
    begin = time.perf_counter()
    ask(server, post(f"{API}/runs/update", {"run_id": HISTORY_RUN, "status": "FINISHED"}))
    return time.perf_counter() - begin


def _logging(server: Server, until: threading.Thread | None = None) -> Iterator[bytes]:
    """Points of another run, while somebody else is at work."""
    run = ask(server, post(f"{API}/runs/create", {"experiment_id": "0"}))["run"]["info"]["run_id"]
    step = 0
    while until is None or until.is_alive() or step == 0:
        step += 1
        yield post(f"{API}/runs/log-metric", {"run_id": run, "key": "loss", "value": 1 / step, "timestamp": 1_700_000_000_000 + step, "step": step})
