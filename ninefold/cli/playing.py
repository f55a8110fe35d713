"""The client of a replay: a server of its own, hour after hour of updates and questions, days of monitors in between."""

import contextlib
import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec

from ninefold.clock import iso
from ninefold.errors import StepError
from ninefold.project.comparing import Compared, online_with_batch
from ninefold.project.freeze import thaw
from ninefold.project.home import Home
from ninefold.project.learning import Learning
from ninefold.project.read import read
from ninefold.project.replaying import AT, Bucket, buckets
from ninefold.project.views import view
from ninefold.units import DAY

START_SECONDS = 60.0
# questions of each hour that are asked alone, so that latency is measured outside the bursts
ALONE = 1

Behave = Callable[[list[dict[str, Any]], list[dict[str, Any]]], Iterable[tuple[str, dict[str, Any]]]]


class Served:
    """A server in a process of its own, in a replay that only we hold the token of."""

    def __init__(self, home: Home, at: int) -> None:
        self.home, self.at, self.token = home, at, secrets.token_hex(16)
        self.url = ""
        self._child: subprocess.Popen[str] | None = None
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        settings = self.home.settings
        environment = {**os.environ, "NINEFOLD_REPLAY_TOKEN": self.token, "NINEFOLD_HOME": str(settings.home), "OMP_WAIT_POLICY": "passive"}
        command = [sys.executable, "-m", "ninefold", "up", "--port", "0", "--replay-at", iso(self.at), "--in", settings.environment, "--json"]
        # a session of its own: Ctrl-C at the terminal reaches us, and we stop the server when we are done
        self._child = subprocess.Popen(  # noqa: S603 - our own command line
            command, cwd=settings.root, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line or "url" not in (told := json.loads(line)):
            self._child.wait(START_SECONDS)
            message = json.loads(line)["error"] if line else {"message": "it ended without a word", "hint": ""}
            raise StepError(f"the server did not start: {message['message']}", hint=message.get("hint", ""))
        self.url = told["url"]
        address = urlsplit(self.url)
        self._connection = http.client.HTTPConnection(address.hostname or "localhost", address.port, timeout=600)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(30)
            except subprocess.TimeoutExpired:
                self._child.kill()

    def post(self, path: str, body: Any, *, replayed: bool = True) -> Any:
        """Send JSON, get JSON; raises StepError with what the server said."""
        assert self._connection is not None
        headers = {"content-type": "application/json"} | ({"x-ninefold-replay": self.token} if replayed else {})
        self._connection.request("POST", path, msgspec.json.encode(body), headers)
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status >= 300:
            told = msgspec.json.decode(data)["error"] if data[:1] == b"{" else {"message": data.decode("utf-8", "replace")[:500]}
            raise StepError(f"{path} answered {answer.status}: {told['message']}", hint=told.get("hint", ""), where=told.get("where", ""))
        return msgspec.json.decode(data)

    def wait(self) -> None:
        """Until the server ends, or Ctrl-C."""
        assert self._child is not None
        with contextlib.suppress(KeyboardInterrupt):
            self._child.wait()


@dataclass(slots=True)
class Played:
    """What a replay sent, what happened, and whether what was served equals the batch."""

    questions: int = 0
    updates: int = 0
    events: int = 0
    seconds: float = 0.0
    last: str = ""
    done: list[dict[str, Any]] = field(default_factory=list)
    compared: Compared = field(default_factory=lambda: Compared(0, 0, 0))

    def value(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


class Player:
    """Plays the stored past of a project to a server. ``behave`` gives the events that users send after answers."""

    def __init__(
        self, home: Home, served: Served, endpoint: str, *, on_day: Callable[[dict[str, Any]], None] | None = None, behave: Behave | None = None
    ) -> None:
        self.home, self.served, self.endpoint = home, served, endpoint
        self.on_day, self.behave = on_day or (lambda day: None), behave
        frozen = home.ledger.facts(kind="deploy.frozen", prefix=f"{home.project}/", newest_first=True, limit=1)[0].body["digest"]
        self.graph = read(thaw(home, frozen), root=home.path("frozen", frozen))
        self.learning = Learning.of(self.graph, self.graph.resolve(self.graph.things[endpoint].model, ("model",))[0])  # type: ignore[attr-defined]
        self.played = Played()

    def play(self, start: int, end: int) -> Played:
        """Everything from ``start`` to ``end``, hour by hour; a day's monitors run before its first question."""
        began = time.perf_counter()
        self.home.ledger.record("replay.started", f"{self.home.project}/endpoint/{self.endpoint}", {"from": start, "to": end})
        for bucket in self._buckets(start, end):
            if (bucket.start - start) % DAY == 0:
                self._advance(bucket.start)
            self._hour(bucket)
        self._advance(end)
        self.played.compared = online_with_batch(self.graph, self.home, self.endpoint, since=start, until=end)
        self.played.seconds = time.perf_counter() - began
        body = {"from": start, "to": end, "questions": self.played.questions, "updates": self.played.updates, "events": self.played.events}
        self.home.ledger.record("replay.done", f"{self.home.project}/endpoint/{self.endpoint}", {**body, "compared": asdict(self.played.compared)})
        return self.played

    def _buckets(self, start: int, end: int) -> Iterable[Bucket]:
        from ninefold.features.questions import questions

        tables = dict.fromkeys([*(t for _, _, t in self.learning.groups if t is not None), self.learning.asked])
        views = {name: (self.graph.things[name], view(self.home, name, self.graph.things[name]).collect()) for name in tables}  # type: ignore[arg-type]
        asked = questions(self.learning.problem.predict, self.learning.table, views[self.learning.asked][1], end=end)
        wanted = ["__q", *self._request()]
        return buckets(views, asked.select(wanted), start, end)  # type: ignore[arg-type]

    def _request(self) -> list[str]:
        from ninefold.project.serving import request

        return list(request(self.home, self.learning).columns)

    def _advance(self, at: int) -> None:
        told = self.served.post("/-/clock", {"at": iso(at)})
        self.played.done += told["done"]
        self.on_day({"at": at, "done": told["done"]})

    def _hour(self, bucket: Bucket) -> None:
        for name, rows in bucket.updates.items():
            self.served.post(f"/tables/{name}", [{k: v for k, v in row.items() if k != AT} for row in rows])
            self.played.updates += len(rows)
        if not bucket.questions:
            return
        asked = [{**{k: v for k, v in row.items() if k != AT}, "asked_at": iso(row[AT])} for row in bucket.questions]
        answers = [self.served.post(f"/predict/{self.endpoint}", one) for one in asked[:ALONE]]
        if asked[ALONE:]:
            answers += self.served.post(f"/predict/{self.endpoint}", asked[ALONE:])
        self.played.questions += len(asked)
        self.played.last = answers[-1]["id"]
        if self.behave is not None:
            by_stream: dict[str, list[dict[str, Any]]] = {}
            for stream, event in self.behave(asked, answers):
                by_stream.setdefault(stream, []).append(event)
            for stream, events in by_stream.items():
                self.played.events += self.served.post(f"/events/{stream}", events, replayed=False)["accepted"]
