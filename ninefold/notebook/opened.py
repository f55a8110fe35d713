"""A table and a model of an open project."""

from typing import TYPE_CHECKING, Any

from ninefold.clock import micros
from ninefold.errors import NotFoundError
from ninefold.project.explaining.stored import profile_of, quarantine_of, versions_of
from ninefold.units import many

if TYPE_CHECKING:
    import polars as pl

    from ninefold.models.records import Version
    from ninefold.notebook.open import OpenProject
    from ninefold.project.explaining.why import Origin


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
        from ninefold.project.explaining.why import origin_of

        return origin_of(self.project.home, self._version(version))

    def card(self, version: int | None = None) -> str:
        """The model card of a version (default: the newest), in Markdown; each sentence points to its facts."""
        from ninefold.governance.card import card
        from ninefold.governance.render import markdown

        return markdown(card(self.project.home, self.name, self._version(version).version))

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
