"""Why, of other things than answers: a step (which part of its key changed), a version, an incident."""

from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.errors import NotFoundError, closest
from ninefold.project.explaining.why import Origin, Why, why_prediction
from ninefold.project.home import Home

if TYPE_CHECKING:
    from ninefold.engine.plan import Difference

_STEPS = "select name, max(at) as at from steps where project = ? group by name order by name"
_LAST = "select key, run, at, seconds, content from steps where project = ? and name = ? order by at desc limit 2"
_INCIDENT = "select * from incidents where project = ? and (id = ? or id like ?) order by opened desc"
_ALERTS = "select * from alerts where incident = ? order by at"


class WhyStep(msgspec.Struct, frozen=True):
    """Why a step ran when it last did. ``changed`` are the parts of its key that differ from the time before, with the digests
    before and after; empty for a first run. Times in µs.
    """

    step: str
    key: str
    at: int
    seconds: float
    run: str | None
    content: str
    same_content: bool
    changed: list[dict[str, Any]]
    before: int | None
    because: str


class WhyIncident(msgspec.Struct, frozen=True):
    """An incident: what was found, the cause that was named, what was done, and the facts that say so. Times in µs."""

    id: str
    monitor: str
    state: str
    severity: str
    title: str
    opened: int
    closed: int | None
    body: dict[str, Any]
    alerts: list[dict[str, Any]]
    facts: list[dict[str, Any]]


def why(home: Home, what: str) -> Why | WhyStep | WhyIncident | Origin:
    """The reasons behind a prediction's id, a step (``table/departures``), a version (``forecast@2``) or an incident's id.

    Raises NotFoundError with the nearest right name.
    """
    if "@" in what:
        return why_version(home, what)
    if "/" in what or what in _things(home):
        return why_step(home, what)
    found = _incidents(home, what)
    if found:
        return _incident(home, found[0])
    if len(what) == 36:
        return why_prediction(home, what)
    hint = closest(what, _things(home))
    raise NotFoundError(f'"{what}" is no prediction, step, version or incident of {home.project}', hint=f"{hint}; a version is MODEL@NUMBER")


def why_version(home: Home, what: str) -> Origin:
    """Where the version ``model@number`` comes from; also ``model@alias``, or the newest of ``model``."""
    from ninefold.project.explaining.registered import called, version_origin

    return version_origin(home, called(home, what))


def why_step(home: Home, step: str) -> WhyStep:
    """Which part of a step's key changed when it last ran."""
    from ninefold.engine.plan import why as differing

    name = _step_name(home, step)
    rows = home.ledger.all(_LAST, home.project, name)
    changed = differing(home.ledger, home.project, name)
    last, before = rows[0], rows[1] if len(rows) > 1 else None
    same = before is not None and before["content"] == last["content"]
    return WhyStep(
        step=name,
        key=last["key"],
        at=last["at"],
        seconds=last["seconds"],
        run=last["run"],
        content=last["content"],
        same_content=same,
        changed=[{"part": d.part, "before": d.before, "after": d.after, "text": str(d)} for d in changed],
        before=before["at"] if before is not None else None,
        because=_because(changed, before is None),
    )


def _because(changed: "list[Difference]", first: bool) -> str:
    if first:
        return "it ran for the first time"
    return "; ".join(str(d) for d in changed) or "nothing of its key changed: its stored output was gone, or it was forced"


def _names(home: Home) -> list[str]:
    return [row["name"] for row in home.ledger.all(_STEPS, home.project)]


def _things(home: Home) -> list[str]:
    return sorted({name.partition("/")[2] for name in _names(home)})


def _step_name(home: Home, step: str) -> str:
    """The full name of a step: ``departures`` is ``table/departures``, the step that makes the thing itself."""
    known = _names(home)
    if step in known:
        return step
    own = [n for n in known if n.partition("/")[2] == step and n.partition("/")[0] in {"source", "table", "model", "hypothesis", "questions"}]
    if own:
        return own[0]
    raise NotFoundError(f'the step "{step}" has not run', hint=closest(step, known))


def _incidents(home: Home, id: str) -> list[Any]:
    like = f"{id}%" if len(id) >= 8 else id  # the first characters are enough, as they are shown in lists
    return home.ledger.all(_INCIDENT, home.project, id, like)


def _incident(home: Home, row: Any) -> WhyIncident:
    decode = msgspec.json.decode
    alerts = [{**{k: v for k, v in dict(a).items() if k != "body"}, **decode(a["body"])} for a in home.ledger.all(_ALERTS, row["id"])]
    kinds = ("incident.opened", "incident.closed", "alert.raised", "retrain.started", "retrain.done", "item.opened", "release.rolledback")
    told = home.ledger.facts(kind=kinds, prefix=f"{home.project}/")
    facts = [f for f in told if row["id"] in {f.body.get("incident"), f.body.get("id")}]
    return WhyIncident(
        id=row["id"],
        monitor=row["monitor"],
        state=row["state"],
        severity=row["severity"],
        title=row["title"],
        opened=row["opened"],
        closed=row["closed"],
        body=decode(row["body"]),
        alerts=alerts,
        facts=[{"fact": f.seq, "kind": f.kind, "at": f.body.get("when", f.at), "subject": f.subject, "body": f.body} for f in facts],
    )
