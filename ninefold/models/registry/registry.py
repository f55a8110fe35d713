"""The registry of one project. Each change is one transaction with its fact; a version's number is never given twice."""

from collections.abc import Mapping, Sequence
from typing import Any

from ninefold import clock
from ninefold.errors import ConflictError, NotFoundError, UsageError
from ninefold.ids import digest_of
from ninefold.ledger import Tx
from ninefold.models.registry import names, records
from ninefold.models.registry.guarded import MOST, no_version
from ninefold.models.registry.named import Named
from ninefold.models.registry.records import SQL, RegisteredModel, RegisteredVersion
from ninefold.models.registry.sources import Origin, origin
from ninefold.secret import without_password


class Registry(Named):
    """Models under a name, whoever made them: what clients register, and what the project's own models made.

    >>> import tempfile; from pathlib import Path; from ninefold.ledger import Ledger; folder = Path(tempfile.mkdtemp())
    >>> registry = Registry(Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder), "flights")
    >>> made = registry.create("churn", description="who leaves", tags={"team": "crm"})
    >>> version = registry.register("churn", "s3://models/churn/7")
    >>> registry.set_alias("churn", "champion", version.version)
    >>> registry.version("churn", 1).aliases, registry.by_alias("churn", "champion").version, registry.get("churn").tags
    (['champion'], 1, {'team': 'crm'})
    """

    # reading

    def models(self, these: Sequence[str]) -> list[RegisteredModel]:
        """The models of these names, in their order."""
        return records.models(self.ledger, self.project, these)

    def versions(self, keys: Sequence[tuple[str, int]]) -> list[RegisteredVersion]:
        """The versions with these names and numbers, in their order."""
        return records.versions(self.ledger, self.project, keys)

    def version(self, name: str, version: int) -> RegisteredVersion:
        """One version; NotFoundError."""
        found = records.versions(self.ledger, self.project, [(name, version)]) if 0 < version <= MOST else []
        if not found:
            raise no_version(name, version)
        return found[0]

    def by_alias(self, name: str, alias: str) -> RegisteredVersion:
        """The version that an alias leads to; ``latest`` is the newest. NotFoundError."""
        if alias.lower() == "latest":
            newest = self.ledger.one(SQL["newest"], self.project, name)
            if newest is None or newest["version"] is None:
                raise NotFoundError(f'the model "{name}" has no version', hint="register one")
            return self.version(name, int(newest["version"]))
        row = self.ledger.one(SQL["alias"], self.project, name, alias)
        if row is None:
            self.get(name)
            raise NotFoundError(f'the model "{name}" has no alias "{alias}"', hint="set it, or name a version", where="alias")
        return self.version(name, int(row["version"]))

    def latest(self, name: str, stages: Sequence[str] = ()) -> list[RegisteredVersion]:
        """The newest version of each stage, or of these stages."""
        wanted = {names.stage_name(s) for s in stages} or set(names.STAGES)
        return [v for v in self.get(name).latest if v.stage in wanted]

    # versions

    def register(
        self,
        name: str,
        source: str,
        run: str | None = None,
        model: str | None = None,
        description: str = "",
        tags: Mapping[str, str] | None = None,
        *,
        files: bool = True,
        retry: str | None = None,
        actor: str | None = None,
        created: int | None = None,
    ) -> RegisteredVersion:
        """The next version of a model. ``source`` has to lie in the ``run`` or the logged ``model`` that is named with it, or elsewhere
        in a store that clients reach by themselves; without ``files`` it is a word, and the version has none. An alias, a stage or
        ``latest`` in a source is kept as the version that it leads to now.

        ``retry`` is the client's key of the request: the same again is the same version. NotFoundError where there is no such model,
        DeniedError for a model of the project, UsageError for a source that is none, ConflictError for a key with another request.
        """
        names.short("description", description)
        kept = [names.tag(key, value) for key, value in (tags or {}).items()]
        asked = digest_of([name, source, run, model, description, sorted(kept)])

        def add(tx: Tx) -> str:
            self._theirs(tx, name)
            made_by = origin(tx.one, self.project, source, run, model) if files else _without_files(source)
            number = self._add(tx, name, made_by, description, actor or self.ledger.actor, created)
            for key, value in kept:
                tx.execute(SQL["set_version_tag"], self.project, name, number, key, value)
            return str(number)

        def once(tx: Tx) -> str:
            return add(tx) if retry is None else self._requests.once(tx, self.project, f"version/{retry}", asked, lambda: add(tx))

        return self.version(name, int(self.ledger.write(once)))

    def _add(self, tx: Tx, name: str, made_by: Origin, description: str, actor: str, created: int | None) -> int:
        now = clock.now() if created is None else created
        row = tx.one(SQL["next"], self.project, name)
        number = int(row["version"]) if row is not None else 1
        shared = {"project": self.project, "name": name, "version": number, **made_by._asdict()}
        tx.add("registered_versions", [{**shared, "description": description, "actor": actor, "created": now, "updated": now}])
        tx.execute(SQL["touch_model"], now, self.project, name)
        told: dict[str, Any] = {"version": number, "source": without_password(made_by.source), "run": made_by.run, "model": made_by.model}
        tx.fact("version.registered", f"{self._subject(name)}@{number}", told, run=made_by.run, actor=actor)
        return number

    def describe_version(self, name: str, version: int, text: str, *, actor: str | None = None) -> RegisteredVersion:
        """Sets a version's description."""
        names.short("description", text)

        def change(tx: Tx) -> None:
            now = clock.now()
            if self._version(tx, name, version)["own"]:
                tx.execute(SQL["described_version"], self.project, name, version, now, now)
            tx.execute(SQL["describe_version"], text, now, self.project, name, version)
            tx.fact("version.described", f"{self._subject(name)}@{version}", {"digest": digest_of(text)}, actor=actor)

        self.ledger.write(change)
        return self.version(name, version)

    def to_stage(self, name: str, version: int, stage: str, *, archive: bool = False, actor: str | None = None) -> RegisteredVersion:
        """Moves a version to a stage; with ``archive`` the others that are in it are archived. DeniedError for the project's own."""
        to = names.stage_name(stage)
        if archive and to not in names.ACTIVE_STAGES:
            raise UsageError(f'"{to}" keeps several versions: there is nothing to archive', hint=" or ".join(names.ACTIVE_STAGES), where="stage")

        def change(tx: Tx) -> None:
            self._theirs(tx, name)
            before = self._version(tx, name, version)["stage"]
            now = clock.now()
            others = [int(row["version"]) for row in tx.all(SQL["in_stage"], self.project, name, to, version)] if archive else []
            for other in others:
                tx.execute(SQL["stage_version"], "Archived", now, self.project, name, other)
            tx.execute(SQL["stage_version"], to, now, self.project, name, version)
            tx.execute(SQL["touch_model"], now, self.project, name)
            told = {"from": before, "to": to, "archived": others}
            tx.fact("version.stage", f"{self._subject(name)}@{version}", told, actor=actor)

        self.ledger.write(change)
        return self.version(name, version)

    def remove_version(self, name: str, version: int, *, actor: str | None = None) -> None:
        """Deletes a version with its tags and aliases; its number is not given again. ConflictError while an endpoint answers with it."""

        def change(tx: Tx) -> None:
            self._theirs(tx, name)
            self._version(tx, name, version)
            answering = tx.one(SQL["answering"], self.project, name, version)
            if answering is not None:
                raise ConflictError(f'the endpoint "{answering["endpoint"]}" answers with {name}@{version}', hint="release another version first")
            for statement in ("drop_version_tags", "drop_version_aliases"):
                tx.execute(SQL[statement], self.project, name, version)
            now = clock.now()
            tx.execute(SQL["redact_version"], now, self.project, name, version)
            tx.execute(SQL["touch_model"], now, self.project, name)
            tx.fact("version.deleted", f"{self._subject(name)}@{version}", {"version": version}, actor=actor)

        self.ledger.write(change)

    def set_version_tag(self, name: str, version: int, key: str, value: str, *, actor: str | None = None) -> None:
        """Sets a tag of a version."""
        names.tag(key, value)

        def change(tx: Tx) -> None:
            self._version(tx, name, version)
            tx.execute(SQL["set_version_tag"], self.project, name, version, key, value)
            tx.fact("version.tagged", f"{self._subject(name)}@{version}", {"key": key, "digest": digest_of(value)}, actor=actor)

        self.ledger.write(change)

    def drop_version_tag(self, name: str, version: int, key: str, *, actor: str | None = None) -> None:
        """Takes a tag of a version away; one that is not there is no error."""

        def change(tx: Tx) -> None:
            self._version(tx, name, version)
            if tx.execute(SQL["drop_version_tag"], self.project, name, version, key):
                tx.fact("version.untagged", f"{self._subject(name)}@{version}", {"key": key}, actor=actor)

        self.ledger.write(change)


def _without_files(source: str) -> Origin:
    if "/" in source or ":" in source:
        raise UsageError(f"the source of a version without files is {source[:80]!r}", hint="write a word", where="source")
    return Origin(source, "", None, None)
