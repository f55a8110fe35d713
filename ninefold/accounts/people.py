"""Accounts of people and of programs. They are disabled, never removed: facts go on naming them."""

from pathlib import Path
from typing import Any, Literal

import msgspec

from ninefold import clock
from ninefold.accounts import passwords
from ninefold.accounts.changes import Changes
from ninefold.accounts.roles import check_name
from ninefold.errors import ConflictError, NotFoundError, UsageError, closest
from ninefold.ledger import Ledger, Row, Tx
from ninefold.ledger.sqlfile import Statements

_SQL = Statements(Path(__file__).with_name("people.sql"))
_LONGEST = 200


class Person(msgspec.Struct, frozen=True):
    """An account: of a person, or of a program (``service``). Times are µs UTC. ``password``: whether it has one;
    ``subject``: issuer and subject of an identity provider.
    """

    name: str
    full_name: str
    email: str
    kind: Literal["person", "service"]
    state: Literal["active", "disabled"]
    password: bool
    subject: str | None
    created: int
    updated: int


class People:
    """The accounts of a ledger. ``actor`` is who makes a change; the change is a fact, without e-mail addresses and secrets."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def add(
        self,
        name: str,
        *,
        password: str | None = None,
        full_name: str = "",
        email: str = "",
        kind: Literal["person", "service"] = "person",
        subject: str | None = None,
        actor: str | None = None,
    ) -> Person:
        """Adds an account; without a password it signs in by a token or an identity provider. ConflictError where it is there."""
        check_name(name)
        for what, given in (("full name", full_name), ("e-mail address", email)):
            if len(given) > _LONGEST or not given.isprintable():
                raise UsageError(f"the {what} of {name} is no line of at most {_LONGEST} characters", hint="write a shorter one")
        stored = "" if password is None else passwords.hashed(name, password)
        now = clock.now()

        def add(tx: Tx) -> None:
            if tx.one(_SQL["find"], name) is not None:
                raise ConflictError(f'there is an account "{name}" already', hint="choose another name, or see it: ninefold users list")
            row = {"name": name, "full_name": full_name, "email": email.lower(), "password": stored, "subject": subject, "kind": kind}
            tx.add("users", [{**row, "state": "active", "created": now, "updated": now}])
            tx.fact("user.added", about(name), {"kind": kind, "password": bool(stored)}, actor=actor, at=now)
            tx.after(Changes.note)

        self.ledger.write(add)
        return self.get(name)

    def get(self, name: str) -> Person:
        """An account by name. Raises NotFoundError with the nearest one."""
        row = self.ledger.one(_SQL["find"], name)
        if row is None:
            raise _missing(name, [p.name for p in self.all()])
        return person_of(row)

    def all(self) -> list[Person]:
        """All accounts, by name."""
        return [person_of(row) for row in self.ledger.all(_SQL["all"])]

    def exist(self) -> bool:
        """Whether there is any account: then every caller has to be one of them."""
        return self.ledger.one(_SQL["any"]) is not None

    def administrators(self) -> list[str]:
        """Active administrators of every project who can sign in: by password, identity provider, or a token without limits of scope."""
        return [row["name"] for row in self.ledger.all(_SQL["administrators"], clock.now())]

    def by_subject(self, subject: str) -> Person | None:
        """The account of an identity provider's subject."""
        row = self.ledger.one(_SQL["by_subject"], subject)
        return None if row is None else person_of(row)

    def by_email(self, email: str) -> Person | None:
        """The one active account with that e-mail address; None where there is none, or more than one."""
        rows = self.ledger.all(_SQL["by_email"], email.lower())
        return person_of(rows[0]) if len(rows) == 1 else None

    def link(self, name: str, subject: str, *, actor: str | None = None) -> None:
        """Lets an identity provider's subject sign in as an account. ConflictError where the account has another one."""

        def link(tx: Tx) -> None:
            if not tx.execute(_SQL["set_subject"], subject, clock.now(), name):
                raise ConflictError(f'the account "{name}" belongs to another subject of an identity provider', hint="ask an administrator")
            tx.fact("user.linked", about(name), {"issuer": subject.rpartition("#")[0]}, actor=actor or name)
            tx.after(Changes.note)

        self.ledger.write(link)

    def set_password(self, name: str, password: str, *, actor: str | None = None) -> None:
        """Gives an account a new password; its sessions end."""
        self.get(name)
        stored = passwords.hashed(name, password)

        def change(tx: Tx) -> None:
            if not tx.execute(_SQL["set_password"], stored, clock.now(), name):
                raise _missing(name, [])
            tx.execute(_SQL["end_sessions"], name)
            tx.fact("user.password_changed", about(name), {}, actor=actor)
            tx.after(Changes.note)

        self.ledger.write(change)

    def disable(self, name: str, *, actor: str | None = None) -> None:
        """Shuts an account: its sessions end, its tokens are revoked for good. ConflictError for the last administrator."""
        self.get(name)

        def shut(tx: Tx) -> None:
            now = clock.now()
            if not tx.execute(_SQL["set_state"], "disabled", now, name, "disabled"):
                return
            tx.execute(_SQL["end_sessions"], name)
            revoked = tx.execute(_SQL["revoke_tokens"], now, name)
            keep_an_administrator(tx, name)
            tx.fact("user.disabled", about(name), {"tokens": revoked}, actor=actor, at=now)
            tx.after(Changes.note)

        self.ledger.write(shut)

    def enable(self, name: str, *, actor: str | None = None) -> None:
        """Opens a disabled account again; revoked tokens stay revoked."""
        self.get(name)

        def open_(tx: Tx) -> None:
            if tx.execute(_SQL["set_state"], "active", clock.now(), name, "active"):
                tx.fact("user.enabled", about(name), {}, actor=actor)
                tx.after(Changes.note)

        self.ledger.write(open_)

    def stored(self, name: str) -> str | None:
        """What is stored of the password of an active account: ``""`` where it has none, None where there is no such account."""
        # what cannot be a name is not looked up: not every database takes every character
        row = self.ledger.one(_SQL["find"], name) if name.isprintable() else None
        return None if row is None or row["state"] != "active" else str(row["password"])

    def rehash(self, name: str, password: str, before: str) -> None:
        """Stores a password anew, under the parameters of today; not where it was changed meanwhile."""
        stored = passwords.hashed_again(password)
        self.ledger.write(lambda tx: tx.execute(_SQL["rehash"], stored, name, before))


def keep_an_administrator(tx: Tx, name: str) -> None:
    """ConflictError where nobody but ``name`` is an administrator of every project: who would let people in again?"""
    row = tx.one("select 1 as one from grants where who = ? and project = '*' and role = 'administrator'", name)
    if row is not None and tx.one(_SQL["other_administrators"], name) is None:
        raise ConflictError(
            f'"{name}" is the last administrator', hint="make somebody else one first: ninefold users grant NAME administrator --everywhere"
        )


def about(name: str) -> str:
    """What facts about an account are about: accounts belong to every project."""
    return f"*/user/{name}"


def person_of(row: Row) -> Person:
    """A row of users as a value."""
    given: dict[str, Any] = {name: row[name] for name in row.keys()}  # noqa: SIM118  a row iterates over its values
    return msgspec.convert({**given, "password": bool(given["password"])}, Person)


def _missing(name: str, known: list[str]) -> NotFoundError:
    return NotFoundError(f'there is no account "{name[:64]}"', hint=closest(name[:64], known) if known else "add it: ninefold users add NAME")
