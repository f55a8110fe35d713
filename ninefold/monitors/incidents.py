"""From findings to incidents: what belongs together is told once, acted on once, and closed when it is over."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from ninefold.monitors.finding import Finding, day_text
from ninefold.monitors.monitor import Action
from ninefold.units import DAY

State = Literal["incident", "acting", "cooling", "closed"]
QUIET, REOPEN, LEAST_PAUSE = 7, 14, 7
FRUITLESS = 2
"""After so many retrainings without gain a person is asked instead."""
_FAMILIES = {"freshness": "feed", "drift": "change", "quality": "change", "bias": "groups"}
_SAFE = {"freshness": Action("hold"), "drift": Action("tell"), "quality": Action("ask"), "bias": Action("ask")}
_AUTOMATIC = {"retrain", "rollback"}


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Findings with one cause. ``family`` is feed (a source is late or short), change (inputs or outcomes moved) or groups.

    Days are local day numbers. ``action`` is what was done or asked for; ``why`` why nothing more was.
    """

    id: str
    family: str
    state: State
    opened: int
    last: int
    cause: str
    findings: tuple[Finding, ...]
    quiet: int = 0
    looked: int = 0
    action: str | None = None
    acted: int | None = None
    closed: int | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """An action to take for an incident: ``kind`` retrain, rollback, ask, hold or tell; ``whom`` None is the problem's owner."""

    incident: str
    kind: str
    whom: str | None
    check: str
    why: str


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What one look changes: incidents to store (new ones too), those just opened or closed, one message for each opened, and actions."""

    incidents: tuple[Incident, ...] = ()
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    messages: tuple[tuple[str, str], ...] = ()
    steps: tuple[Step, ...] = ()


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What has been done to this model: the day of the last automatic action, the label's delay in µs, retrainings without gain."""

    last_action: int | None = None
    label_delay: int = 0
    fruitless: int = 0


def group(
    findings: Sequence[Finding],
    incidents: Sequence[Incident],
    now: int,
    *,
    actions: Mapping[str, Action | None] | None = None,
    past: Past | None = None,
    name: str = "monitor",
) -> Changes:
    """Bring one look's findings together with the incidents so far (open ones, and those closed within 14 days).

    Drift and quality are one family, for one cause moves both; while a feed is late or short they belong to the feed's incident, and
    nothing is retrained on its data. An incident is told once, when it opens; it closes after 7 looks on different days without an alarm,
    and what comes back within 14 days is the same incident. ``actions`` gives each check's ``then=``; None is the safe policy: a broken
    feed is held, drift is told, quality and bias ask the owner. Drift alone never retrains.

    >>> found = Finding(check="quality", subject="calibration", score=500, limit=360, since=5, severity="alarm", text="off by 9 points")
    >>> changes = group([found], [], 9, actions={"quality": Action("retrain")})
    >>> changes.steps[0].kind, changes.incidents[0].state
    ('retrain', 'acting')
    >>> group([found], changes.incidents, 10, actions={"quality": Action("retrain")}).messages
    ()
    """
    alarms = [f for f in findings if f.severity == "alarm"]
    recent = [i for i in incidents if i.state != "closed" or now - (i.closed or 0) <= REOPEN]
    # an open incident goes before a closed one of its family, the latest before earlier ones
    known = {i.family: i for i in sorted(recent, key=lambda i: (i.state != "closed", i.last))}
    feed = known.get("feed")
    feed_open = any(_family(f) == "feed" for f in alarms) or (feed is not None and feed.state != "closed" and feed.quiet == 0)
    families: dict[str, list[Finding]] = {}
    for finding in alarms:
        family = _family(finding)
        families.setdefault("feed" if feed_open and family == "change" else family, []).append(finding)
    look = _Look(now, dict(actions or {}), past or Past(), name)
    for family, found in families.items():
        look.alarm(family, found, known.get(family))
    for incident in incidents:
        if incident.state != "closed" and incident.family not in families:
            look.calm(incident)
    return look.changes()


def _family(finding: Finding) -> str:
    return _FAMILIES.get(finding.check, finding.check)


class _Look:
    """One look's changes, as they are collected."""

    def __init__(self, now: int, actions: dict[str, Action | None], past: Past, name: str) -> None:
        self._now, self._actions, self._past, self._name = now, actions, past, name
        self._incidents: list[Incident] = []
        self._opened: list[str] = []
        self._closed: list[str] = []
        self._messages: list[tuple[str, str]] = []
        self._steps: list[Step] = []

    def changes(self) -> Changes:
        return Changes(
            incidents=tuple(self._incidents),
            opened=tuple(self._opened),
            closed=tuple(self._closed),
            messages=tuple(self._messages),
            steps=tuple(self._steps),
        )

    def alarm(self, family: str, found: list[Finding], before: Incident | None) -> None:
        cause = cause_text(family, found)
        if before is None:
            incident = Incident(
                id=f"{self._name}-{family}-{day_text(self._now)}",
                family=family,
                state="incident",
                opened=self._now,
                last=self._now,
                cause=cause,
                findings=tuple(found),
                looked=self._now,
            )
            self._opened.append(incident.id)
        else:
            state: State = "incident" if before.state in {"cooling", "closed"} else before.state
            merged = {(f.check, f.subject): f for f in (*before.findings, *found)}
            incident = msgspec.structs.replace(
                before,
                state=state,
                last=self._now,
                quiet=0,
                looked=self._now,
                closed=None,
                findings=tuple(merged.values()),
                cause=cause_text(family, list(merged.values())),
            )
        step = self._action(incident, found)
        if step is not None:
            self._steps.append(step)
            incident = msgspec.structs.replace(incident, state="acting", action=step.kind, acted=self._now)
        self._incidents.append(incident)
        if before is None:
            done = f" {_done(step)}" if step is not None else ""
            self._messages.append((incident.id, f"{incident.cause}{done}"))

    def calm(self, incident: Incident) -> None:
        """A look without an alarm; looks of one day count once."""
        quiet = incident.quiet + (self._now > incident.looked)
        over = quiet >= QUIET
        state: State = "closed" if over else "cooling" if incident.state == "acting" else incident.state
        if over:
            self._closed.append(incident.id)
        self._incidents.append(msgspec.structs.replace(incident, quiet=quiet, looked=self._now, state=state, closed=self._now if over else None))

    def _action(self, incident: Incident, found: list[Finding]) -> Step | None:
        """The strongest action that the checks ask for and the policy allows; nothing that this incident has had already."""
        wanted = [(self._wanted(incident.family, f), f.check) for f in found]
        order = ("rollback", "retrain", "hold", "ask", "tell")
        (kind, whom, why), check = min(wanted, key=lambda w: order.index(w[0][0]))
        if kind in _AUTOMATIC:
            pause = self._pause(check)
            last = self._past.last_action
            if last is not None and self._now - last < pause:
                return None
        # the same or a weaker action again only where it is automatic and its pause is over
        had = incident.action is not None and order.index(kind) >= order.index(incident.action)
        if had and (kind not in _AUTOMATIC or incident.acted is None or self._now - incident.acted < self._pause(check)):
            return None
        return Step(incident=incident.id, kind=kind, whom=whom, check=check, why=why)

    def _pause(self, check: str) -> int:
        """Days between automatic actions: a week, the label's delay, or the action's cooldown, whichever is longest."""
        then = self._actions.get(check)
        cooldown = then.cooldown if then is not None and then.cooldown else 0
        return max(LEAST_PAUSE, -(-self._past.label_delay // DAY), -(-cooldown // DAY))

    def _wanted(self, family: str, finding: Finding) -> tuple[str, str | None, str]:
        then = self._actions.get(finding.check) or _SAFE.get(finding.check, Action("tell"))
        if then.kind == "retrain" and family == "feed":
            return "hold", then.whom, "a feed is broken: nothing is learned from it"
        if then.kind == "retrain" and finding.check == "drift":
            return "tell", then.whom, "inputs moved alone: quality and calibration did not"
        if then.kind == "retrain" and self._past.fruitless >= FRUITLESS:
            return "ask", then.whom, f"{self._past.fruitless} retrainings brought nothing"
        return then.kind, then.whom, finding.text


def cause_text(family: str, findings: Sequence[Finding]) -> str:
    """One paragraph: the likely cause first, then what was seen."""
    seen = "; ".join(f.text for f in findings)
    moved = [f.subject for f in findings if f.check == "drift"]
    if family == "feed":
        feeds = ", ".join(dict.fromkeys(f.subject for f in findings if f.check == "freshness"))
        return f"The feed {feeds} is not as it should be. {seen}." if feeds else f"A feed is not as it should be. {seen}."
    if family == "change" and moved and any(f.check == "quality" for f in findings):
        return f"Outcomes no longer come as predicted, and inputs moved with them ({', '.join(moved)}). {seen}."
    if family == "change" and moved:
        return f"Inputs moved; quality did not. {seen}."
    if family == "change":
        return f"Outcomes no longer come as predicted, though inputs look as usual. {seen}."
    return f"Groups are treated more differently than allowed. {seen}."


def _done(step: Step) -> str:
    whom = step.whom or "the owner"
    said = {
        "retrain": "A retraining starts",
        "rollback": "The version before is back",
        "ask": f"{whom} is asked",
        "hold": f"the batch is held and {whom} told",
        "tell": f"{whom} is told",
    }
    return f"{said[step.kind][0].upper()}{said[step.kind][1:]}."
