"""API tokens: 256 random bits, shown once. What is stored is their SHA-256: guessing one is hopeless, so no slow hash is needed."""

import hashlib
import secrets
from pathlib import Path
from typing import Any

import msgspec

from ninefold import clock, ids
from ninefold.accounts.caller import Caller
from ninefold.accounts.changes import Changes
from ninefold.accounts.grants import Grants, narrowed
from ninefold.accounts.roles import check_project, check_role
from ninefold.errors import ConflictError, LimitError, NotFoundError, UsageError
from ninefold.ledger import Ledger, Row, Tx
from ninefold.ledger.sqlfile import Statements

PREFIX = "nf_"  # so that scanners for secrets find one that got into a repository
MOST = 1000  # tokens of one account that are not revoked
NOTED = 60_000_000  # µs between two notes of when a token was last used
_SQL = Statements(Path(__file__).with_name("tokens.sql"))


class Token(msgspec.Struct, frozen=True):
    """A token without its secret. ``project`` and ``roles`` narrow what its owner may; times are µs."""

    id: str
    who: str
    name: str
    project: str | None
    roles: list[str] | None
    created: int
    expires: int | None
    used: int | None
    revoked: int | None


class Tokens:
    """The tokens of a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def create(
        self, who: str, name: str, *, project: str | None = None, roles: list[str] | None = None, expires: int | None = None, actor: str | None = None
    ) -> tuple[Token, str]:
        """Makes a token and returns it with its text, which nobody sees again. ``expires`` is µs UTC; None: never.

        NotFoundError where there is no such account, ConflictError where it is disabled, UsageError for a wrong scope.
        """
        if not name or len(name) > 100 or not name.isprintable():
            raise UsageError("a token needs a name of at most 100 characters", hint="say what it is for: --name 'nightly training'")
        if project is not None:
            check_project(project)
        if roles is not None and not roles:
            raise UsageError("a token without any role may do nothing", hint="name its roles, or leave them out: then it may what its owner may")
        wanted = None if roles is None else sorted({check_role(role) for role in roles})
        now = clock.now()
        if expires is not None and expires <= now:
            raise UsageError("the token would have expired already", hint="give a time ahead")
        text = PREFIX + secrets.token_urlsafe(32)
        made = Token(ids.new_id(), who, name, project, wanted, now, expires, None, None)

        def add(tx: Tx) -> None:
            row = tx.one(_SQL["user"], who)
            if row is None:
                raise NotFoundError(f'there is no account "{who[:64]}"', hint="add it: ninefold users add NAME")
            if row["state"] != "active":
                raise ConflictError(f'the account "{who}" is disabled', hint=f"enable it first: ninefold users enable {who}")
            counted = tx.one(_SQL["count"], who)
            if counted is not None and counted["n"] >= MOST:
                raise LimitError(f'"{who}" has {MOST} tokens', hint="revoke those that nobody uses: ninefold tokens list")
            stored = None if wanted is None else msgspec.json.encode(wanted).decode()
            tx.add("tokens", [{**msgspec.structs.asdict(made), "roles": stored, "digest": digest(text)}])
            tx.fact("token.created", _about(made.id), {"who": who, "project": project, "roles": wanted, "expires": expires}, actor=actor, at=now)

        self.ledger.write(add)
        return made, text

    def revoke(self, id: str, *, who: str | None = None, actor: str | None = None) -> Token:
        """Revokes a token, at once and for good; with ``who`` only one of that account. NotFoundError, ConflictError if it was revoked."""

        def revoke(tx: Tx) -> Token:
            row = tx.one(_SQL["one"], id)
            if row is None or (who is not None and row["who"] != who):
                raise NotFoundError(f'there is no token "{id[:60]}"', hint="see them: ninefold tokens list")
            now = clock.now()
            if not tx.execute(_SQL["revoke"], now, id):
                raise ConflictError(f'the token "{row["name"]}" was revoked before')
            tx.fact("token.revoked", _about(id), {"who": row["who"]}, actor=actor, at=now)
            tx.after(Changes.note)
            return msgspec.structs.replace(token_of(row), revoked=now)

        return self.ledger.write(revoke)

    def of(self, who: str) -> list[Token]:
        """The tokens of an account, the newest first, also revoked ones."""
        return [token_of(row) for row in self.ledger.all(_SQL["of"], who)]

    def all(self) -> list[Token]:
        """All tokens, by account."""
        return [token_of(row) for row in self.ledger.all(_SQL["all"])]

    def identify(self, text: str, grants: Grants) -> tuple[Caller, int | None] | None:
        """Who shows this token, and when it expires (µs); None for one that is unknown, revoked, expired, or of a disabled account."""
        row = self.ledger.one(_SQL["find"], digest(text))
        now = clock.now()
        if row is None or (row["expires"] is not None and row["expires"] <= now):
            return None
        if row["used"] is None or row["used"] < now - NOTED:
            # nobody waits for it: it is a note, and the next request makes it again
            self.ledger.submit(lambda tx: tx.execute(_SQL["used"], now, row["id"], now - NOTED))
        roles = None if row["roles"] is None else frozenset(msgspec.json.decode(row["roles"]))
        may = narrowed(grants.of(row["who"]), row["project"], roles)
        return Caller(row["who"], "token", may, token=row["id"]), row["expires"]


def digest(text: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(text.encode()).hexdigest()


def token_of(row: Row) -> Token:
    """A row of tokens as a value."""
    given: dict[str, Any] = {name: row[name] for name in row.keys() if name != "digest"}  # noqa: SIM118  a row iterates over its values
    return msgspec.convert({**given, "roles": None if given["roles"] is None else msgspec.json.decode(given["roles"])}, Token)


def _about(id: str) -> str:
    return f"*/token/{id}"
