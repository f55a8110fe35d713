"""Incidents as records: read, and written with their alerts, facts, items and messages in one transaction."""

from typing import Any

import msgspec

from ninefold.ids import new_id
from ninefold.loop.days import begins
from ninefold.monitors.finding import Finding
from ninefold.monitors.incidents import REOPEN, Changes, Incident
from ninefold.notify.outbox import post
from ninefold.project.home import Home
from ninefold.units import DAY, many
from ninefold.workflow.items import close_item, open_items

_RECENT = "select body from incidents where project = ? and monitor = ? and (state = 'open' or closed >= ?) order by opened"
_KEEP = (
    "insert into incidents (id, project, monitor, state, severity, title, opened, closed, body) values (?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "on conflict (id) do update set state = excluded.state, severity = excluded.severity, title = excluded.title, closed = excluded.closed, "
    "body = excluded.body"
)
LONGEST_TITLE = 140
MOST_NAMES = 3
MOST_TOLD = 1


def recent(home: Home, monitor: str, now: int) -> list[Incident]:
    """The open incidents of a monitor, and those that could be the same when something comes back."""
    rows = home.ledger.all(_RECENT, home.project, monitor, now - (REOPEN + 1) * DAY)
    return [msgspec.json.decode(row["body"], type=Incident) for row in rows]


def title_of(incident: Incident) -> str:
    """The first sentence of the cause; of a long list of names only the first, and how many more."""
    first = incident.cause.split(". ")[0].rstrip(".")
    said, bracket, rest = first.partition(" (")
    names = rest.rstrip(")").split(", ") if bracket else []
    if len(names) > MOST_NAMES:
        first = f"{said} ({', '.join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more)"
    return first if len(first) <= LONGEST_TITLE else first[: LONGEST_TITLE - 1] + "…"


def brief(incident: Incident, fresh: list[Finding]) -> str:
    """An incident in a line: what kind it is, the first of its new findings, how many more there are, what is done."""
    first = [f.text for f in fresh[:MOST_TOLD]]
    more = f"; and {len(fresh) - MOST_TOLD} more" if len(fresh) > MOST_TOLD else ""
    kind = incident.cause.split(". ")[0].split(" (")[0].rstrip(".")
    return f"{kind}: {'; '.join(first)}{more}" + (f" → {incident.action}" if incident.action else "")


class Keeper:
    """Writes what a look changes about a monitor's incidents."""

    def __init__(self, home: Home, monitor: str, tell: tuple[str, ...], tz: str | None) -> None:
        self.home, self.monitor, self.tell, self.tz = home, monitor, tell, tz
        self.subject = home.subject("monitor", monitor)

    def write(self, tx: Any, before: list[Incident], changes: Changes, when: int) -> list[tuple[str, str, str]]:
        """Incidents, their new alerts, and a fact and a message for each that opened, grew or closed: what happened, in a line, the id.

        Several monitors may see one cause: each line and each message says whose it is.
        """
        known = {i.id: i for i in before}
        said = dict(changes.messages)
        told: list[tuple[str, str, str]] = []
        for incident in changes.incidents:
            old = known.get(incident.id)
            self._store(tx, incident, when)
            seen = {(f.check, f.subject) for f in old.findings} if old is not None else set()
            fresh = [f for f in incident.findings if (f.check, f.subject) not in seen]
            for finding in fresh:
                self._alert(tx, incident, finding, when)
            reopened = old is not None and old.state == "closed" and incident.state != "closed"
            if incident.id in changes.opened or reopened:
                self._opened(tx, incident, said.get(incident.id, incident.cause), when, again=reopened)
                told.append(("incident.opened", f"{self.monitor}: {'again: ' if reopened else ''}{brief(incident, fresh)}", incident.id))
            elif old is not None and {f.check for f in fresh} - {f.check for f in old.findings}:
                # another check joins: what was told when it opened is no longer the whole
                joined = [f for f in fresh if f.check not in {o.check for o in old.findings}]
                told.append(("incident.grew", f"{self.monitor}: {brief(incident, joined)}", incident.id))
                self._grew(tx, incident, told[-1][1], when)
            if incident.id in changes.closed:
                self._closed(tx, incident, when)
                told.append(("incident.closed", f"{self.monitor}: over: {title_of(incident)}", incident.id))
        return told

    def _store(self, tx: Any, incident: Incident, when: int) -> None:
        severity = max((f.severity for f in incident.findings), key=("watch", "alarm").index, default="alarm")
        closed = when if incident.state == "closed" else None
        state = "closed" if closed is not None else "open"
        body = msgspec.json.encode(incident).decode()
        opened = begins(incident.opened, self.tz)
        tx.execute(_KEEP, incident.id, self.home.project, self.monitor, state, severity, title_of(incident), opened, closed, body)

    def _alert(self, tx: Any, incident: Incident, finding: Finding, when: int) -> None:
        told = msgspec.to_builtins(finding)
        row = {
            "id": new_id(),
            "project": self.home.project,
            "monitor": self.monitor,
            "incident": incident.id,
            "check_name": finding.check,
            "subject": finding.subject,
            "severity": finding.severity,
            "at": when,
            "body": msgspec.json.encode(told).decode(),
        }
        tx.add("alerts", [row])
        tx.fact("alert.raised", self.subject, {"incident": incident.id, "when": when, **told})

    def _opened(self, tx: Any, incident: Incident, text: str, when: int, *, again: bool) -> None:
        body = {
            "incident": incident.id,
            "monitor": self.monitor,
            "when": when,
            "title": title_of(incident),
            "text": text,
            "action": incident.action,
            "again": again,
        }
        tx.fact("incident.opened", self.subject, body)
        if not again:
            post(
                tx,
                self.home.project,
                self.tell,
                f"{self.home.project}/{self.monitor}: {title_of(incident)}",
                {"event": "incident.opened", **body},
                at=when,
            )

    def _grew(self, tx: Any, incident: Incident, text: str, when: int) -> None:
        body = {"event": "incident.grew", "incident": incident.id, "monitor": self.monitor, "when": when, "title": title_of(incident), "text": text}
        post(tx, self.home.project, self.tell, f"{self.home.project}/{self.monitor}: {title_of(incident)}", body, at=when)

    def _closed(self, tx: Any, incident: Incident, when: int) -> None:
        text = f"over: no alarm on {many(incident.quiet, 'day')}"
        body = {"incident": incident.id, "monitor": self.monitor, "when": when, "title": title_of(incident), "text": text}
        tx.fact("incident.closed", self.subject, body)
        post(
            tx,
            self.home.project,
            self.tell,
            f"{self.home.project}/{self.monitor}: over: {title_of(incident)}",
            {"event": "incident.closed", **body},
            at=when,
        )
        for item in open_items(self.home.ledger, self.home.project):
            # whoever was told to hold may go on; what somebody was asked to decide stays
            if item.body.get("incident") == incident.id and item.body.get("kind") == "hold":
                close_item(tx, item, at=when, why="the incident is over")
