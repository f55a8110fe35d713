"""The outbox: messages are written in the transaction of the facts that they tell of, and delivered afterwards, at least once."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.clock import now
from ninefold.ids import new_id

if TYPE_CHECKING:
    from ninefold.ledger import Ledger, Tx

_DUE = "select * from outbox where state = 'waiting' and due <= ? order by created, id limit ?"
_DONE = "update outbox set state = 'delivered', delivered = ?, tries = tries + 1, error = '' where id = ?"
_AGAIN = "update outbox set tries = tries + 1, due = ?, error = ?, state = ? where id = ?"
_OPEN = "select * from outbox where project = ? and state != 'delivered' order by created"


class Message(msgspec.Struct, frozen=True):
    """One message to one place. ``id`` is the idempotency key: the same at every try. Times in µs by the machine's clock."""

    id: str
    project: str
    url: str
    subject: str
    body: dict[str, Any]
    state: str
    created: int
    due: int
    tries: int
    delivered: int | None
    error: str


def post(tx: "Tx", project: str, urls: Iterable[str], subject: str, body: dict[str, Any], *, at: int) -> None:
    """Put a message to each of ``urls`` into the outbox, inside the caller's transaction; ``at`` is the judging clock, told with it."""
    created = now()
    text = msgspec.json.encode({"project": project, "subject": subject, "at": at, **body}).decode()
    shared = {"project": project, "subject": subject, "body": text, "state": "waiting", "created": created, "due": created}
    rows = [{"id": new_id(), "url": url, **shared} for url in urls]
    if rows:
        tx.add("outbox", rows)


def due(ledger: "Ledger", at: int, most: int = 50) -> list[Message]:
    """Messages whose time has come, the oldest first."""
    return [_message(row) for row in ledger.all(_DUE, at, most)]


def undelivered(ledger: "Ledger", project: str) -> list[Message]:
    """What waits, with how often it was tried and what went wrong; and what was given up."""
    return [_message(row) for row in ledger.all(_OPEN, project)]


def delivered(ledger: "Ledger", message: Message, at: int) -> None:
    """It has arrived."""
    ledger.write(lambda tx: tx.execute(_DONE, at, message.id))


def failed(ledger: "Ledger", message: Message, *, again: int | None, error: str) -> None:
    """It has not arrived: try ``again`` at that time, or never."""
    state = "waiting" if again is not None else "given up"
    ledger.write(lambda tx: tx.execute(_AGAIN, again if again is not None else message.due, error[:500], state, message.id))


def _message(row: Any) -> Message:
    return msgspec.convert({**dict(row), "body": msgspec.json.decode(row["body"])}, Message)
