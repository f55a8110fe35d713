"""What follows from an incident: work items and messages at once, retraining and rollback when they are on record."""

from typing import TYPE_CHECKING, Any

from ninefold.clock import iso
from ninefold.endpoints.records import challenger, champion, current, history
from ninefold.errors import ConflictError, DeniedError, NinefoldError, NotFoundError
from ninefold.loop import releasing
from ninefold.loop.days import day_of
from ninefold.loop.gate import gate
from ninefold.loop.retraining import Trainer
from ninefold.loop.watching import Watching
from ninefold.models.records import Version, newest
from ninefold.monitors.incidents import Past, Step
from ninefold.notify.outbox import post
from ninefold.workflow.items import open_item

if TYPE_CHECKING:
    from ninefold.ledger import Tx

Done = dict[str, Any]
AUTOMATIC = ("retrain", "rollback")


def done(at: int, what: str, text: str, **more: Any) -> Done:
    """One line of what the loop did."""
    return {"at": iso(at), "what": what, "text": text, **more}


class Actor:
    """Acts for one monitor. ``tell`` are the URLs that hear of it."""

    def __init__(self, watching: Watching, trainer: Trainer, tell: tuple[str, ...]) -> None:
        self.watching, self.trainer, self.tell = watching, trainer, tell
        self.home, self.learning = watching.home, watching.learning
        self.model = self.home.subject("model", self.learning.name)

    @property
    def owner(self) -> str:
        return self.learning.problem.owner

    def past(self, now: int) -> Past:
        """What was done to this model lately: the last automatic action, and retrainings that brought nothing."""
        ledger, subject = self.home.ledger, self.watching.subject
        acted = [f for f in (ledger.last("retrain.started", self.model), ledger.last("release.rolledback", subject)) if f is not None]
        moments = [m for f in acted if isinstance(m := f.body.get("when"), int) and m <= now]
        releases = history(ledger, self.home.project, self.watching.name)
        promoted = max((r.started for r in releases if "promoted" in r.body), default=0)
        tried = challenger([r for r in releases if r.ended is None])
        trained = [f.body for f in ledger.facts(kind="retrain.done", subject=self.model)]
        fruitless = [b for b in trained if promoted < b["when"] <= now and (tried is None or b.get("version") != tried.version)]
        last = day_of(max(moments), self.watching.tz) if moments else None
        return Past(last_action=last, label_delay=self.watching.after, fruitless=len(fruitless))

    def file(self, tx: "Tx", step: Step, title: str, at: int) -> None:
        """The work item of a step that asks or holds, in the transaction of the look that found it."""
        if step.kind not in {"ask", "hold"}:
            return
        whom = step.whom or self.owner
        text = title if step.kind == "ask" else f"Held until it is over: {title}"
        body = {"incident": step.incident, "kind": step.kind, "check": step.check, "why": step.why}
        open_item(tx, self.home.project, text, waits_for=whom, subject=self.watching.subject, at=at, body=body)

    def act(self, step: Step, at: int) -> list[Done]:
        """Retrain or roll back."""
        return self._retrain(step, at) if step.kind == "retrain" else self._rollback(step, at)

    def _rollback(self, step: Step, at: int) -> list[Done]:
        try:
            back = releasing.rollback(self.home, self.watching.name, at=at, why=f"incident {step.incident}: {step.why}")
        except NotFoundError as error:
            title = f"{self.watching.name} should go back to an earlier version, and cannot: {error.message}"
            return self.ask(at, "rollback.refused", title, {"incident": step.incident})
        self.watching.runtime.reload()
        text = f"{self.watching.name} is back at {back.model}@{back.version}: {step.why}"
        return self.say(at, "rollback", text, {"incident": step.incident, "version": back.version})

    def _retrain(self, step: Step, at: int) -> list[Done]:
        runtime, ledger = self.watching.runtime, self.home.ledger
        tried = challenger(current(ledger, self.home.project, self.watching.name))
        about = {"incident": step.incident, "when": at, "reason": step.why}
        if tried is not None:
            text = f"no retraining: {tried.model}@{tried.version} is being tried already"
            ledger.record("retrain.skipped", self.model, {**about, "why": text})
            return [done(at, "retrain.skipped", text)]
        assert runtime.frozen is not None
        before = newest(ledger, self.home.project, self.learning.name)
        ledger.record("retrain.started", self.model, {**about, "as_of": at, "frozen": runtime.frozen})
        try:
            runtime.roll_all()
            trained = self.trainer.run(runtime.frozen, at, f"incident:{step.incident}")
        except NinefoldError as error:
            if self.trainer.stopped:
                return []  # the server ends; the next one takes it up
            ledger.record("retrain.failed", self.model, {**about, "why": str(error)[:2000]})
            title = f"The retraining of {self.learning.name} failed: {error.message}"[:300]
            return self.ask(at, "retrain.failed", title, {"incident": step.incident})
        made = newest(ledger, self.home.project, self.learning.name)
        spent = {"seconds": round(trained.seconds, 2), "cpu": round(trained.cpu, 2)}
        if made is None or (before is not None and made.version == before.version):
            text = f"the retraining of {self.learning.name} gave the version that there is already"
            ledger.record("retrain.done", self.model, {**about, **spent, "outcome": "nothing new", "text": text})
            return [done(at, "retrain", text, **spent)]
        return self._release(made, step, at, {**about, **spent, "version": made.version})

    def _release(self, made: Version, step: Step, at: int, about: dict[str, Any]) -> list[Done]:
        """Take a new version to the gate; refused, it waits for people."""
        runtime, name, ledger = self.watching.runtime, self.watching.name, self.home.ledger
        rule, frozen = self.watching.endpoint.release, runtime.frozen
        assert frozen is not None
        label = f"{made.model}@{made.version}"
        try:
            state, _ = releasing.release(
                self.home, name, rule, made, frozen=frozen, at=at, reason=f"incident {step.incident}", maturity=self.watching.after
            )
        except DeniedError as error:
            found = gate(self.home, made)
            text = f"trained again: {label} is held at the gate: {'; '.join(found.blocks) or error.message}"
            ledger.record("retrain.done", self.model, {**about, "outcome": "held at the gate", "text": text})
            waiting = [(f"Approve {label} as {role}", role) for role in found.waits] if not found.blocks else []
            waiting = waiting or [(f"{label} was trained after an incident and does not pass the gate: {'; '.join(found.blocks)}", self.owner)]
            told = [done(at, "retrain", text, **_spent(about))]
            for title, whom in waiting:
                told += self.ask(at, "gate", title, {"incident": step.incident, "version": made.version}, whom=whom, subject=made.subject)
            return told
        except ConflictError as error:
            ledger.record("retrain.done", self.model, {**about, "outcome": "not released", "text": error.message})
            return [done(at, "retrain", error.message, **_spent(about))]
        runtime.reload()
        first = champion(current(ledger, self.home.project, name))
        share = f"is tried on {rule.share:.0%} beside {first.model}@{first.version}" if state == "challenger" and first else "answers every question"
        text = f"trained again: {label} passed the gate and {share}"
        ledger.record("retrain.done", self.model, {**about, "outcome": state, "text": text})
        return self.say(at, "retrain", text, {"incident": step.incident, "version": made.version, **_spent(about)})

    def say(self, at: int, what: str, text: str, body: dict[str, Any]) -> list[Done]:
        """Say it to those who want to hear."""
        subject = f"{self.home.project}: {text.split(':', maxsplit=1)[0] if len(text) > 120 else text}"
        self.home.ledger.write(lambda tx: post(tx, self.home.project, self.tell, subject, {"event": what, "text": text, **body}, at=at))
        return [done(at, what, text, **{k: v for k, v in body.items() if k in {"version", "seconds", "cpu"}})]

    def ask(self, at: int, what: str, title: str, body: dict[str, Any], *, whom: str | None = None, subject: str | None = None) -> list[Done]:
        """Open a work item, and say so."""
        waits, project, about = whom or self.owner, self.home.project, subject or self.watching.subject

        def write(tx: "Tx") -> bool:
            made = open_item(tx, project, title, waits_for=waits, subject=about, at=at, body={"kind": what, **body})
            if made is not None:
                post(tx, project, self.tell, f"{project}: {waits} is asked", {"event": "item.opened", "text": title, **body}, at=at)
            return made is not None

        return [done(at, "item.opened", f"{waits} is asked: {title}")] if self.home.ledger.write(write) else []


def _spent(about: dict[str, Any]) -> dict[str, Any]:
    return {k: about[k] for k in ("seconds", "cpu") if k in about}
