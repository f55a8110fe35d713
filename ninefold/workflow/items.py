"""Work items: a fact when one is opened and when it is closed, and a row that says who is waited for since when."""

from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.errors import NotFoundError
from ninefold.ids import new_id

if TYPE_CHECKING:
    from ninefold.ledger import Ledger, Tx

_SAME = "select * from items where project = ? and subject = ? and title = ? and state = 'open'"
_OPEN = "select * from items where project = ? and state = 'open' order by opened, id"
_LIST = "select * from items where project = ? order by state = 'closed', opened desc, id limit ?"
_BEGIN = "select * from items where project = ? and substr(id, 1, ?) = ?"
_CLOSE = "update items set state = 'closed', closed = ?, body = ? where id = ? and state = 'open'"


class Item(msgspec.Struct, frozen=True):
    """Something that a person or group (``waits_for``) has to do, about ``subject``. Times in µs, by the judging clock."""

    id: str
    project: str
    title: str
    waits_for: str
    state: str
    subject: str
    opened: int
    closed: int | None
    body: dict[str, Any]


def _item(row: Any) -> Item:
    return msgspec.convert({**dict(row), "body": msgspec.json.decode(row["body"])}, Item)


def open_item(tx: "Tx", project: str, title: str, *, waits_for: str, subject: str, at: int, body: dict[str, Any] | None = None) -> Item | None:
    """Open an item; None where the same one (subject and title) is open already."""
    if tx.one(_SAME, project, subject, title) is not None:
        return None
    made = Item(new_id(), project, title, waits_for, "open", subject, at, None, body or {})
    tx.add("items", [{**msgspec.structs.asdict(made), "body": msgspec.json.encode(made.body).decode()}])
    tx.fact("item.opened", subject, {"item": made.id, "title": title, "waits_for": waits_for, "when": at, **(body or {})})
    return made


def close_item(tx: "Tx", item: Item, *, at: int, why: str, by: str = "") -> bool:
    """Close an item, ``by`` a person where one did; False where somebody did before."""
    body = {**item.body, "why": why, **({"by": by} if by else {})}
    if tx.execute(_CLOSE, at, msgspec.json.encode(body).decode(), item.id) == 0:
        return False
    told = {"item": item.id, "title": item.title, "waits_for": item.waits_for, "opened": item.opened, "when": at, "why": why, "by": by}
    tx.fact("item.closed", item.subject, {**told, **({"incident": item.body["incident"]} if "incident" in item.body else {})})
    return True


def open_items(ledger: "Ledger", project: str) -> list[Item]:
    """What waits, longest first."""
    return [_item(row) for row in ledger.all(_OPEN, project)]


def all_items(ledger: "Ledger", project: str, limit: int = 1000) -> list[Item]:
    """Open ones first, the newest first."""
    return [_item(row) for row in ledger.all(_LIST, project, limit)]


def begins_with(ledger: "Ledger", project: str, id: str) -> Item:
    """The one item whose id begins so. Raises NotFoundError where none does, or several."""
    found = ledger.all(_BEGIN, project, len(id), id)
    if len(found) != 1:
        what = f"{len(found)} items begin" if found else "there is no item that begins"
        raise NotFoundError(f'{what} with "{id}"', hint="ninefold items list")
    return _item(found[0])


def item(ledger: "Ledger", project: str, id: str) -> Item:
    """One item. Raises NotFoundError."""
    row = ledger.one("select * from items where project = ? and id = ?", project, id)
    if row is None:
        raise NotFoundError(f"there is no work item {id}", hint=f"{len(open_items(ledger, project))} are open: ninefold status")
    return _item(row)
