"""What every change of the registry asks first, in its transaction: is it there, whose is it, does an endpoint answer with it."""

from typing import Any

from ninefold.errors import ConflictError, DeniedError, NotFoundError
from ninefold.ledger import Ledger, Tx
from ninefold.models.registry import names
from ninefold.models.registry.records import SQL
from ninefold.runs.requests import Requests

MOST = 2**31 - 1  # the greatest number of a version that is looked for


class Guarded:
    """The checks of one project's registry."""

    def __init__(self, ledger: Ledger, project: str) -> None:
        self.ledger, self.project, self._requests = ledger, project, Requests(ledger)

    def _subject(self, name: str) -> str:
        return f"{self.project}/model/{name}"

    def _there(self, tx: Tx, name: str) -> Any:
        row = tx.one(SQL["model"], self.project, name)
        if row is None:
            raise no_model(name)
        return row

    def _theirs(self, tx: Tx, name: str) -> None:
        """That a model is there, and is none of the project's own."""
        if self._there(tx, name)["own"]:
            hint = "it is changed by `ninefold run`, and released by `ninefold deploy`; tags, aliases and descriptions may be set"
            raise DeniedError(f'"{name}" is a model of this project', hint=hint)

    def _version(self, tx: Tx, name: str, version: int) -> Any:
        row = tx.one(SQL["version"], self.project, name, version) if 0 < version <= MOST else None
        if row is None:
            raise no_version(name, version)
        return row

    def _not_answering(self, tx: Tx, name: str) -> None:
        row = tx.one(SQL["answering_model"], self.project, name)
        if row is not None:
            raise ConflictError(f'the endpoint "{row["endpoint"]}" answers with {name}@{row["version"]}', hint="release another model first")

    def _no_champion(self, alias: str, own: bool, name: str) -> None:
        if own and alias == names.CHAMPION:
            raise DeniedError(f'the champion of "{name}" is the version that answers', hint="release another one: ninefold deploy ENDPOINT")


def no_model(name: str) -> NotFoundError:
    """The error for a registered model that is not there."""
    return NotFoundError(f'there is no model "{name[:250]}"', hint="register one under that name first", where="name")


def no_version(name: str, version: int) -> NotFoundError:
    """The error for a version that is not there, of a model that is."""
    return NotFoundError(f'the model "{name[:250]}" has no version {version}', hint="list its versions", where="version")
