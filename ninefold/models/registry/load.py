"""Registered models as another registry remembers them, written in bulk, and read again to be compared."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ninefold import ids
from ninefold.errors import ConflictError
from ninefold.ledger import Ledger, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs.pasts.tally import Told

_SQL = Statements(Path(__file__).with_name("load.sql"))


class PastVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version. ``source`` is what its client named, ``root`` where its files lie here. Times are microseconds UTC."""

    version: int
    source: str
    root: str = ""
    run: str | None = None
    model: str | None = None
    status: str = "ready"
    message: str = ""
    stage: str = "None"
    description: str = ""
    actor: str = ""
    created: int = 0
    updated: int = 0
    tags: dict[str, str] = {}


class PastName(msgspec.Struct, frozen=True, kw_only=True):
    """A registered model with its versions and aliases."""

    name: str
    description: str = ""
    created: int = 0
    updated: int = 0
    tags: dict[str, str] = {}
    aliases: dict[str, int] = {}
    versions: Sequence[PastVersion] = ()


def load_name(tx: Tx, project: str, past: PastName, *, known: bool) -> None:
    """A registered model with all it has. ``known``: it was brought before; else one of that name is a ConflictError."""
    name = past.name
    if not known and tx.one(_SQL["taken"], project, name) is not None:
        raise ConflictError(f'there is a registered model "{name}" here already', hint="bring it under another name: --prefix old-")
    tx.execute(_SQL["model"], project, name, past.description, past.created, past.updated)
    tx.many(_SQL["model_tag"], [(project, name, key, value) for key, value in past.tags.items()])
    for v in past.versions:
        row = (v.version, v.source, v.root, v.run, v.model, v.status, v.message, v.stage, v.description, v.actor, v.created, v.updated)
        tx.execute(_SQL["version"], project, name, *row)
        tx.many(_SQL["version_tag"], [(project, name, v.version, key, value) for key, value in v.tags.items()])
    tx.many(_SQL["alias"], [(project, name, alias, version) for alias, version in past.aliases.items()])
    if not known:
        tx.fact("model.registered", f"{project}/registered/{name}", {"versions": len(past.versions), "imported": True})


def tell_name(past: PastName) -> Told:
    """What a registered model is: counts, and the digest of all of it."""
    counts = {"versions": len(past.versions), "aliases": len(past.aliases), "tags": len(past.tags) + sum(len(v.tags) for v in past.versions)}
    versions = [msgspec.structs.replace(v, root="") for v in sorted(past.versions, key=lambda v: v.version)]
    return Told(counts, ids.digest_of(msgspec.to_builtins(msgspec.structs.replace(past, versions=versions))))


def stored_name(ledger: Ledger, project: str, name: str) -> Told | None:
    """What a registered model is here, read again; None where there is none."""
    row = ledger.one(_SQL["stored"], project, name)
    if row is None:
        return None
    tags: dict[int, dict[str, str]] = {}
    for tag in ledger.all(_SQL["stored_version_tags"], project, name):
        tags.setdefault(tag["version"], {})[tag["key"]] = tag["value"]
    versions = [
        PastVersion(**{column: v[column] for column in v.keys()}, tags=tags.get(v["version"], {}))  # noqa: SIM118  a row iterates over its values
        for v in ledger.all(_SQL["stored_versions"], project, name)
    ]
    past = PastName(
        name=row["name"],
        description=row["description"],
        created=row["created"],
        updated=row["updated"],
        tags={r["key"]: r["value"] for r in ledger.all(_SQL["stored_tags"], project, name)},
        aliases={r["alias"]: r["version"] for r in ledger.all(_SQL["stored_aliases"], project, name)},
        versions=versions,
    )
    return tell_name(past)
