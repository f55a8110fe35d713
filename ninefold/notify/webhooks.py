"""Webhooks: who wants to hear of what happens in a project. Facts tell what happened; each is told in the words that were asked for."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from ninefold import clock, ids
from ninefold.errors import ConflictError, NotFoundError, UsageError
from ninefold.ledger import Ledger, Row, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.notify.reach import host_of, reachable
from ninefold.storage.durable import make_folder, write

SCHEME = "webhook://"  # of messages in the outbox
SQL = Statements(Path(__file__).with_name("webhooks.sql"))
_LONGEST = {"name": 250, "url": 2048, "description": 2000, "secret": 1000}
_MOST_EVENTS = 100


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A place that hears of events. Its secret is kept encrypted, and shown nowhere. Times are microseconds UTC."""

    id: str
    project: str
    name: str
    url: str
    events: list[str]
    description: str
    status: str
    created: int
    updated: int


class Webhooks:
    """The webhooks of a project. ``private`` allows addresses of this machine and of private networks, and ``http://``.

    Creating and changing one checks its address; each delivery checks it again.
    """

    def __init__(self, ledger: Ledger, project: str, home: Path, *, private: bool = False) -> None:
        self.ledger, self.project, self.home, self.private = ledger, project, home, private

    def create(
        self,
        name: str,
        url: str,
        events: Sequence[str],
        *,
        description: str = "",
        secret: str | None = None,
        status: str = "active",
        actor: str | None = None,
    ) -> Webhook:
        """A new webhook; it hears of what happens from now on. UsageError for a URL that no webhook may have."""
        self._checked(name=name, url=url, events=events, description=description, secret=secret)
        made = Webhook(
            id=ids.new_id(), project=self.project, name=name, url=url, events=list(dict.fromkeys(events)), description=description,
            status=status, created=clock.now(), updated=clock.now(),
        )  # fmt: skip
        sealed = self._sealed(secret)

        def add(tx: Tx) -> None:
            seen = tx.one(SQL["head"])
            row = {**msgspec.structs.asdict(made), "events": _text(made.events), "secret": sealed, "since": 0 if seen is None else int(seen["size"])}
            tx.add("webhooks", [row])
            self._fact(tx, "webhook.created", made, actor)

        self.ledger.write(add)
        return made

    def get(self, id: str) -> Webhook:
        """The webhook of that id; NotFoundError."""
        return _webhook(self.ledger.one(SQL["find"], self.project, id), id)

    def list(self, *, limit: int = 100, after: str | None = None) -> list[Webhook]:
        """The webhooks, the newest first; ``after`` is the last id of the page before."""
        rows = self.ledger.all(SQL["page"], self.project, after or "\x7f", limit)
        return [_webhook(row, "") for row in rows]

    def update(self, id: str, *, actor: str | None = None, secret: str | None = None, **changes: Any) -> Webhook:
        """Changes name, url, events, description or status, or sets another secret; what is not given stays."""
        self._checked(secret=secret, **changes)
        sealed = self._sealed(secret)

        def change(tx: Tx) -> Webhook:
            now = _webhook(tx.one(SQL["find"], self.project, id), id)
            made = msgspec.structs.replace(now, updated=clock.now(), **changes)
            tx.execute(SQL["update"], made.name, made.url, _text(made.events), made.description, made.status, made.updated, self.project, id)
            if secret is not None:
                tx.execute(SQL["set_secret"], sealed, self.project, id)
            self._fact(tx, "webhook.changed", made, actor)
            return made

        return self.ledger.write(change)

    def remove(self, id: str, *, actor: str | None = None) -> None:
        """Deletes it; messages to it that wait are given up."""

        def drop(tx: Tx) -> None:
            gone = _webhook(tx.one(SQL["find"], self.project, id), id)
            tx.execute(SQL["drop"], self.project, id)
            tx.execute(SQL["give_up"], f"{SCHEME}{id}")
            self._fact(tx, "webhook.deleted", gone, actor)

        self.ledger.write(drop)

    def secret(self, id: str) -> str | None:
        """The secret in the clear, for signing what is sent. ConflictError where the home's key is not the one that encrypted it."""
        from cryptography.fernet import Fernet, InvalidToken

        row = self.ledger.one(SQL["secret"], self.project, id)
        if row is None or row["secret"] is None:
            return None
        try:
            return Fernet(_key(self.home)).decrypt(bytes(row["secret"])).decode()
        except InvalidToken:
            raise ConflictError("the webhook's secret was encrypted with another key", hint="set the secret again") from None

    def _sealed(self, secret: str | None) -> bytes | None:
        from cryptography.fernet import Fernet

        return Fernet(_key(self.home)).encrypt(secret.encode()) if secret else None

    def _checked(self, **given: Any) -> None:
        for what, longest in _LONGEST.items():
            text = given.get(what)
            if text is not None and (len(text) > longest or "\x00" in text):
                raise UsageError(f"the webhook's {what} has {len(text)} characters", hint=f"at most {longest}, and no NUL", where=what)
        if given.get("name") is not None and not given["name"].strip():
            raise UsageError("the webhook has no name", hint="give it one", where="name")
        if given.get("events") is not None and not 0 < len(given["events"]) <= _MOST_EVENTS:
            raise UsageError(f"the webhook hears of {len(given['events'])} events", hint=f"name 1 to {_MOST_EVENTS}", where="events")
        if given.get("url") is not None:
            reachable(given["url"], private=self.private)

    def _fact(self, tx: Tx, kind: str, of: Webhook, actor: str | None) -> None:
        # the path of a URL may be the key to a chat: facts name the host alone
        told = {"name": of.name, "host": host_of(of.url), "events": of.events, "status": of.status}
        tx.fact(kind, f"{of.project}/webhook/{of.id}", told, actor=actor)


def _key(home: Path) -> bytes:
    """The key of secrets at rest: made once, kept in the home, readable by its owner only."""
    from cryptography.fernet import Fernet

    path = home / "keys" / "webhooks"
    if not path.exists():
        make_folder(path.parent, mode=0o700)
        with suppress(ConflictError):  # another process was quicker: its key is the home's
            write(path, Fernet.generate_key(), create=True, mode=0o600)
    return path.read_bytes()


def _text(events: Sequence[str]) -> str:
    return msgspec.json.encode(list(events)).decode()


def _webhook(row: Row | None, id: str) -> Webhook:
    if row is None:
        raise NotFoundError(f"there is no webhook {id[:80]!r}", hint="list them first", where="webhook")
    plain = {field: row[field] for field in Webhook.__struct_fields__}
    return msgspec.convert({**plain, "events": msgspec.json.decode(row["events"])}, Webhook)
