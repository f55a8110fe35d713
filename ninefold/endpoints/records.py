"""Releases: which version answers which share of an endpoint's questions, since when, and what came before."""

from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.clock import now
from ninefold.ids import new_id

if TYPE_CHECKING:
    from ninefold.ledger import Ledger, Tx

OPEN = "select * from releases where project = ? and endpoint = ? and ended is null order by started, id"
ALL = "select * from releases where project = ? and endpoint = ? order by started desc, id desc"
END = "update releases set ended = ?, state = ?, body = ? where id = ?"


class Release(msgspec.Struct, frozen=True):
    """A version with a share of an endpoint's questions. ``state``: champion, challenger, promoted, stayed, rolled back, replaced.

    ``started`` and ``ended`` are by the clock of whoever decided (a replay's clock in a replay).
    """

    id: str
    project: str
    endpoint: str
    model: str
    version: int
    kind: str
    share: float
    state: str
    started: int
    ended: int | None
    body: dict[str, Any]


def _release(row: Any) -> Release:
    values = dict(row)
    values["body"] = msgspec.json.decode(values["body"])
    return msgspec.convert(values, Release)


def current(ledger: "Ledger | Tx", project: str, endpoint: str) -> list[Release]:
    """The open releases of an endpoint: the champion, and a challenger if there is one. Who changes them asks in the transaction."""
    return [_release(row) for row in ledger.all(OPEN, project, endpoint)]


def history(ledger: "Ledger | Tx", project: str, endpoint: str) -> list[Release]:
    """All releases of an endpoint, newest first."""
    return [_release(row) for row in ledger.all(ALL, project, endpoint)]


def champion(releases: list[Release]) -> Release | None:
    """The one that answers, of open releases."""
    return next((r for r in releases if r.state == "champion"), None)


def challenger(releases: list[Release]) -> Release | None:
    """The one that is being tried, of open releases."""
    return next((r for r in releases if r.state == "challenger"), None)


def start(
    tx: "Tx",
    *,
    project: str,
    endpoint: str,
    model: str,
    version: int,
    kind: str,
    share: float,
    state: str,
    at: int | None = None,
    body: dict[str, Any] | None = None,
) -> str:
    """Open a release; its fact is written in the same transaction."""
    release, when = new_id(), at if at is not None else now()
    row = {
        "id": release,
        "project": project,
        "endpoint": endpoint,
        "model": model,
        "version": version,
        "kind": kind,
        "share": share,
        "state": state,
        "started": when,
        "body": msgspec.json.encode(body or {}).decode(),
    }
    tx.add("releases", [row])
    told = {"release": release, "model": model, "version": version, "kind": kind, "share": share, "state": state, "when": when, **(body or {})}
    tx.fact("release.started", f"{project}/endpoint/{endpoint}", told)
    return release


def end(tx: "Tx", release: Release, state: str, *, at: int | None = None, kind: str = "release.ended", **more: Any) -> None:
    """Close a release as ``state``, with its fact."""
    when = at if at is not None else now()
    body = {**release.body, **more}
    tx.execute(END, when, state, msgspec.json.encode(body).decode(), release.id)
    told = {"release": release.id, "model": release.model, "version": release.version, "state": state, "when": when, **more}
    tx.fact(kind, f"{release.project}/endpoint/{release.endpoint}", told)
