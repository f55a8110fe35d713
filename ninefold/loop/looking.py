"""One look of a monitor: every check on what has come, findings grouped into incidents, all of it recorded in one transaction."""

from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.loop import solving
from ninefold.loop.acting import AUTOMATIC, Actor, Done, done
from ninefold.loop.days import day_of, finished
from ninefold.loop.fairness import Fairness
from ninefold.loop.feeds import Arrivals
from ninefold.loop.incidents import Keeper, recent, title_of
from ninefold.loop.retraining import Trainer
from ninefold.loop.series import Series
from ninefold.loop.watching import Watching
from ninefold.metrics.metric import Metric
from ninefold.monitors.checks import Finding, freshness, quality
from ninefold.monitors.following import Following
from ninefold.monitors.incidents import Changes, Step, group
from ninefold.monitors.monitor import Check, Monitor
from ninefold.units import DAY, HOUR

if TYPE_CHECKING:
    from ninefold.ledger import Tx

JUDGED_EVERY = 7 * DAY - HOUR


class Looker:
    """One monitor with what it remembers between looks."""

    def __init__(self, watching: Watching, name: str, monitor: Monitor, trainer: Trainer) -> None:
        self.watching, self.name, self.monitor = watching, name, monitor
        self.home, self.learning = watching.home, watching.learning
        self.actor = Actor(watching, trainer, monitor.tell)
        self.keeper = Keeper(self.home, name, monitor.tell, watching.tz)
        self.subject = self.home.subject("monitor", name)
        self._feeds: dict[str, Arrivals] = {}
        self._fairness: dict[int, Fairness] = {}
        self._bias: list[Finding] = []
        self._following: Following | None = None
        self._followed: Series | None = None
        self._alarmed = False
        self._judged_at: int | None = None

    def look(self, now: int) -> list[Done]:
        """Look at everything as of ``now``, record it, and act; what was done. Nothing is looked at before the first release."""
        if not self.watching.follow(now):
            return []
        today = day_of(now, self.watching.tz)
        criteria: list[dict[str, Any]] | None = None
        findings, alarmed = self._findings(now, today)
        if self._judged_at is None or now - self._judged_at >= JUDGED_EVERY or (alarmed and not self._alarmed):
            criteria = self._judge(now)
            findings, alarmed = self._findings(now, today)
        self._alarmed = alarmed
        before = recent(self.home, self.name, now)
        actions = {c.kind: c.then for c in self.monitor.checks}
        past = self.actor.past(now) if any(f.severity == "alarm" for f in findings) else None
        changes = group(findings, before, today, actions=actions, past=past, name=f"{self.home.project}-{self.name}")
        expected = self._expected(now)
        told = self.home.ledger.write(lambda tx: self._record(tx, findings, before, changes, criteria, expected, now))
        for step in changes.steps:
            if step.kind in AUTOMATIC:
                told += self.actor.act(step, now)
        return told

    def resume(self, when: int, steps: list[dict[str, Any]]) -> list[Done]:
        """Actions of the last look that were not begun because the process ended."""
        told: list[Done] = []
        kinds = ("retrain.done", "retrain.failed", "retrain.skipped", "release.rolledback", "item.opened")
        after = [f.body for f in self.home.ledger.facts(kind=kinds, prefix=f"{self.home.project}/", newest_first=True, limit=200)]
        for body in steps:
            step = msgspec.convert(body, Step)
            if step.kind in AUTOMATIC and not any(b.get("when") == when and step.incident in str(b) for b in after):
                told += self.actor.act(step, when)
        return told

    def _findings(self, now: int, today: int) -> tuple[list[Finding], bool]:
        """What the checks say, and whether calibration is in alarm."""
        assert self.watching.series is not None
        series, budget = self.watching.series, self.monitor.false_alarms
        found: list[Finding] = []
        alarmed = False
        for check in self.monitor.checks:
            if check.kind == "freshness":
                found += [f for name in self._tables() for f in freshness(self._arrivals(name).feed(now), now, today)]
            elif check.kind == "drift":
                found += self._drift().look(series.histories(now))
            elif check.kind == "quality":
                told = quality(series.outcomes(), solving.judged(self._for_quality()), budget=budget, today=today)
                alarmed = any(f.subject == "calibration" and f.severity == "alarm" for f in told)
                found += told
            elif check.kind == "bias":
                found += self._bias
        return found, alarmed

    def _expected(self, now: int) -> dict[str, Any] | None:
        """Quality over the questions that are still open, estimated: told, never an alarm."""
        if not any(check.kind == "quality" for check in self.monitor.checks):
            return None
        assert self.watching.estimating is not None
        return self.watching.estimating.look(self.watching.production, now, self.watching.after)

    def _drift(self) -> Following:
        """The detectors of the champion's columns; another champion has others."""
        series = self.watching.series
        if self._following is None or self._followed is not series:
            self._following, self._followed = Following(budget=self.monitor.false_alarms), series
        return self._following

    def _for_quality(self) -> list[dict[str, Any]]:
        """The criteria that a better model would meet: not the latency, not the business's own, not gaps that the bias check has."""
        has_bias = any(c.kind == "bias" for c in self.monitor.checks)
        by_text = {str(c): c.metric for c in self.learning.problem.solved_when}
        kept = []
        for one in self.watching.criteria:
            metric = by_text.get(one["criterion"])
            if isinstance(metric, Metric) and metric.name != "latency" and not (has_bias and metric.by):
                kept.append(one)
        return kept

    def _judge(self, now: int) -> list[dict[str, Any]]:
        self._judged_at = now
        self._bias = []
        rows = None
        for i, check in enumerate(self.monitor.checks):
            if check.kind == "bias":
                if rows is None:
                    after = self.watching.after
                    first = day_of(now - after - self.learning.problem.window, self.watching.tz)
                    rows = self.watching.production.near(self.watching.production.labelled(now, after, first=first))
                self._bias += self._fair(i, check).look(rows, now)
        return self.watching.criteria if self.watching.judged_at == now else self.watching.judge(now)

    def _fair(self, place: int, check: Check) -> Fairness:
        assert self.watching.made is not None
        if place not in self._fairness:
            self._fairness[place] = Fairness(self.home, self.learning, check, self.watching.made)
        return self._fairness[place]

    def _tables(self) -> list[str]:
        return list(dict.fromkeys([*(t for _, _, t in self.learning.groups if t is not None), self.learning.asked]))

    def _arrivals(self, name: str) -> Arrivals:
        if name not in self._feeds:
            graph = self.watching.runtime.graph
            assert graph is not None
            self._feeds[name] = Arrivals(self.watching.runtime, name, graph.things[name])  # type: ignore[arg-type]
        return self._feeds[name]

    def _record(
        self,
        tx: "Tx",
        findings: list[Finding],
        before: list[Any],
        changes: Changes,
        criteria: list[dict[str, Any]] | None,
        expected: dict[str, Any] | None,
        now: int,
    ) -> list[Done]:
        """The look, its incidents, items and the verdict on the problem: all or nothing; what there is to tell."""
        assert self.watching.series is not None
        last = finished(now, self.watching.tz)
        body = {
            "when": now,
            "version": self.watching.series.reference.version,
            "volume": self.watching.series.volume(last),
            "day": last,
            "days": [n.body() for n in self.watching.numbers],
            "findings": [_short(f) for f in findings],
            "steps": [msgspec.to_builtins(s) for s in changes.steps],
        }
        if expected is not None:
            body["open"] = expected
        judged = None
        if criteria is not None:
            judged = solving.record(tx, self.home, self.learning.problem_name, self.watching.name, criteria, when=now)
            body["verdict"] = judged["verdict"]
        tx.fact("monitor.looked", self.subject, body)
        told = [done(now, what, text, incident=id) for what, text, id in self.keeper.write(tx, before, changes, now)]
        titles = {i.id: title_of(i) for i in changes.incidents}
        for step in changes.steps:
            self.actor.file(tx, step, titles[step.incident], now)
            if step.kind in {"ask", "hold"}:
                how = "asked" if step.kind == "ask" else "told to hold"
                told.append(done(now, "item.opened", f"{step.whom or self.actor.owner} is {how}: {step.why}"))
        if judged is not None and judged["changed"]:
            told.append(done(now, "problem.judged", solving.sentence(self.learning.problem_name, judged)))
        return told


def _short(finding: Finding) -> dict[str, Any]:
    """A finding as a look keeps it; its details are in the alert."""
    body = msgspec.to_builtins(finding)
    body.pop("details")
    return {**body, "score": round(finding.score, 6), "limit": round(finding.limit, 6)}
