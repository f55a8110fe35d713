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
from functools import cached_property
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec
import polars as pl

from ninefold.clock import iso
from ninefold.endpoints.endpoint import Release
from ninefold.endpoints.records import challenger, current
from ninefold.errors import NinefoldError, StepError, UsageError
from ninefold.features.questions import questions
from ninefold.features.rows import NEVER
from ninefold.project.home import Home
from ninefold.project.learning import Learning
from ninefold.project.live.comparing import Compared, online_with_batch
from ninefold.project.live.freeze import thaw
from ninefold.project.live.onrecord import sent, unasked, unsent
from ninefold.project.live.production import maturity
from ninefold.project.live.replaying import AT, Bucket, buckets, updates_of
from ninefold.project.live.serving import request
from ninefold.project.reading.read import read
from ninefold.project.views import view
from ninefold.tables.table import Table
from ninefold.units import DAY, HOUR

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
        try:
            self._await()
        except BaseException:  # Ctrl-C too: a server that nobody holds would go on
            self._end()
            raise
        return self

    def _await(self) -> None:
        """Until the server says where it is."""
        assert self._child is not None
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line or "url" not in (told := json.loads(line)):
            self._child.wait(START_SECONDS)
            message = json.loads(line)["error"] if line else {"message": "it ended without a word", "hint": ""}
            raise StepError(f"the server did not start: {message['message']}", hint=message.get("hint", ""))
        self.url = told["url"]
        address = urlsplit(self.url)
        self._connection = http.client.HTTPConnection(address.hostname or "localhost", address.port, timeout=600)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def _end(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(30)
            except subprocess.TimeoutExpired:
                pass
            finally:
                if self._child.poll() is None:  # it took too long, or Ctrl-C came again: what it acknowledged is in its journals
                    self._child.kill()

    def post(self, path: str, body: Any, *, replayed: bool = True) -> Any:
        """Send JSON, get JSON; raises StepError with what the server said."""
        assert self._connection is not None
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.token}"} | (
            {"x-ninefold-replay": self.token} if replayed else {}
        )
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
    """What a replay sent, what happened until when (µs, by its clock), and whether what was served equals the batch.

    ``goes_on`` is the hour at which it took up what another replay of this home had left (µs); null where it is the first.
    """

    questions: int = 0
    updates: int = 0
    events: int = 0
    seconds: float = 0.0
    until: int = 0
    last: str = ""
    goes_on: int | None = None
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
        self._again: int | None = None

    def begins(self, start: int, end: int) -> int:
        """The hour (µs) of the first row or question in the span that this home has not seen: where a replay goes on.

        Raises UsageError where there is none, or where the span lies before what was replayed: a home has one past.
        """
        subject = f"{self.home.project}/endpoint/{self.endpoint}"
        earlier = [f.body for f in self.home.ledger.facts(kind=("replay.started", "replay.done"), subject=subject)]
        if not earlier:
            return start
        way_out = "to rehearse it anew give it a home of its own: see environments in the settings; a later --to goes on from here"
        if start < min(b["from"] for b in earlier):
            raise UsageError(f"production begins at {iso(min(b['from'] for b in earlier))} here, and goes forward only", hint=way_out)
        for bucket in self._buckets(start, end):
            if bucket.updates or bucket.questions:
                return bucket.start
        if any("questions" in b and b["from"] <= start and end <= b["to"] for b in earlier):
            raise UsageError(f"{iso(start)} to {iso(end)} was replayed here already: every row and question of it is on record", hint=way_out)
        return end

    def stands(self, start: int, here: int) -> int:
        """The instant (µs) as of which a server has to begin to go on at ``here``: it has seen all that was sent before, of later hours too.

        Where that reaches further ahead than online features look back (outcomes that came after the last question), it begins at
        ``here``, and what came later is sent once more when its time comes: a row that is told twice is the same row.
        """
        came = [here]
        for name, (table, rows) in self._views.items():
            for frame in updates_of(table, rows, start, NEVER):
                left = unsent(frame, self._sent[name], table)
                last = frame.join(left, on=frame.columns, how="anti", nulls_equal=True)[AT].max()
                came += [last + 1] if isinstance(last, int) else []
        if max(came) - here <= HOUR:  # what online features can look back over
            return max(came)
        self._again = here
        return here

    def play(self, start: int, end: int) -> Played:
        """Everything from ``start`` to ``end`` that this home has not seen, hour by hour; a day's monitors run before its first question.

        After the last question the clock goes on until its outcome has come, and what is tried has been judged: ``Played.until``.
        What was cut off goes on where it stopped: nothing is sent twice.
        """
        began = time.perf_counter()
        subject, here = f"{self.home.project}/endpoint/{self.endpoint}", self.begins(start, end)
        self.played.goes_on = here if here != start else None
        self.home.ledger.record("replay.started", subject, {"from": start, "to": end})
        try:
            for bucket in self._buckets(start, end):
                if bucket.start < here:
                    continue
                if (bucket.start - start) % DAY == 0:
                    self._advance(bucket.start)
                self._hour(bucket)
                here = bucket.start
            self._advance(end)
            here = end
            self._settle(end)
        except BaseException:  # whatever ends it, Ctrl-C too: the home judges by the clock of where it stands
            with contextlib.suppress(NinefoldError):  # where it cannot be recorded, what ended it is told
                self.home.ledger.record("replay.stopped", subject, {"from": start, "to": here})
            raise
        self.played.compared = online_with_batch(self.graph, self.home, self.endpoint, since=start, until=end)
        self.played.seconds = time.perf_counter() - began
        body = {"from": start, "to": end, "questions": self.played.questions, "updates": self.played.updates, "events": self.played.events}
        self.home.ledger.record("replay.done", subject, {**body, "compared": asdict(self.played.compared)})
        return self.played

    def _buckets(self, start: int, end: int) -> Iterable[Bucket]:
        return buckets(
            self._views, unasked(self.home, self.learning, self.endpoint, self._asked(end)), start, end, sent=self._sent, again=self._again
        )

    @cached_property
    def _sent(self) -> dict[str, pl.DataFrame]:
        """The updates that this home had taken in when the replay began."""
        return {name: sent(self.home, name, table) for name, (table, _) in self._views.items()}

    @cached_property
    def _views(self) -> dict[str, tuple[Table, pl.DataFrame]]:
        """The tables that features and outcomes come from, with their rows."""
        tables = dict.fromkeys([*(t for _, _, t in self.learning.groups if t is not None), self.learning.asked])
        return {name: (self.graph.things[name], view(self.home, name, self.graph.things[name]).collect()) for name in tables}  # type: ignore[arg-type,misc]

    def _asked(self, end: int | None = None) -> pl.DataFrame:
        """The questions, each with its decision time and request; those of a calendar until ``end``, or the last known row."""
        found = questions(self.learning.problem.predict, self.learning.table, self._views[self.learning.asked][1], end=end)
        return found.select("__q", *request(self.home, self.learning).columns)

    def _settle(self, end: int) -> None:
        """What became known after ``end`` of what was asked before it; then the verdict on what is being tried, and on the problem.

        A trial goes on to its end only where the stored past has no more questions for it.
        """
        until = end + -(-maturity(self.home, self.learning.problem_name) // DAY) * DAY
        release: Release = self.graph.things[self.endpoint].release  # type: ignore[attr-defined]
        other = challenger(current(self.home.ledger, self.home.project, self.endpoint))
        if other is not None and release.at_most is not None and self._asked().filter(pl.col("__q") >= end).is_empty():
            until = max(until, other.started + release.at_most)
        for bucket in buckets(self._views, self._asked().clear(), end, until, sent=self._sent, again=self._again):
            self._hour(bucket)
        self._advance(until, last=True)
        self.played.until = until

    def _advance(self, at: int, *, last: bool = False) -> None:
        told = self.served.post("/-/clock", {"at": iso(at), "last": last})
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
