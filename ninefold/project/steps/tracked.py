"""A competition as runs, so that whoever looks at runs sees what a project trains: one for the whole, one below it a candidate.

They are written in the transaction that records the version, so a training has them, and one that was found stored does not.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ninefold import clock
from ninefold.ids import canonical, new_id
from ninefold.ledger import Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.models.records import Version
from ninefold.project.home import Home
from ninefold.runs.artifacts import File, folder_of, name_file
from ninefold.runs.experiments import ensured
from ninefold.runs.points import Point
from ninefold.runs.records import add, ended
from ninefold.runs.run import Run, Status
from ninefold.runs.writing import grouped, write
from ninefold.units import SECOND

_SQL = Statements(Path(__file__).with_name("tracked.sql"))
_LONGEST = 6000  # characters of a parameter that every client reads


class Ran(msgspec.Struct, frozen=True):
    """When a step ran, and its key."""

    key: str
    began: int
    ended: int


def track(tx: Tx, home: Home, made: Version, ref: Mapping[str, Any]) -> None:
    """The runs of the competition that made a version, with its report and the bundle's manifest as files."""
    report = msgspec.json.decode(home.blobs.get(ref["report"]))
    table, trials, tested = report["chosen"]["table"], report.get("trials", {}), report.get("tested", {})
    whole = _ran(tx, home, f"model/{made.model}")
    each = {entry["name"]: _ran(tx, home, f"candidate/{made.model}.{entry['name']}") for entry in table}
    experiment = ensured(tx, home.project, made.model).id
    said = {"project": home.project, "model": made.model, "version": str(made.version)}
    winner = next(entry for entry in table if entry["name"] == made.body["winner"])
    loss = report["loss"].replace(" ", "_")

    parent = _begin(tx, home, experiment, f"{made.model} {made.version}", whole, {**said, "winner": winner["name"], "step": whole.key})
    numbers = {f"rows/{part}": float(count) for part, count in report["rows"].items()}
    write(tx, parent.id, points=_points(whole.ended, _measured(winner, loss, tested) | numbers), tags=[("reason", made.body["reason"])])
    _files(tx, home, parent, {"report.json": ref["report"], "bundle/manifest.json": ref["manifest"]})
    for entry in table:
        ran = each[entry["name"]]
        tags = {**said, "candidate": entry["name"], "winner": str(entry is winner).lower(), "step": ran.key, "format": entry["format"]}
        run = _begin(tx, home, experiment, entry["name"], ran, {key: value for key, value in tags.items() if value}, parent=parent.id)
        points = _points(ran.ended, _measured(entry, loss, tested)) | _tuning(ran, loss, trials.get(entry["name"], []))
        write(tx, run.id, params=[(key, _text(value)) for key, value in entry["params"].items()], points=points)
        if entry["failed"]:
            write(tx, run.id, tags=[("failed", entry["failed"])])
        _end(tx, run, "failed" if entry["failed"] else "done", ran)
    _end(tx, parent, "done", whole)


def _ran(tx: Tx, home: Home, step: str) -> Ran:
    row = tx.one(_SQL["step"], home.project, step)
    if row is None:
        return Ran("", clock.now(), clock.now())
    return Ran(row["key"], int(row["at"] - row["seconds"] * SECOND), row["at"])


def _begin(tx: Tx, home: Home, experiment: int, name: str, ran: Ran, tags: Mapping[str, str], *, parent: str | None = None) -> Run:
    actor = home.actor or home.ledger.actor
    return add(tx, home.project, experiment, id=new_id(), name=name, started=ran.began, actor=actor, source="ninefold run", tags=tags, parent=parent)


def _end(tx: Tx, run: Run, status: Status, ran: Ran) -> None:
    ended(tx, run, status, ran.ended)


def _measured(entry: Mapping[str, Any], loss: str, tested: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    found = {f"validate/{loss}": entry["loss"], "bytes": float(entry["size"])}
    found |= {f"test/{name}": value for name, value in tested.get(entry["name"], {}).items()}
    return {name: value for name, value in found.items() if value is not None}


def _points(at: int, values: Mapping[str, float]) -> dict[str, Any]:
    return grouped([Point(name, value, 0, at) for name, value in values.items()])


def _tuning(ran: Ran, loss: str, trials: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The loss of each trial at its number as the step; one that failed has none."""
    return grouped([Point(f"trial/{loss}", trial["loss"], n, ran.ended) for n, trial in enumerate(trials, 1) if trial.get("loss") is not None])


def _files(tx: Tx, home: Home, run: Run, digests: Mapping[str, str]) -> None:
    for path, digest in digests.items():
        file = File(f"{folder_of(run)}/{path}", digest, home.blobs.size(digest), clock.now())
        name_file(tx, run.project, file)


def _text(value: Any) -> str:
    text = str(value) if isinstance(value, (str, bool, int, float)) else canonical(value).decode()
    return text[:_LONGEST]
