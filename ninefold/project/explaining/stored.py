"""What is stored of a table: its versions, its profile, its quarantine; from facts."""

from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.clock import iso
from ninefold.errors import NotFoundError
from ninefold.project.explaining.lineage import newest_ref
from ninefold.project.home import Home

if TYPE_CHECKING:
    import polars as pl


def versions_of(home: Home, name: str) -> list[dict[str, Any]]:
    """The versions of a table from their facts, the newest first; an equal content that was made again is one line."""
    found: dict[int, dict[str, Any]] = {}
    for fact in home.ledger.facts(kind="table.written", prefix=f"{home.subject('table', name)}@", newest_first=True):
        body = fact.body
        found.setdefault(
            body["version"],
            {
                "version": body["version"],
                "at": iso(fact.at),
                "rows": body["rows"],
                "columns": body["columns"],
                "quarantined": body["quarantined"],
                "reasons": {r: n for r, n in body["reasons"].items() if n},
                "content": body["content"],
                "inputs": body["inputs"],
                "fact": fact.seq,
            },
        )
    return list(found.values())


def profile_of(home: Home, name: str) -> dict[str, Any]:
    """The stored profile of a table; NotFoundError before the first run."""
    ref = newest_ref(home.ledger, home.project, f"profile/{name}")
    if ref is None:
        raise NotFoundError(f'the table "{name}" has no profile yet', hint="run the project first: ninefold run")
    found: dict[str, Any] = msgspec.json.decode(home.blobs.get(ref["blob"]))
    return {**found, "as_of": ref.get("as_of")}


def quarantine_of(home: Home, name: str) -> "pl.DataFrame":
    """The rows that the newest version of a table keeps out; none where every row is sound."""
    import polars as pl

    newest = home.ledger.facts(kind="table.written", prefix=f"{home.subject('table', name)}@", newest_first=True, limit=1)
    version = newest[0].body.get("quarantine") if newest else None
    return home.stored("quarantine", name).read(version) if version is not None else pl.DataFrame({"__reason": []}, schema={"__reason": pl.String()})
