"""Work items: what waits for whom, since when."""

from typing import Any
from urllib.parse import quote

import msgspec

from ninefold.errors import NotFoundError
from ninefold.project.explaining.status import NOUNS
from ninefold.ui.reading import Reading
from ninefold.units import plural

_ALL = "select * from items where project = ? and state = ? order by opened desc limit 200"
_ONE = "select * from items where project = ? and id = ?"


class ItemLine(msgspec.Struct):
    """A work item. Times in µs; ``about`` is what it is about, ``about_path`` its page."""

    id: str
    path: str
    title: str
    waits_for: str
    state: str
    about: str
    about_path: str | None
    opened: int
    closed: int | None
    body: dict[str, Any]


class ItemsPage(msgspec.Struct):
    """Open items and those closed last."""

    open: list[ItemLine]
    closed: list[ItemLine]


def open_items(reading: Reading) -> list[ItemLine]:
    """What waits, the newest first."""
    return [_line(row) for row in reading.rows(_ALL, reading.project, "open")]


def items(reading: Reading) -> ItemsPage:
    """All items."""
    return ItemsPage(open_items(reading), [_line(row) for row in reading.rows(_ALL, reading.project, "closed")[:50]])


def one(reading: Reading, name: str) -> ItemLine:
    """One item by its id. Raises NotFoundError."""
    rows = reading.rows(_ONE, reading.project, name)
    if not rows:
        raise NotFoundError(f"there is no item {name[:60]}", hint="the list of items has them all")
    return _line(rows[0])


def _line(row: dict[str, Any]) -> ItemLine:
    about = row["subject"].partition("/")[2] or row["subject"]
    return ItemLine(
        row["id"],
        f"/items/{row['id']}",
        row["title"],
        row["waits_for"],
        row["state"],
        about,
        subject_path(row["subject"]),
        row["opened"],
        row["closed"],
        row["body"] if isinstance(row["body"], dict) else {"body": row["body"]},
    )


def subject_path(subject: str) -> str | None:
    """The page of a subject.

    >>> subject_path("flights/model/forecast@2"), subject_path("flights/run/0199c1f2"), subject_path("flights/run")
    ('/models/forecast/2', '/runs/0199c1f2', None)
    """
    parts = subject.split("/", 2)
    if len(parts) < 3 or parts[1] not in {*NOUNS, "run"}:
        return None
    name, at, version = parts[2].rpartition("@")
    if not at:
        name, version = parts[2], ""
    return f"/{plural(parts[1])}/{quote(name, safe='')}" + (f"/{version}" if version and parts[1] in {"table", "model"} else "")
