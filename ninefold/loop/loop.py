"""The loop: from a tick of the clock to looks, verdicts on what is tried, retraining, release. One process of a home runs it."""

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any

from ninefold.endpoints.records import challenger, champion, current
from ninefold.errors import HeldError
from ninefold.ledger.roles import Role
from ninefold.loop import releasing, solving, trying
from ninefold.loop.acting import Actor, Done, done
from ninefold.loop.looking import Looker
from ninefold.loop.retraining import Trainer
from ninefold.loop.watching import Watching
from ninefold.models.records import version
from ninefold.notify.courier import Courier
from ninefold.units import Calendar, calendar

if TYPE_CHECKING:
    from ninefold.server.runtime import Runtime

_log = logging.getLogger("ninefold.loop")
DAILY = calendar("1d")
MOST_TICKS = 400
"""After a long stop the newest so many ticks are looked at, not each of years."""


class Loop:
    """Acts for the project of a runtime, from the code that was frozen. ``tick`` may be called as often as one likes."""

    def __init__(self, runtime: "Runtime") -> None:
        self.runtime = runtime
        self._start = runtime.clock.now()
        self._guard = threading.Lock()
        self._role: contextlib.ExitStack | None = None
        self._frozen: str | None = None
        self._watching: dict[str, Watching] = {}
        self._lookers: dict[str, Looker] = {}
        self._looked: dict[str, int] = {}
        self.trainer = Trainer(runtime.home)
        self.courier = Courier(runtime.home.ledger, runtime.home.settings, quiet=runtime.replay is not None)

    def tick(self, now: int, *, last: bool = False) -> list[Done]:
        """Do what has become due until ``now`` (µs), in order, once; what was done, as small dictionaries (``at``, ``what``, ``text``).

        Nothing where another process is the loop of this home, or nothing is deployed. ``last`` is the end of a replay, after which
        nothing comes: that no row and no question came since the tick before is nobody's fault, so monitors do not look; what is tried
        is judged, and then the problem.
        """
        with self._guard:
            # a tick that was under way when the loop was stopped must not take the role again
            if self.trainer.stopped or not self._leads() or self.runtime.graph is None:
                return []
            told = self._prepare(now)
            for at, key in self._due(now):
                told += [] if last and key.startswith("monitor/") else self._do(key, at)
                self._looked[key] = at
            for watching in self._watching.values() if last else ():
                if watching.follow(now):
                    self._stand(watching, now)
            if told:
                self.courier.wake()
            return told

    def stop(self) -> None:
        """End a retraining that is under way, the courier, and the role."""
        self.trainer.stop()
        self.courier.stop()
        with self._guard:
            if self._role is not None:
                self._role.close()
                self._role = None

    def _leads(self) -> bool:
        """Whether this process is the loop; it becomes so when nobody is."""
        if self._role is None:
            held = contextlib.ExitStack()
            try:
                held.enter_context(Role(self.runtime.home.settings.home, "loop").hold("ninefold up"))
            except HeldError as error:
                _log.debug("%s", error)
                return False
            self._role = held
            self.courier.start()
        return True

    def _prepare(self, now: int) -> list[Done]:
        """Read what frozen code declares, where that is new; take up actions that were cut off."""
        graph = self.runtime.graph
        assert graph is not None
        if self.runtime.frozen == self._frozen and self._frozen is not None:
            return []
        self._watching, self._lookers, self._looked = {}, {}, {}
        ledger, home, told = self.runtime.home.ledger, self.runtime.home, []
        for name, endpoint in graph.of("endpoint").items():
            if endpoint.registered is not None:
                continue  # no problem says what would be good there
            self._watching[name] = Watching(self.runtime, name)
            self._looked[f"endpoint/{name}"] = self._last("canary.judged", home.subject("endpoint", name), now)
        for name, monitor in graph.of("monitor").items():
            watching = self._watching[graph.resolve(monitor.endpoint, ("endpoint",))[0]]
            looker = self._lookers[name] = Looker(watching, name, monitor, self.trainer)
            subject = home.subject("monitor", name)
            self._looked[f"monitor/{name}"] = self._last("monitor.looked", subject, now)
            last = ledger.last("monitor.looked", subject)
            if last is not None and last.body.get("steps") and last.body["when"] <= now:
                told += looker.resume(last.body["when"], last.body["steps"])
        for name, watching in self._watching.items():
            watching.columns([one.monitor for one in self._lookers.values() if one.watching.name == name])
        self._frozen = self.runtime.frozen
        return told

    def _last(self, kind: str, subject: str, now: int) -> int:
        """When this was last done, by the judging clock; never before the loop began, nor by the clock of another replay."""
        fact = self.runtime.home.ledger.last(kind, subject)
        when = fact.body.get("when") if fact is not None else None
        return when if isinstance(when, int) and when <= now else min(self._start, now)

    def _due(self, now: int) -> list[tuple[int, str]]:
        """Ticks since the last ones, in order of time; at the same time monitors look before trials are judged."""
        found: list[tuple[int, int, str]] = []
        for name, looker in self._lookers.items():
            found += self._ticks(looker.monitor.every, f"monitor/{name}", looker.watching.tz, now, 0)
        for name, watching in self._watching.items():
            found += self._ticks(DAILY, f"endpoint/{name}", watching.tz, now, 1)
        return [(at, key) for at, _, key in sorted(found)]

    def _ticks(self, every: Calendar, key: str, tz: str, now: int, rank: int) -> list[tuple[int, int, str]]:
        return [(at, rank, key) for at in every.ticks(self._looked[key] + 1, now + 1, tz)[-MOST_TICKS:]]

    def _do(self, key: str, at: int) -> list[Done]:
        """One tick of one thing. What fails is a fact, and does not keep the others from their turn."""
        noun, _, name = key.partition("/")
        try:
            return self._lookers[name].look(at) if noun == "monitor" else self._try(self._watching[name], at)
        except Exception as error:  # a check that fails on strange data must not end the loop; everybody sees that it failed
            _log.exception("%s failed at its tick", key)
            text = f"{key} could not be looked at: {type(error).__name__}: {error}"[:500]
            self.runtime.home.ledger.record(f"{noun}.failed", self.runtime.home.subject(noun, name), {"when": at, "error": text})
            return [done(at, f"{noun}.failed", text)]

    def _try(self, watching: Watching, at: int) -> list[Done]:
        """Judge the version that is being tried; promote it, dismiss it, or go on."""
        home = watching.home
        open_ = current(home.ledger, home.project, watching.name)
        first, other = champion(open_), challenger(open_)
        if first is None or other is None or not watching.follow(at):
            return []
        made = [version(home.ledger, home.project, r.model, r.version) for r in (first, other)]
        days, sums, rows = trying.differences(
            watching.production, watching.learning, watching.objective, watching.classes, made[0], made[1], min(other.started, at), at, watching.after
        )
        verdict = trying.judge(days, sums, rows, other, watching.endpoint.release.at_most, at, watching.objective.name)
        body: dict[str, Any] = {
            "when": at,
            "release": other.id,
            "version": other.version,
            "champion": first.version,
            "kind": other.kind,
            **{k: getattr(verdict, k) for k in ("decision", "effect", "low", "high", "e", "days", "n", "text")},
        }
        home.ledger.record("canary.judged", watching.subject, body)
        if verdict.decision == "hold":
            return []
        return self._ended(watching, verdict, at, f"{other.model}@{other.version}", f"{first.model}@{first.version}")

    def _ended(self, watching: Watching, verdict: trying.Verdict, at: int, other: str, first: str) -> list[Done]:
        home = watching.home
        end = releasing.promote if verdict.decision == "promote" else releasing.dismiss
        end(home, watching.name, at=at, why=verdict.text)
        self.runtime.reload()
        tell = tuple(dict.fromkeys(u for one in self._lookers.values() if one.watching is watching for u in one.monitor.tell))
        actor = Actor(watching, self.trainer, tell)
        said = f"{other} is promoted" if verdict.decision == "promote" else f"{first} stays"
        told = actor.say(at, f"canary.{verdict.decision}", f"{said}: {verdict.text}", {"endpoint": watching.name})
        unmet = solving.unmet(self._stand(watching, at))
        if verdict.decision == "dismiss" and unmet:
            title = f"Better features are needed: training again did not help, and {unmet[0]}"
            told += actor.ask(at, "features", title, {"endpoint": watching.name, "unmet": unmet})
        return told

    def _stand(self, watching: Watching, at: int) -> list[dict[str, Any]]:
        """Judge the problem of an endpoint on production, on record; its criteria."""
        criteria = watching.judge(at)
        home, problem = watching.home, watching.learning.problem_name
        home.ledger.write(lambda tx: solving.record(tx, home, problem, watching.name, criteria, when=at))
        return criteria
