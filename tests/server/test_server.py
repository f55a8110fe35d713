"""The server as a process: retries, what is acknowledged, who else is there, versions swapped under load, how it ends."""

import itertools
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

import making
from live import Live

from ninefold.project.live import production
from ninefold.project.live.events import collected
from ninefold.project.reading.read import read
from ninefold.sources.events import Events

QUESTION = {"item": "i1", "price": 3.0}


def cli(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "ninefold", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_the_same_key_gets_the_same_answer_also_after_a_kill(shops_copy: Path) -> None:
    with Live(shops_copy.parent) as server:
        first = server.post("/predict/orders", QUESTION, idempotency_key="k1")
        assert server.post("/predict/orders", QUESTION, idempotency_key="k1") == first
        assert server.call("POST", "/predict/orders", {**QUESTION, "price": 4.0}, idempotency_key="k1")[0] == 409
        several = server.post("/predict/orders", [QUESTION, QUESTION], idempotency_key="k2")
        server.stop(signal.SIGKILL)
    with Live(shops_copy.parent) as server:
        assert server.post("/predict/orders", QUESTION, idempotency_key="k1") == first
        assert server.post("/predict/orders", [QUESTION, QUESTION], idempotency_key="k2") == several
        assert server.call("POST", "/predict/orders", {**QUESTION, "price": 4.0}, idempotency_key="k1")[0] == 409
    with making.home(shops_copy) as home:
        assert production.predictions(home, "orders").height == 3


def test_nothing_acknowledged_is_lost_in_a_kill_under_load(shops_copy: Path) -> None:
    known: dict[str, list[str]] = {"events": [], "rows": [], "updates": [], "answers": []}
    count = itertools.count()

    def send(server: Live) -> None:
        while True:
            n = next(count)
            try:
                event = {"id": f"e{n}", "item": "i1", "visitor": "ada"}
                known["events"] += server.post("/events/visits", event)["ids"]
                server.post("/sources/returned", {"receipt": f"r{n}", "at": "2024-03-01T10:00:00Z", "units": 1}, idempotency_key=f"r{n}")
                known["rows"].append(f"r{n}/0")
                update = {"item": f"n{n}", "day": "2024-03-01", "units": 3, "closed_at": "2024-03-01T20:00:00Z"}
                server.post("/tables/sales", update)
                known["updates"].append(f"n{n}")
                known["answers"].append(server.post("/predict/orders", QUESTION)["id"])
            except (OSError, HTTPException):
                return

    for _ in range(2):
        with Live(shops_copy.parent) as server:
            threads = [threading.Thread(target=send, args=(server,)) for _ in range(4)]
            for thread in threads:
                thread.start()
            time.sleep(0.7)
            server.stop(signal.SIGKILL)
            for thread in threads:
                thread.join()
    with Live(shops_copy.parent) as server:  # recovers, and moves everything into the lake when it ends
        assert server.stop(signal.SIGTERM) == 0
    graph = read(shops_copy, root=shops_copy.parent)
    with making.home(shops_copy) as home:
        visits = graph.things["visits"]
        assert isinstance(visits, Events)
        held = {
            "events": collected(home, "visits", visits).collect()["id"].to_list(),
            "rows": home.stored("rows", "returned").read()["id"].to_list(),
            "updates": home.stored("updates", "sales").read()["item"].to_list(),
            "answers": production.predictions(home, "orders")["id"].to_list(),
        }
        order = home.stored("updates", "sales").read()["__order"]
    assert all(len(ids) > 5 for ids in known.values())
    assert {name: set(ids) - set(held[name]) for name, ids in known.items()} == {key: set() for key in known}
    assert {name: len(ids) - len(set(ids)) for name, ids in held.items()} == dict.fromkeys(held, 0)
    assert order.n_unique() == order.len()  # numbers go on after a restart


def test_a_second_server_on_the_directory_is_told_who_has_it(shops_copy: Path) -> None:
    with Live(shops_copy.parent) as server:
        second = cli(shops_copy.parent, "up", "--port", "0")
        assert second.returncode == 1
        assert str(server.process.pid) in second.stderr
        assert server.call("GET", "/health")[0] == 200


def test_a_port_in_use_is_said(shops_copy: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = cli(shops_copy.parent, "up", "--port", port)
    assert ended.returncode == 1
    assert port in ended.stderr
    assert "Traceback" not in ended.stderr


def test_ctrl_c_ends_it_well_and_the_journals_are_in_the_lake(shops_copy: Path) -> None:
    with Live(shops_copy.parent) as server:
        server.post("/events/visits", {"id": "e1", "item": "i1", "visitor": "ada"})
        assert server.stop(signal.SIGINT) == 0
    with making.home(shops_copy) as home:
        assert home.stored("events", "visits").read().height == 1
        assert home.stored("personal", "visits").read().height == 1


def test_versions_are_swapped_under_load_and_rolled_back_without_losing_a_request(shops_copy: Path) -> None:
    shops_copy.write_text(shops_copy.read_text().replace('nf.canary("50%")', "nf.full()").replace('"7d"', '"5d"'))
    seen: list[int] = []
    stop = threading.Event()

    def ask(server: Live) -> None:
        while not stop.is_set():
            seen.append(server.post("/predict/orders", QUESTION)["version"])

    with Live(shops_copy.parent) as server:
        threads = [threading.Thread(target=ask, args=(server,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        making.run(shops_copy, as_of=making.END)
        deployed = cli(shops_copy.parent, "deploy", "orders", "-p", "shops.py")
        wait_for(lambda: 2 in seen)
        back = cli(shops_copy.parent, "rollback", "orders", "-p", "shops.py")
        before = len(seen)
        wait_for(lambda: 1 in seen[before:])
        stop.set()
        for thread in threads:
            thread.join()
        assert server.post("/predict/orders", QUESTION)["version"] == 1
    assert (deployed.returncode, back.returncode) == (0, 0)


def wait_for(told: Callable[[], bool], seconds: float = 20) -> None:
    limit = time.monotonic() + seconds
    while not told():
        assert time.monotonic() < limit
        time.sleep(0.02)
