"""Registered models: names with descriptions, tags and aliases. Each change is one transaction with its fact."""

from collections.abc import Mapping

from ninefold import clock
from ninefold.errors import ConflictError
from ninefold.ids import digest_of
from ninefold.ledger import Tx
from ninefold.models.registry import names, records
from ninefold.models.registry.guarded import Guarded, no_model
from ninefold.models.registry.records import SQL, RegisteredModel


class Named(Guarded):
    """The models of one project's registry."""

    def get(self, name: str) -> RegisteredModel:
        """The model of that name; NotFoundError."""
        found = records.models(self.ledger, self.project, [name])
        if not found:
            raise no_model(name)
        return found[0]

    def create(self, name: str, *, description: str = "", tags: Mapping[str, str] | None = None, actor: str | None = None) -> RegisteredModel:
        """A name without versions. ConflictError where there is one already."""
        names.model_name(name)
        names.short("description", description)
        kept = [names.tag(key, value) for key, value in (tags or {}).items()]

        def make(tx: Tx) -> None:
            if tx.one(SQL["model"], self.project, name) is not None:
                raise ConflictError(f'there is a model "{name}" already', hint="register a version of it, or choose another name", where="name")
            now = clock.now()
            tx.execute(SQL["add_model"], self.project, name, description, now, now)
            for key, value in kept:
                tx.execute(SQL["set_tag"], self.project, name, key, value)
            tx.fact("model.registered", self._subject(name), {"tags": sorted(key for key, _ in kept)}, actor=actor)

        self.ledger.write(make)
        return self.get(name)

    def rename(self, name: str, new: str, *, actor: str | None = None) -> RegisteredModel:
        """Gives a model another name, with its versions. ConflictError where that is taken, or an endpoint answers with it."""
        names.model_name(new)

        def change(tx: Tx) -> None:
            self._theirs(tx, name)
            self._not_answering(tx, name)
            if tx.one(SQL["model"], self.project, new) is not None:
                raise ConflictError(f'there is a model "{new}" already', hint="choose another name", where="name")
            now = clock.now()
            # the numbers stay used under the old name, and those that the new one had before are not given again
            gone = tx.all("select * from registered_versions where project = ? and name = ? and state = 'active'", self.project, name)
            if tx.one("select 1 from registered_versions where project = ? and name = ?", self.project, new) is not None and gone:
                raise ConflictError(f'versions of "{new}" were registered and deleted before', hint="choose a name that was never used")
            tx.execute(SQL["rename_versions"], new, self.project, name)
            blank = {"source": "", "root": "", "run": None, "model": None, "message": "", "description": "", "state": "deleted", "updated": now}
            tx.add("registered_versions", [{**{k: row[k] for k in row.keys()}, **blank} for row in gone])  # noqa: SIM118
            tx.execute(SQL["rename_model"], new, now, self.project, name)
            for statement in ("rename_tags", "rename_version_tags", "rename_aliases"):
                tx.execute(SQL[statement], new, self.project, name)
            tx.fact("model.renamed", self._subject(new), {"from": name, "to": new}, actor=actor)

        self.ledger.write(change)
        return self.get(new)

    def describe(self, name: str, text: str, *, actor: str | None = None) -> RegisteredModel:
        """Sets a model's description."""
        names.short("description", text)

        def change(tx: Tx) -> None:
            self._there(tx, name)
            now = clock.now()
            tx.execute(SQL["add_model"], self.project, name, text, now, now)
            tx.execute(SQL["describe_model"], text, now, self.project, name)
            tx.fact("model.described", self._subject(name), {"digest": digest_of(text)}, actor=actor)

        self.ledger.write(change)
        return self.get(name)

    def remove(self, name: str, *, actor: str | None = None) -> None:
        """Deletes a model with its versions, aliases and tags; the numbers of its versions are not given again."""

        def change(tx: Tx) -> None:
            self._theirs(tx, name)
            self._not_answering(tx, name)
            gone = tx.execute(SQL["redact_versions"], clock.now(), self.project, name)
            for statement in ("drop_aliases", "drop_all_version_tags", "drop_tags", "drop_model"):
                tx.execute(SQL[statement], self.project, name)
            tx.fact("model.deleted", self._subject(name), {"versions": gone}, actor=actor)

        self.ledger.write(change)

    def set_tag(self, name: str, key: str, value: str, *, actor: str | None = None) -> None:
        """Sets a tag of a model."""
        names.tag(key, value)

        def change(tx: Tx) -> None:
            self._there(tx, name)
            tx.execute(SQL["set_tag"], self.project, name, key, value)
            tx.execute(SQL["touch_model"], clock.now(), self.project, name)
            tx.fact("model.tagged", self._subject(name), {"key": key, "digest": digest_of(value)}, actor=actor)

        self.ledger.write(change)

    def drop_tag(self, name: str, key: str, *, actor: str | None = None) -> None:
        """Takes a tag of a model away; one that is not there is no error."""

        def change(tx: Tx) -> None:
            self._there(tx, name)
            if tx.execute(SQL["drop_tag"], self.project, name, key):
                tx.fact("model.untagged", self._subject(name), {"key": key}, actor=actor)

        self.ledger.write(change)

    def set_alias(self, name: str, alias: str, version: int, *, actor: str | None = None) -> None:
        """Makes an alias lead to a version. DeniedError for ``champion`` of a model of the project: that is who answers."""
        names.alias_name(alias)

        def change(tx: Tx) -> None:
            row = self._version(tx, name, version)
            self._no_champion(alias, bool(row["own"]), name)
            before = tx.one(SQL["alias"], self.project, name, alias)
            tx.execute(SQL["set_alias"], self.project, name, alias, version)
            told = {"alias": alias, "version": version, "before": None if before is None else int(before["version"])}
            tx.fact("model.alias", self._subject(name), told, actor=actor)

        self.ledger.write(change)

    def drop_alias(self, name: str, alias: str, *, actor: str | None = None) -> None:
        """Takes an alias away; one that is not there is no error."""

        def change(tx: Tx) -> None:
            self._no_champion(alias, bool(self._there(tx, name)["own"]), name)
            if tx.execute(SQL["drop_alias"], self.project, name, alias):
                tx.fact("model.alias_deleted", self._subject(name), {"alias": alias}, actor=actor)

        self.ledger.write(change)
