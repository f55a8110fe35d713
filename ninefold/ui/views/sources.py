"""A source: what was read, file by file, with digests; events: what was collected."""

import msgspec

from ninefold.ui.reading import Reading
from ninefold.ui.views.thing import ThingPart, thing_part

FILES = 40


class FileRead(msgspec.Struct):
    """A file as it was read."""

    path: str
    bytes: int | None
    rows: int | None
    sha256: str


class Read(msgspec.Struct):
    """One reading of a source."""

    at: int
    seq: int
    rows: int
    files: int
    digest: str


class SourcePage(msgspec.Struct):
    """``files`` of the newest reading (the first 40 of ``count``); ``reads`` the newest first."""

    thing: ThingPart
    files: list[FileRead]
    count: int
    reads: list[Read]


def source(reading: Reading, name: str) -> SourcePage:
    """The page of a source."""
    part = thing_part(reading, "source", name)
    facts = reading.about("source", name, kinds=["source.read"], limit=20)
    newest = facts[0].body["files"] if facts else []
    root = f"{reading.home.settings.root}/"
    files = [FileRead(str(f["path"]).removeprefix(root), f.get("bytes"), f.get("rows"), f.get("sha256") or "") for f in newest[:FILES]]
    reads = [Read(f.at, f.seq, f.body["rows"], len(f.body["files"]), f.body["content"]) for f in facts]
    return SourcePage(part, files, len(newest), reads)
