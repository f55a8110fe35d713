"""A monitor: what it watches, each check over time, and its incidents on the same line; one incident in full."""

from typing import Any

import msgspec

from ninefold.errors import NotFoundError
from ninefold.ui.reading import Reading
from ninefold.ui.views.facts import FactLine, line
from ninefold.ui.views.thing import ThingPart, thing_part
from ninefold.units import DAY

_INCIDENTS = "select * from incidents where project = ? and monitor = ? order by opened desc limit 100"
_ALL = "select * from incidents where project = ? order by opened desc limit 200"
_ONE = "select * from incidents where project = ? and id = ?"
_ALERTS = "select * from alerts where project = ? and incident = ? order by at desc limit 100"
LOOKS = 400


class IncidentLine(msgspec.Struct):
    """An incident. ``action`` is what was done or asked for."""

    id: str
    path: str
    monitor: str
    state: str
    severity: str
    title: str
    opened: int
    closed: int | None
    action: str | None


class Series(msgspec.Struct):
    """One thing that a monitor follows: its score over its limit at each look (µs, ratio; None where nothing was found of it);
    above 1 is an alarm.
    """

    check: str
    subject: str
    points: list[tuple[int, float | None]]
    last: str


class Day(msgspec.Struct):
    """A day whose questions are all mature: means over its settled ones. ``at`` is its midnight, counted as UTC (µs)."""

    at: int
    asked: int
    n: int
    score: float | None
    outcome: float | None
    loss: float | None


class Expected(msgspec.Struct):
    """What a criterion's metric is expected to be; ``uncorrected`` from scores alone, where mature questions corrected it."""

    metric: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    uncorrected: float | None = None
    labelled: int = 0
    relative: bool = False
    why: str = ""


class Open(msgspec.Struct):
    """The questions that were asked and not yet mature at the last look, and what is estimated of them. ``outside`` is the share of
    their scores beyond those of the evidence, ``last`` the midnight of their last day, counted as UTC (µs); ``why``: no estimate.
    """

    n: int
    last: int | None
    assumes: str
    outside: float | None
    criteria: list[Expected]
    loss: float | None
    why: str


class MonitorPage(msgspec.Struct):
    """The page of a monitor. ``clock`` is where its open incidents reach to."""

    thing: ThingPart
    checks: list[dict[str, Any]]
    looks: int
    days: list[Day]
    open: Open | None
    series: list[Series]
    incidents: list[IncidentLine]
    clock: int


class IncidentsPage(msgspec.Struct):
    """All incidents, the newest first."""

    open: list[IncidentLine]
    closed: list[IncidentLine]


class Alert(msgspec.Struct):
    """One alarm of an incident."""

    check: str
    subject: str
    severity: str
    at: int
    text: str


class IncidentPage(msgspec.Struct):
    """One incident: its cause, what was found, what was done."""

    incident: IncidentLine
    cause: str
    findings: list[dict[str, Any]]
    alerts: list[Alert]
    facts: list[FactLine]


def monitor(reading: Reading, name: str) -> MonitorPage:
    """The page of a monitor."""
    part = thing_part(reading, "monitor", name)
    facts = reading.about("monitor", name, kinds=["monitor.looked"], limit=LOOKS)
    found = [_incident(row) for row in reading.rows(_INCIDENTS, reading.project, name)]
    return MonitorPage(part, _checks(reading, name), len(facts), _days(facts), _open(facts), _series(facts), found, reading.clock)


def _checks(reading: Reading, name: str) -> list[dict[str, Any]]:
    """The checks, as the policy in force has them."""
    for problem in reading.of("problem"):
        policy = reading.last("policy.changed", "problem", problem)
        if policy is not None and name in policy.body["policy"].get("monitors", {}):
            return list(policy.body["policy"]["monitors"][name]["checks"])
    return []


def _days(facts: list[Any]) -> list[Day]:
    """The days that looks have told, each once, in order."""
    found = {d["day"]: d for fact in reversed(facts) for d in fact.body.get("days", []) if isinstance(d, dict) and "day" in d}
    return [Day(n * DAY, d.get("asked", 0), d.get("n", 0), d.get("score"), d.get("outcome"), d.get("loss")) for n, d in sorted(found.items())]


def _open(facts: list[Any]) -> Open | None:
    """The estimate of the last look; None where it made none, or nothing was open."""
    told = facts[0].body.get("open") if facts else None
    if not isinstance(told, dict) or not told.get("n"):
        return None
    last, loss = told.get("last"), told.get("loss") or {}
    criteria = [Expected(**{k: v for k, v in c.items() if k in Expected.__struct_fields__}) for c in told.get("criteria", [])]
    at = None if last is None else last * DAY
    return Open(told["n"], at, told.get("assumes", ""), told.get("outside"), criteria, loss.get("value"), told.get("why", ""))


def _series(facts: list[Any]) -> list[Series]:
    """Scores by check and subject, all over the same looks; what moves now before what moved once."""
    found: dict[tuple[str, str], Series] = {}
    times: list[int] = []
    for fact in reversed(facts):
        when = fact.body.get("when")
        at = when if isinstance(when, int) else fact.at
        times.append(at)
        for one in fact.body.get("findings", []) or []:
            score, limit = one.get("score"), one.get("limit")
            if not isinstance(score, int | float) or not isinstance(limit, int | float) or not limit:
                continue
            key = (str(one.get("check", "")), str(one.get("subject", "")))
            series = found.setdefault(key, Series(*key, [], ""))
            series.points.append((at, score / limit))
            series.last = str(one.get("text", ""))
    for series in found.values():
        seen = dict(series.points)
        series.points = [(at, seen.get(at)) for at in times]
    return sorted(found.values(), key=lambda s: (-(s.points[-1][1] or 0.0), -max(p for _, p in s.points if p is not None)))


def _incident(row: dict[str, Any]) -> IncidentLine:
    body = row["body"] if isinstance(row["body"], dict) else {}
    return IncidentLine(
        row["id"],
        f"/incidents/{row['id']}",
        row["monitor"],
        row["state"],
        row["severity"],
        row["title"],
        row["opened"],
        row["closed"],
        body.get("action"),
    )


def incidents(reading: Reading) -> IncidentsPage:
    """The list of incidents."""
    found = [_incident(row) for row in reading.rows(_ALL, reading.project)]
    return IncidentsPage([i for i in found if i.state == "open"], [i for i in found if i.state != "open"])


def _by_size(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The findings that are farthest over their limit first."""
    return sorted(findings, key=lambda f: -(f.get("score") or 0.0) / (f.get("limit") or 1.0))


def incident(reading: Reading, name: str) -> IncidentPage:
    """One incident by its id. Raises NotFoundError."""
    rows = reading.rows(_ONE, reading.project, name)
    if not rows:
        raise NotFoundError(f"there is no incident {name[:60]}", hint="the list of incidents has them all")
    body = rows[0]["body"] if isinstance(rows[0]["body"], dict) else {}
    alerts = [
        Alert(r["check_name"], r["subject"], r["severity"], r["at"], str((r["body"] or {}).get("text", "")) if isinstance(r["body"], dict) else "")
        for r in reading.rows(_ALERTS, reading.project, name)
    ]
    facts = [f for f in reading.about("monitor", rows[0]["monitor"], limit=200) if name in {f.body.get("incident"), f.body.get("id")}]
    return IncidentPage(
        _incident(rows[0]), body.get("cause") or rows[0]["title"], _by_size(body.get("findings", [])), alerts, [line(f) for f in facts][:30]
    )
