"""A table and a model of an open project."""

from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.clock import iso, micros
from ninefold.errors import NotFoundError
from ninefold.project.home import Home
from ninefold.project.lineage import newest_ref
from ninefold.units import many

if TYPE_CHECKING:
    import polars as pl

    from ninefold.models.records import Version
    from ninefold.project.open import OpenProject
    from ninefold.project.why import Origin


class OpenTable:
    """A stored table: its rows, versions, profile and quarantine."""

    def __init__(self, project: "OpenProject", name: str) -> None:
        self.project, self.name = project, name

    def scan(self, version: int | None = None, *, as_of: str | int | None = None) -> "pl.LazyFrame":
        """The rows, lazily, with the updates that came since; ``version``: as that version was stored, without updates.

        ``as_of`` (ISO 8601 or µs) hides what was not known then. Raises NotFoundError before the first run.
        """
        home, stored = self.project.home, self.project.home.stored("tables", self.name)
        if stored.version is None:
            raise NotFoundError(f'the table "{self.name}" has not been made yet', hint="run the project: project.run()")
        if as_of is None and (version is not None or home.stored("updates", self.name).version is None):
            rows: pl.LazyFrame = stored.scan(version)
            return rows
        from ninefold.project.views import view, visible

        table: Any = self.project.graph.things[self.name]
        return visible(view(home, self.name, table, version=version, as_of=micros(as_of) if as_of is not None else None))

    def read(self, version: int | None = None, *, as_of: str | int | None = None) -> "pl.DataFrame":
        """The rows, in memory."""
        return self.scan(version, as_of=as_of).collect()

    def profile(self) -> dict[str, Any]:
        """What its columns hold, as of the last run: nulls, distinct values, quantiles, histograms, top values."""
        return profile_of(self.project.home, self.name)

    def versions(self) -> list[dict[str, Any]]:
        """Every version with its rows and what was quarantined, the newest first."""
        return versions_of(self.project.home, self.name)

    def quarantine(self) -> "pl.DataFrame":
        """The rows that the newest version keeps out, each with ``__reason``."""
        return quarantine_of(self.project.home, self.name)

    def __repr__(self) -> str:
        newest = next(iter(self.versions()), None)
        said = f"@{newest['version']}: {many(newest['rows'], 'row')}, {newest['quarantined']:,} quarantined" if newest else ": not made yet"
        return f"<table {self.project.name}/{self.name}{said}>"


class OpenModel:
    """A model and its versions."""

    def __init__(self, project: "OpenProject", name: str) -> None:
        self.project, self.name = project, name

    def versions(self) -> "list[Version]":
        """Every version, the newest first."""
        from ninefold.models.records import versions

        return versions(self.project.home.ledger, self.project.name, self.name)

    def origin(self, version: int | None = None) -> "Origin":
        """Where a version (default: the newest) comes from: why it won, criteria, training, tables, files, packages."""
        from ninefold.project.why import origin_of

        return origin_of(self.project.home, self._version(version))

    def card(self, version: int | None = None) -> str:
        """The model card of a version (default: the newest), in Markdown; each sentence points to its facts."""
        from importlib import import_module

        # cards are written from facts by a room above this one; it is asked for by name only when somebody asks for a card
        cards, render = import_module("ninefold.governance.card"), import_module("ninefold.governance.render")
        text: str = render.markdown(cards.card(self.project.home, self.name, self._version(version).version))
        return text

    def _version(self, number: int | None) -> "Version":
        from ninefold.models.records import newest, version

        ledger, project = self.project.home.ledger, self.project.name
        found = version(ledger, project, self.name, number) if number is not None else newest(ledger, project, self.name)
        if found is None:
            raise NotFoundError(f'the model "{self.name}" has no version yet', hint="run the project: project.run()")
        return found

    def __repr__(self) -> str:
        newest = next(iter(self.versions()), None)
        said = f"@{newest.version}: {newest.body.get('winner', '')} won" if newest else ": no version yet"
        return f"<model {self.project.name}/{self.name}{said}>"


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
