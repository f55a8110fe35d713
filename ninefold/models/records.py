"""Versions of models in the ledger: number, bundle, evidence."""

from typing import Any

import msgspec

from ninefold.clock import now
from ninefold.errors import ConflictError, NotFoundError, closest
from ninefold.ids import canonical
from ninefold.ledger import Ledger, Tx


class Version(msgspec.Struct, frozen=True):
    """A model's version. ``bundle`` is where it lies, ``digest`` what it is, ``key`` the key of the step that made it;
    ``at`` in µs; ``body`` the report: choice, parameters, rows, decision, digests, measurements.
    """

    project: str
    model: str
    version: int
    bundle: str
    digest: str
    at: int
    key: str | None
    body: dict[str, Any]

    @property
    def subject(self) -> str:
        """How facts call it.

        >>> Version("flights", "forecast", 3, "", "", 0, None, {}).subject
        'flights/model/forecast@3'
        """
        return f"{self.project}/model/{self.model}@{self.version}"


_COLUMNS = "project, model, version, bundle, digest, at, key, body"
# clients may have registered versions under the name before: their numbers are taken
_LAST = (
    "select coalesce(max(version), 0) as n from (select version from versions where project = ? and model = ? "
    "union all select version from registered_versions where project = ? and name = ?) taken"
)


def add_version(
    ledger: Ledger, project: str, model: str, *, bundle: str, digest: str, body: dict[str, Any], key: str | None = None, run: str | None = None
) -> Version:
    """Record a version under the next number, with its fact, in one transaction. A bundle that has a number keeps it."""
    return ledger.write(lambda tx: record_version(tx, project, model, bundle=bundle, digest=digest, body=body, key=key, run=run))


def record_version(
    tx: Tx, project: str, model: str, *, bundle: str, digest: str, body: dict[str, Any], key: str | None = None, run: str | None = None
) -> Version:
    """The same inside a transaction of the caller's."""
    known = tx.one(f"select {_COLUMNS} from versions where project = ? and model = ? and digest = ?", project, model, digest)
    if known is not None:
        return _version(known)
    last = tx.one(_LAST, project, model, project, model)
    number = (int(last["n"]) if last is not None else 0) + 1
    made = Version(project, model, number, bundle, digest, now(), key, body)
    tx.add("versions", [{**msgspec.structs.asdict(made), "body": canonical(body).decode()}])
    tx.fact("model.version", made.subject, {"version": number, "bundle": bundle, "digest": digest, **body}, run=run, key=key)
    return made


def record_registered(tx: Tx, project: str, model: str, number: int, *, digest: str, body: dict[str, Any]) -> Version:
    """Keep the bundle that was made of a registered version under that version's own number, with its fact. ConflictError where it
    was deleted meanwhile.
    """
    said = "update registered_versions set bundle = ? where project = ? and name = ? and version = ? and state = 'active'"
    if not tx.execute(said, digest, project, model, number):
        raise ConflictError(f"{model}@{number} was deleted meanwhile", hint="name another version")
    made = Version(project, model, number, digest, digest, now(), None, body)
    tx.execute("delete from versions where project = ? and model = ? and version = ?", project, model, number)
    tx.add("versions", [{**msgspec.structs.asdict(made), "body": canonical(body).decode()}])
    tx.fact("model.version", made.subject, {"version": number, "bundle": digest, "digest": digest, **body})
    return made


def stored(ledger: Ledger, project: str, model: str, number: int) -> Version | None:
    """A version that has a bundle, or None."""
    row = ledger.one(f"select {_COLUMNS} from versions where project = ? and model = ? and version = ?", project, model, number)
    return None if row is None else _version(row)


def by_digest(ledger: Ledger, project: str, model: str, digest: str) -> Version | None:
    """The version whose bundle has that digest."""
    row = ledger.one(f"select {_COLUMNS} from versions where project = ? and model = ? and digest = ?", project, model, digest)
    return _version(row) if row is not None else None


def newest(ledger: Ledger, project: str, model: str) -> Version | None:
    """The newest version of a model; None before the first."""
    row = ledger.one(f"select {_COLUMNS} from versions where project = ? and model = ? order by version desc limit 1", project, model)
    return _version(row) if row is not None else None


def versions(ledger: Ledger, project: str, model: str) -> list[Version]:
    """All versions of a model, the newest first."""
    rows = ledger.all(f"select {_COLUMNS} from versions where project = ? and model = ? order by version desc", project, model)
    return [_version(row) for row in rows]


def version(ledger: Ledger, project: str, model: str, number: int) -> Version:
    """One version. Raises NotFoundError."""
    row = ledger.one(f"select {_COLUMNS} from versions where project = ? and model = ? and version = ?", project, model, number)
    if row is None:
        known = [row["model"] for row in ledger.all("select distinct model from versions where project = ?", project)]
        if model not in known:
            raise NotFoundError(f'no model "{model}" has a version', hint=closest(model, known) if known else "run the project first: ninefold run")
        have = ", ".join(str(v.version) for v in reversed(versions(ledger, project, model)))
        raise NotFoundError(f"the model {model} has no version {number}", hint=f"it has {have}")
    return _version(row)


def _version(row: Any) -> Version:
    return Version(
        row["project"], row["model"], int(row["version"]), row["bundle"], row["digest"], int(row["at"]), row["key"], msgspec.json.decode(row["body"])
    )
