"""Versions of models: one winner with its evidence, numbered from 1."""

from typing import Any, Protocol

import msgspec

from ninefold.clock import now
from ninefold.errors import NotFoundError

NEWEST = "select * from versions where project = ? and model = ? order by version desc limit 1"
ONE = "select * from versions where project = ? and model = ? and version = ?"
ALL = "select * from versions where project = ? and model = ? order by version desc"
BY_DIGEST = "select * from versions where project = ? and digest = ?"


class Version(msgspec.Struct, frozen=True):
    """A version of a model; ``bundle`` is its bundle's digest, ``body`` what the run recorded of it."""

    project: str
    model: str
    version: int
    bundle: str
    digest: str
    at: int
    key: str | None
    body: dict[str, Any]


class Reads(Protocol):
    """What answers queries: a ledger, or a transaction in it."""

    def one(self, sql: str, *args: Any) -> Any: ...

    def all(self, sql: str, *args: Any) -> Any: ...


def _version(row: Any) -> Version:
    values = dict(row)
    values["body"] = msgspec.json.decode(values["body"])
    return msgspec.convert(values, Version)


def newest(db: Reads, project: str, model: str) -> Version | None:
    """The newest version of a model."""
    row = db.one(NEWEST, project, model)
    return _version(row) if row is not None else None


def versions(db: Reads, project: str, model: str) -> list[Version]:
    """All versions of a model, newest first."""
    return [_version(row) for row in db.all(ALL, project, model)]


def version(db: Reads, project: str, model: str, number: int) -> Version:
    """One version; raises NotFoundError where there is none."""
    row = db.one(ONE, project, model, number)
    if row is None:
        last = newest(db, project, model)
        raise NotFoundError(f"{model} has no version {number}", hint=f"the newest is {last.version}" if last else "run the project first")
    return _version(row)


def record_version(tx: Any, *, project: str, model: str, bundle: str, digest: str, body: dict[str, Any], key: str | None = None) -> int:
    """Number a new version; its fact is written in the same transaction."""
    last = newest(tx, project, model)
    number = last.version + 1 if last else 1
    row = {
        "project": project, "model": model, "version": number, "bundle": bundle, "digest": digest, "at": now(), "key": key,
        "body": msgspec.json.encode(body).decode(),
    }
    tx.add("versions", [row])
    tx.fact("model.version", f"{project}/model/{model}@{number}", {"version": number, "bundle": bundle, **body}, key=key)
    return number
