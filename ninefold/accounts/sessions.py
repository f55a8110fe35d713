"""Sessions of browsers: kept here, so that they can be ended; the browser holds a random text, we its SHA-256."""

import hashlib
import secrets
from pathlib import Path

from ninefold import clock
from ninefold.accounts.caller import Caller
from ninefold.accounts.changes import Changes
from ninefold.accounts.grants import Grants
from ninefold.accounts.people import about
from ninefold.errors import DeniedError
from ninefold.ledger import Ledger, Tx
from ninefold.ledger.sqlfile import Statements

LASTS = 7 * 24 * 3600 * 1_000_000  # µs after signing in
IDLE = 24 * 3600 * 1_000_000  # µs without a request
NOTED = 300_000_000  # µs between two notes of when a session was last seen
_SQL = Statements(Path(__file__).with_name("sessions.sql"))


class Sessions:
    """The sessions of a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def start(self, who: str, *, before: str | None = None) -> str:
        """Begins a session and returns the text for the cookie; ``before`` is the text of the one that it replaces.

        Raises DeniedError where the account was disabled meanwhile.
        """
        text, now = secrets.token_urlsafe(32), clock.now()

        def start(tx: Tx) -> None:
            row = tx.one("select state from users where name = ?", who)
            if row is None or row["state"] != "active":
                raise DeniedError("the account is disabled", hint="ask an administrator")
            if before is not None:
                tx.execute(_SQL["end"], digest(before))
                tx.after(Changes.note)
            tx.execute(_SQL["outlived"], now, now - IDLE)
            tx.add("sessions", [{"digest": digest(text), "who": who, "created": now, "seen": now, "expires": now + LASTS, "body": "{}"}])

        self.ledger.write(start)
        return text

    def end(self, digest: str) -> None:
        """Ends one session."""

        def end(tx: Tx) -> None:
            tx.execute(_SQL["end"], digest)
            tx.after(Changes.note)

        self.ledger.write(end)

    def end_all(self, who: str, *, actor: str | None = None) -> int:
        """Ends every session of an account, and says how many there were."""

        def end(tx: Tx) -> int:
            ended = tx.execute(_SQL["end_all"], who)
            tx.fact("user.signed_out", about(who), {"sessions": ended}, actor=actor)
            tx.after(Changes.note)
            return ended

        return self.ledger.write(end)

    def count(self, who: str) -> int:
        """How many sessions of an account are open."""
        now = clock.now()
        row = self.ledger.one(_SQL["count"], who, now, now - IDLE)
        return 0 if row is None else int(row["n"])

    def identify(self, text: str, grants: Grants) -> tuple[Caller, int | None] | None:
        """Whose session this is, and when it ends (µs); None where it is over."""
        key, now = digest(text), clock.now()
        row = self.ledger.one(_SQL["find"], key, now, now - IDLE)
        if row is None:
            return None
        if row["seen"] < now - NOTED:
            self.ledger.submit(lambda tx: tx.execute(_SQL["seen"], now, key, now - NOTED))
        return Caller(row["who"], "session", grants.of(row["who"]), session=key), row["expires"]


def digest(text: str) -> str:
    """What is stored of a session's text."""
    return hashlib.sha256(text.encode()).hexdigest()
