"""Registered models and their versions as they are read: many at once in a constant number of queries."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from ninefold.ledger import Ledger, Row
from ninefold.ledger.sqlfile import Statements

T = TypeVar("T")
SQL = Statements(Path(__file__).with_name("records.sql"))
_AT_ONCE = 400  # names, or names with versions, in one statement


class RegisteredVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version. ``source`` is what whoever registered it named, ``root`` where its files lie (empty where it has none here).

    ``own``: made by a model of this project, and read-only but for tags, aliases and the description. ``bundle`` is the digest of the
    bundle that answers, where there is one. Times are microseconds UTC.
    """

    project: str
    name: str
    version: int
    source: str
    root: str
    run: str | None
    model: str | None
    status: str
    message: str
    stage: str
    description: str
    actor: str
    bundle: str | None
    created: int
    updated: int
    own: bool
    tags: dict[str, str]
    aliases: list[str]

    @property
    def subject(self) -> str:
        """How facts call it: ``flights/model/churn@3``."""
        return f"{self.project}/model/{self.name}@{self.version}"


class RegisteredModel(msgspec.Struct, frozen=True, kw_only=True):
    """A name with versions. ``latest`` are the newest versions of each stage; ``aliases`` lead to version numbers."""

    project: str
    name: str
    description: str
    created: int
    updated: int
    own: bool
    tags: dict[str, str]
    aliases: dict[str, int]
    latest: list[RegisteredVersion]


def models(ledger: Ledger, project: str, names: Sequence[str]) -> list[RegisteredModel]:
    """The models of these names, in their order; a name that does not exist is left out."""
    found: dict[str, Row] = {}
    tags: dict[str, dict[str, str]] = {}
    aliases: dict[str, dict[str, int]] = {}
    newest: list[tuple[str, int]] = []
    for part in _parts(list(dict.fromkeys(names))):
        marks = ", ".join("?" * len(part))
        found |= {row["name"]: row for row in ledger.all(f"select * from registry_models where project = ? and name in ({marks})", project, *part)}
        for row in ledger.all(f"select * from registered_tags where project = ? and name in ({marks}) order by key", project, *part):
            tags.setdefault(row["name"], {})[row["key"]] = row["value"]
        for row in ledger.all(f"select * from registry_aliases where project = ? and name in ({marks}) order by alias", project, *part):
            aliases.setdefault(row["name"], {})[row["alias"]] = int(row["version"])
        by_stage = f"select name, max(version) as version from registry_versions where project = ? and name in ({marks}) group by name, stage"
        newest += [(row["name"], int(row["version"])) for row in ledger.all(by_stage, project, *part)]
    latest: dict[str, list[RegisteredVersion]] = {}
    for version in versions(ledger, project, sorted(newest)):
        latest.setdefault(version.name, []).append(version)
    return [
        RegisteredModel(
            project=project, name=name, description=row["description"], created=int(row["created"]), updated=int(row["updated"]),
            own=bool(row["own"]), tags=tags.get(name, {}), aliases=aliases.get(name, {}), latest=latest.get(name, []),
        )
        for name in names
        for row in [found.get(name)]
        if row is not None
    ]  # fmt: skip


def versions(ledger: Ledger, project: str, keys: Sequence[tuple[str, int]]) -> list[RegisteredVersion]:
    """The versions with these names and numbers, in their order; one that does not exist is left out."""
    found: dict[tuple[str, int], Row] = {}
    tags: dict[tuple[str, int], dict[str, str]] = {}
    aliases: dict[tuple[str, int], list[str]] = {}
    for part in _parts(list(dict.fromkeys(keys))):
        pairs = [value for key in part for value in key]
        these = f"(name, version) in (values {', '.join(['(?, ?)'] * len(part))})"
        rows = ledger.all(f"select * from registry_versions where project = ? and {these}", project, *pairs)
        found |= {(row["name"], int(row["version"])): row for row in rows}
        for row in ledger.all(f"select * from version_tags where project = ? and {these} order by key", project, *pairs):
            tags.setdefault((row["name"], int(row["version"])), {})[row["key"]] = row["value"]
        for row in ledger.all(f"select * from registry_aliases where project = ? and {these} order by alias", project, *pairs):
            aliases.setdefault((row["name"], int(row["version"])), []).append(row["alias"])
    return [_version(there, tags.get(key, {}), aliases.get(key, [])) for key in keys if (there := found.get(key)) is not None]


def names(ledger: Ledger, project: str) -> dict[str, bool]:
    """The names of models, and whether each is of the project's own; prompts are left out."""
    return {row["name"]: bool(row["own"]) for row in ledger.all(SQL["names"], project)}


def of(ledger: Ledger, project: str, name: str, *, limit: int = 2**31 - 1) -> list[RegisteredVersion]:
    """The versions of one model, the newest first."""
    return versions(ledger, project, [(name, int(row["version"])) for row in ledger.all(SQL["numbers"], project, name, limit)])


def _parts(values: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]


def _version(row: Row, tags: dict[str, str], aliases: list[str]) -> RegisteredVersion:
    plain = {name: row[name] for name in row.keys() if name != "own"}  # noqa: SIM118  a row iterates over its values
    return msgspec.convert({**plain, "own": bool(row["own"]), "tags": tags, "aliases": aliases}, RegisteredVersion)
