"""Runs of scripts at a server that is there, away, killed, slow, or answers nonsense."""

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from arriving import Arrived, spools
from live import Live

WORK = """
    import time
    with nf.track("churn", name="work") as run:
        print(run.id, flush=True)
        for step in range({steps}):
            run.log(loss=step, step=step)
            {each}
        run.save("notes.md", "It learns.")
    print("over", flush=True)
    """


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder of the server."""
    folder = tmp_path / "server"
    folder.mkdir()
    return folder


@pytest.fixture
def port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def up(place: Path, port: int) -> Live:
    return Live(place, "--port", str(port))


class Between(BaseHTTPRequestHandler):
    """Hands requests on to a server; ``spoil`` may answer something else, or nothing, after the server has done it."""

    behind = 0
    spoil: Callable[[int], tuple[int, bytes, dict[str, str]] | None] = staticmethod(lambda n: None)
    count = 0
    protocol_version = "HTTP/1.1"

    def _hand_on(self) -> None:
        data = self.rfile.read(int(self.headers.get("content-length", 0)))
        connection = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=30)
        connection.request(self.command, self.path, data, {k: v for k, v in self.headers.items() if k.lower() not in {"host", "connection"}})
        answer = connection.getresponse()
        body, status, headers = answer.read(), answer.status, {"content-type": answer.headers["content-type"]}
        connection.close()
        type(self).count += 1
        spoiled = type(self).spoil(type(self).count)
        if spoiled is not None:
            status, body, headers = spoiled
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: int(headers.get("x-sent", len(body)))])
        self.close_connection = True

    do_GET = do_POST = do_PUT = _hand_on

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def between() -> Iterator[Callable[..., str]]:
    servers: list[ThreadingHTTPServer] = []

    def start(behind: int, spoil: Callable[[int], Any]) -> str:
        handler = type("Spoiling", (Between,), {"behind": behind, "spoil": staticmethod(spoil), "count": 0})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()


def check(place: Path, steps: int, *, status: str = "done") -> None:
    """All of it is there, once."""
    with Arrived(place / ".ninefold") as arrived:
        (one,) = arrived.all()
        assert one.run.status == status and one.run.name == "work"
        assert arrived.values(one.run.id, "loss") == {step: float(step) for step in range(steps)}
        assert arrived.runs.read_artifact(one.run.id, "notes.md") == b"It learns."
        facts = [f.kind for f in arrived.ledger.facts() if f.subject.endswith(one.run.id)]
        assert facts == ["run.started", "run.done"]


def test_a_run_goes_to_the_server_that_is_named(script: Any, place: Path, port: int, tmp_path: Path) -> None:
    with up(place, port):
        done = script(WORK.format(steps=300, each=""), NINEFOLD_URI=f"http://127.0.0.1:{port}")
        _, errors = done.communicate(timeout=60)
        assert done.returncode == 0 and errors == ""
    check(place, 300)
    assert spools(tmp_path / "state" / "ninefold" / "spool") == [] and not (tmp_path / ".ninefold").exists()


@pytest.mark.slow
def test_a_server_that_is_killed_and_comes_back_has_everything_once(script: Any, place: Path, port: int) -> None:
    server = up(place, port)
    done = script(WORK.format(steps=6000, each="time.sleep(0.001)"), NINEFOLD_URI=f"http://127.0.0.1:{port}")
    done.stdout.readline()
    for _ in range(3):
        time.sleep(0.8)
        server.stop(9)
        server.__exit__(None, None, None)
        time.sleep(0.3)
        server = up(place, port)
    with server:
        _, errors = done.communicate(timeout=100)
        assert done.returncode == 0 and "takes runs again" in errors
    check(place, 6000)


@pytest.mark.slow
def test_what_is_left_without_a_server_goes_with_the_next_run(script: Any, place: Path, port: int, tmp_path: Path) -> None:
    uri = f"http://127.0.0.1:{port}"
    done = script(WORK.format(steps=2000, each=""), NINEFOLD_URI=uri)
    _, errors = done.communicate(timeout=60)
    assert done.returncode == 0 and "is kept" in errors and len(spools(tmp_path / "state" / "ninefold" / "spool")) == 1
    with up(place, port):
        script("nf.track('churn', name='next').end()", NINEFOLD_URI=uri).communicate(timeout=60)
    with Arrived(place / ".ninefold") as arrived:
        assert [(one.run.name, one.run.status) for one in arrived.all()] == [("work", "done"), ("next", "done")]
        assert len(arrived.values(arrived.all()[0].run.id, "loss")) == 2000
    assert spools(tmp_path / "state" / "ninefold" / "spool") == []


SPOILED: dict[str, Callable[[int], Any]] = {
    "lost after it was applied": lambda n: (0, b"", {}) if n % 2 else None,
    "cut in half": lambda n: (200, b'{"applied": 99999}', {"x-sent": "7"}) if n % 2 else None,
    "no JSON": lambda n: (200, b"<html>hello</html>", {}) if n % 2 else None,
    "not now": lambda n: (503, b"", {"retry-after": "1"}) if n == 1 else None,
    "too many": lambda n: (429, b"{}", {}) if n % 3 == 1 else None,
    "redirected": lambda n: (302, b"", {"location": "http://127.0.0.1:1/"}) if n == 1 else None,
}


@pytest.mark.parametrize("how", [next(iter(SPOILED)), *(pytest.param(how, marks=pytest.mark.slow) for how in list(SPOILED)[1:])])
def test_an_answer_that_is_lost_or_wrong_doubles_nothing(script: Any, between: Callable[..., str], place: Path, port: int, how: str) -> None:
    with up(place, port):
        done = script(WORK.format(steps=400, each="time.sleep(0.001)"), NINEFOLD_URI=between(port, SPOILED[how]))
        out, _ = done.communicate(timeout=60)
        assert out.endswith("over\n") and done.returncode == 0
    check(place, 400)


@pytest.mark.slow
def test_a_server_that_does_not_answer_holds_nobody_up(script: Any, tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        done = script(
            """
            import time
            began = time.perf_counter()
            run = nf.track("churn")
            for step in range(1000):
                run.log(loss=step)
            print(time.perf_counter() - began, flush=True)
            """,
            NINEFOLD_URI=f"http://127.0.0.1:{silent.getsockname()[1]}",
        )
        assert float(done.stdout.readline()) < 2.0
        done.communicate(timeout=60)
        assert done.returncode == 0 and len(spools(tmp_path / "state" / "ninefold" / "spool")) == 1


@pytest.mark.slow
def test_a_token_lets_a_script_in_and_without_one_nothing_is_lost(script: Any, place: Path, port: int, tmp_path: Path) -> None:
    def accounts(*words: str) -> Any:
        done = subprocess.run([sys.executable, "-m", "ninefold", *words, "--json"], cwd=place, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    accounts("users", "add", "ada", "--administrator", "--no-password")
    accounts("users", "add", "trainer", "--service", "--role", "scientist", "--everywhere")
    accounts("users", "add", "reader", "--service", "--role", "viewer", "--everywhere")
    tokens = {who: accounts("tokens", "create", "--for", who, "--name", "t")["token"] for who in ("trainer", "reader")}
    uri = f"http://127.0.0.1:{port}"
    with up(place, port):
        for refused in ({}, {"NINEFOLD_TOKEN": tokens["reader"]}, {"NINEFOLD_TOKEN": "wrong"}):
            done = script(WORK.format(steps=3, each=""), NINEFOLD_URI=uri, **refused)
            _, errors = done.communicate(timeout=60)
            assert done.returncode == 0 and "set NINEFOLD_TOKEN" in errors and "is kept" in errors
            assert tokens["reader"] not in errors
        done = script("nf.track('churn', name='let in').end()", NINEFOLD_URI=uri, NINEFOLD_TOKEN=tokens["trainer"])
        assert done.communicate(timeout=60) == ("", "") and done.returncode == 0
    with Arrived(place / ".ninefold") as arrived:
        found = [(one.run.name, one.run.actor, one.run.status) for one in arrived.all()]
        assert found == [("work", "trainer", "done")] * 3 + [("let in", "trainer", "done")]
