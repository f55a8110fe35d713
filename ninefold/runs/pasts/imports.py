"""What was brought over from another tracker, so that the same import goes on where it stopped and doubles nothing."""

from pathlib import Path
from typing import Any, Literal

import msgspec

from ninefold import clock
from ninefold.ledger import Ledger, Row, Tx
from ninefold.ledger.sqlfile import Statements

_SQL = Statements(Path(__file__).with_name("imports.sql"))

# begun: some of it is here. brought: all of it is here. verified: it was read again, and is what it is there.
State = Literal["begun", "brought", "verified"]


class Brought(msgspec.Struct, frozen=True):
    """One thing of the other tracker: what it is called here, how far it is, and what it was there (counts, digests)."""

    id: str
    ours: str
    state: State
    body: dict[str, Any]


class Imports:
    """The things of one origin, by kind and their id there. ``origin`` ends in ``#`` and the project that they go to.

    >>> import tempfile; folder = Path(tempfile.mkdtemp())
    >>> ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder)
    >>> imports = Imports(ledger, "file:///old#flights"); ledger.write(lambda tx: imports.note(tx, "run", "7", "7", "brought", {"points": 3}))
    >>> imports.all("run")["7"].state
    'brought'
    """

    def __init__(self, ledger: Ledger, origin: str) -> None:
        self.ledger, self.origin = ledger, origin

    def all(self, kind: str) -> dict[str, Brought]:
        """What of that kind was begun."""
        rows = self.ledger.all(_SQL["all"], self.origin, kind)
        return {row["id"]: _brought(row) for row in rows}

    def note(self, tx: Tx, kind: str, id: str, ours: str, state: State, body: dict[str, Any] | None = None) -> None:
        """Remembers how far a thing is, in the transaction that brings it there."""
        tx.execute(_SQL["note"], self.origin, kind, id, ours, state, msgspec.json.encode(body or {}).decode(), clock.now())

    def came(self, tx: Tx, kind: str, id: str) -> set[str]:
        """The projects that a thing of that id was brought into, from wherever; asked anew: another import may go on beside this one."""
        return {row["origin"].rpartition("#")[2] for row in tx.all(_SQL["came"], kind, id)}

    def elsewhere(self, tx: Tx, kind: str, id: str) -> Brought | None:
        """The same thing, brought into the same project from another address of what may be the same tracker."""
        project = self.origin.rpartition("#")[2]
        rows = [row for row in tx.all(_SQL["elsewhere"], kind, id, self.origin) if row["origin"].rpartition("#")[2] == project]
        return _brought(rows[0]) if rows else None


def _brought(row: Row) -> Brought:
    return Brought(row["id"], row["ours"], row["state"], msgspec.json.decode(row["body"]))
