"""Collected events as rows: what is in the lake and what was just journalled, each id once."""

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from ninefold.errors import ConflictError
from ninefold.project.home import Home
from ninefold.sources.collect import EventSchema
from ninefold.sources.events import Events
from ninefold.storage.durable import make_folder, write

if TYPE_CHECKING:
    import polars as pl


def secret(home: Home) -> bytes:
    """The key of the hash that stands for personal values: made once, kept in the home, readable by its owner only."""
    path = home.path("keys", "personal")
    if not path.exists():
        make_folder(path.parent, mode=0o700)
        with suppress(ConflictError):  # another process was quicker: its key is the home's
            write(path, os.urandom(32), create=True, mode=0o600)
    return path.read_bytes()


def schema(home: Home, events: Events) -> EventSchema:
    """The shape of a stream of events, with the home's key."""
    return EventSchema(events, secret=secret(home))


def collected(home: Home, name: str, events: Events) -> "pl.LazyFrame":
    """All events of a stream; of one id the first counts."""
    from ninefold.lake.roll import scan_both

    shape = schema(home, events)
    rows = scan_both(home.stored("events", name), home.journal(f"events/{name}"), shape.frame, name=f"events/{name}")
    return rows.unique("id", keep="first", maintain_order=True)
