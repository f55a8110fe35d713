"""Endpoints and monitors: where answers go, what is checked, who hears of it."""

import re

from ninefold.endpoints import Endpoint
from ninefold.errors import closest
from ninefold.models.registry.address import address
from ninefold.monitors import Monitor
from ninefold.project.check.notes import Notes

_TOLD = ("log", "mailto", "https", "http", "slack")
_BUDGET = re.compile(r"\d+(\.\d+)? per (day|week|month|quarter|year)")


def check(notes: Notes) -> None:
    """Each endpoint and monitor can do what it says."""
    for name, endpoint in notes.graph.of("endpoint").items():
        _endpoint(notes, name, endpoint)
    for name, monitor in notes.graph.of("monitor").items():
        _monitor(notes, name, monitor)


def _endpoint(notes: Notes, name: str, endpoint: Endpoint) -> None:
    if endpoint.registered is not None:
        _registered(notes, name, endpoint, endpoint.registered)
    if endpoint.holdout > 0 and endpoint.acted is None and endpoint.to is None:
        notes.warn(
            name,
            "a share is held out, and nothing tells what was done about the others",
            "name the table or events that tell: acted=",
            at=("holdout",),
        )
    if endpoint.release.kind == "canary" and not 0 < endpoint.release.share < 1:
        notes.error(name, f"the canary gets {endpoint.release.share:.0%} of the questions", "give a share above 0% and below 100%", at=("release",))


def _registered(notes: Notes, name: str, endpoint: Endpoint, given: str) -> None:
    """A registered version answers questions; what needs a problem to judge by it cannot have."""
    notes.attempt(name, lambda: address(given), at=(given,))
    if endpoint.release.kind != "full":
        told = f"nothing judges a {endpoint.release.kind} of a registered version: it has no problem"
        notes.error(name, told, "leave release= out, or let it compete in a model: nf.existing(...)", at=("release",))
    for field in ("to", "acted", "holdout"):
        if getattr(endpoint, field):
            notes.error(name, f"{field}= needs a problem, and a registered version has none", f"leave {field}= out", at=(field,))
    for other, monitor in notes.graph.of("monitor").items():
        if notes.find(monitor.endpoint, "endpoint") is endpoint:
            notes.error(other, f'"{name}" answers with a registered version, which has no problem to be watched by', "let it compete in a model")


def _monitor(notes: Notes, name: str, monitor: Monitor) -> None:
    if not monitor.checks:
        notes.warn(name, "the monitor checks nothing", "checks=[nf.freshness(), nf.drift(), nf.quality()]", at=("checks",))
    for check in monitor.checks:
        if check.then is not None and check.then.kind == "retrain" and check.kind == "freshness":
            notes.error(
                name,
                "a feed that is late or broken would retrain the model",
                "leave then= out: the batch is held, and the owner told",
                at=("freshness",),
            )
    for url in monitor.tell:
        scheme, colon, rest = url.partition(":")
        if not colon or scheme not in _TOLD:
            notes.error(
                name, f'"{url}" cannot be told', f"{closest(scheme, _TOLD)}; write log://, mailto:a@b.c, https://... or slack:channel", at=(url,)
            )
        elif scheme == "mailto" and "@" not in rest:
            notes.error(name, f'"{rest}" is no mail address', 'write "mailto:name@example.com"', at=(url,))
    if not _BUDGET.fullmatch(monitor.false_alarms):
        notes.error(
            name,
            f'false_alarms="{monitor.false_alarms}" is no budget',
            'write "1 per quarter"; day, week, month, quarter or year',
            at=("false_alarms",),
        )
