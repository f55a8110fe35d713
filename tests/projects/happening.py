"""What a loop would have written about the small project: looks, an incident, a work item, rows that are made up."""

from pathlib import Path
from typing import Any

import msgspec

from ninefold import config
from ninefold.project.home import Home
from ninefold.runs.experiments import Experiments
from ninefold.runs.traces.records import Traces
from ninefold.runs.traces.trace import Span

INCIDENT = "parcels-watch-change-2024-02-28"


def happen(folder: Path) -> None:
    """Write it to the project in ``folder``."""
    with Home(config.load(folder), "parcels", actor="ada") as home:
        happened(home)


def happened(home: Home) -> None:
    """What a loop would have written: looks, an incident that is open, an item that waits, a source whose rows are made up."""
    day = 86_400_000_000
    finding = {
        "check": "drift",
        "subject": "weight",
        "score": 900.0,
        "limit": 400.0,
        "since": 19_780,
        "severity": "alarm",
        "text": "weight has moved",
    }
    at = 19_781 * day
    days = [
        {"day": 19_770 + n, "asked": 40, "n": 38, "void": 2, "score": 0.3, "outcome": 0.2 + n / 100, "residual": 0.0, "loss": 0.5} for n in range(10)
    ]
    expected = [
        {"criterion": "roc_auc >= 0.7", "metric": "roc_auc", "value": 0.75, "n": 80, "days": 2, "why": "not corrected: it is no mean over questions"},
        {"criterion": "cost <= 0.9 × baseline", "metric": "cost", "relative": True, "value": 0.83, "uncorrected": 0.7, "labelled": 380, "n": 80},
    ]
    still = {"n": 80, "first": 19_780, "last": 19_781, "assumes": "the same scores still mean the same", "outside": 0.02, "criteria": expected}
    look = {"when": at, "version": 1, "volume": 40, "day": 19_780, "findings": [finding], "steps": [], "open": {**still, "loss": {"value": 0.6}}}

    def write(tx: Any) -> None:
        for n in range(10):
            tx.fact("monitor.looked", "parcels/monitor/watch", {**look, "when": at - (9 - n) * day, "days": [days[n]]})
        opened = {"incident": INCIDENT, "title": "Inputs moved", "text": "Inputs moved; quality did not.", "action": "tell", "when": at}
        tx.fact("incident.opened", "parcels/monitor/watch", opened)
        body = {"cause": "Inputs moved; quality did not.", "findings": [finding], "action": "tell"}
        row = {"id": INCIDENT, "project": "parcels", "monitor": "watch", "state": "open", "severity": "alarm", "title": "Inputs moved", "opened": at}
        tx.add("incidents", [{**row, "body": msgspec.json.encode(body).decode()}])
        tx.add(
            "items",
            [
                {
                    "id": "item-1",
                    "project": "parcels",
                    "title": "Better features are needed",
                    "waits_for": "dispatch",
                    "state": "open",
                    "subject": "parcels/model/forecast@1",
                    "opened": at,
                    "body": msgspec.json.encode({"incident": INCIDENT}).decode(),
                }
            ],
        )
        said = {"item": "item-1", "title": "Better features are needed", "waits_for": "dispatch", "when": at}
        tx.fact("item.opened", "parcels/model/forecast", said)
        tx.fact("source.simulated", "parcels/source/orders", {"rule": "Simulated, by a rule of this test."})

    home.ledger.write(write)
    tried(home, at - 5 * day)
    traced(home, at)


def traced(home: Home, at: int) -> None:
    """A request through somebody's application, with a step in it."""
    experiment = Experiments(home.ledger, "parcels").ensure("assistant").id
    root = Span(trace="trace-1", id="a", name="where is my parcel", began=at * 1000, ended=(at + 9000) * 1000)
    step = Span(trace="trace-1", id="b", parent="a", name="look up", began=(at + 2000) * 1000, ended=(at + 5000) * 1000)
    Traces(home.ledger, "parcels").add_spans([root, step], experiment=experiment)


def tried(home: Home, at: int) -> None:
    """Three days of a version that is tried, and of the problem's criteria in production."""
    day = 86_400_000_000
    judged = home.ledger.last("model.judged", "parcels/model/forecast@1")
    criteria = [{**c, "production": True} for c in judged.body["criteria"]] if judged else []

    def write(tx: Any) -> None:
        for n in range(3):
            look = {"version": 2, "release": "r", "decision": "hold", "effect": n / 100, "low": (n - 3) / 100, "high": (n + 3) / 100, "days": n + 1}
            tx.fact("canary.judged", "parcels/endpoint/dispatch", {**look, "text": f"forecast@2 gains {n / 100}: goes on", "when": at + n * day})
            verdict = {"verdict": "not yet known", "before": None, "why": "days are missing", "criteria": criteria, "when": at + n * day}
            tx.fact("problem.judged", "parcels/problem/lateness", {**verdict, "endpoint": "dispatch"})

    home.ledger.write(write)
