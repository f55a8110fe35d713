"""A small project that is released and collects events, behind a real server, and raw requests to it."""

import http.client
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

EVENTS = '''

class Call(nf.Event):
    """A customer was called beforehand."""

    parcel_id: str
    customer: nf.Personal[str]
    answered: bool


calls = nf.Events(Call)
'''


@dataclass
class Answered:
    """A status and the JSON (or the bytes) that came with it."""

    status: int
    json: Any

    @property
    def error(self) -> dict[str, str]:
        return self.json["error"]


@dataclass
class Server:
    """``ninefold up`` in a folder, any bytes sent to it. ``environment`` is the test's."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: Any = None
    port: int = 0

    def start(self, *arguments: str, program: Sequence[str] = ("-m", "ninefold")) -> "Server":
        command = [sys.executable, *program, "up", "parcels.py", "--port", "0", "--json", *arguments]
        environment = {**os.environ, "OMP_WAIT_POLICY": "passive", **self.environment}
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        told = json.loads(self.process.stdout.readline())
        assert "url" in told, told
        self.port = int(told["url"].rpartition(":")[2])
        return self

    def stop(self) -> int:
        self.process.terminate()
        self.process.stdout.close()
        return self.process.wait(20)

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text()

    def __call__(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answered:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, data, {"content-type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return Answered(answer.status, json.loads(text) if (answer.headers["content-type"] or "").startswith("application/json") else text)

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Answered:
        return self("POST", path, body, headers)


def administered(folder: Path) -> str:
    """A token of ada, who administers the server in a folder, and may approve."""
    from ninefold import config
    from ninefold.accounts import Accounts
    from ninefold.project.home import Home

    with Home(config.load(folder), "parcels") as home:
        accounts = Accounts(home.ledger)
        for name in ("ada", "ben"):
            accounts.people.add(name, password="correct horse battery")
        for role in ("administrator", "approver"):
            accounts.grants.give("ada", role)
        return accounts.tokens.create("ada", "hostile")[1]


@pytest.fixture(scope="session")
def collecting_project(tiny_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project with events: its code frozen anew, as a deployment does. Only copy it."""
    from ninefold import config
    from ninefold.project.home import Home
    from ninefold.project.live.freeze import freeze
    from ninefold.project.reading.read import read

    folder = Path(shutil.copytree(tiny_project, tmp_path_factory.mktemp("collecting") / "parcels"))
    main = folder / "parcels.py"
    main.write_text(main.read_text() + EVENTS)
    graph = read(main, root=folder)
    with Home(config.load(folder), "parcels", actor="ada") as home:
        frozen = freeze(graph, home, main)
        home.ledger.record("deploy.frozen", "parcels/endpoint/dispatch", {"digest": frozen, "files": []})
        home.ledger.write(lambda tx: tx.execute("update releases set body = json_set(body, '$.frozen', ?)", frozen))
    return folder


@pytest.fixture(scope="module")
def live(collecting_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests of a module share."""
    server = Server(Path(shutil.copytree(collecting_project, tmp_path_factory.mktemp("live") / "parcels"))).start()
    yield server
    server.stop()


@pytest.fixture
def own(collecting_project: Path, tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, not yet started."""
    server = Server(Path(shutil.copytree(collecting_project, tmp_path / "parcels")))
    yield server
    if server.process is not None and server.process.poll() is None:
        server.stop()


__all__ = ["collecting_project", "live", "own"]
