"""What is wrong with a home, why, and what to do about it. Looking changes nothing."""

import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import msgspec

from ninefold.errors import CorruptError, NinefoldError
from ninefold.journal import read
from ninefold.ledger.ledger import Ledger
from ninefold.ledger.verify import NO_ANCHOR
from ninefold.storage import durable

_LOW_SPACE = 512 << 20
_WRITTEN = 60.0  # seconds; a temporary file this new may have a living writer
_FILES = """select digest, min('the file ' || path) as of from artifacts a
where not exists (select 1 from contents c where c.digest = a.digest) group by digest"""
_CONTENTS = "select digest, data from contents where digest > ? order by digest limit 500"
_RESTORE = "bring back a backup: ninefold restore"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: where, what, why it may be so, and what helps."""

    severity: Literal["error", "warning"]
    where: str
    what: str
    why: str = ""
    do: str = ""


def examine(home: Path, *, url: str | None = None, blobs: str | None = None, deep: bool = False, anchors: Path | None = None) -> list[Finding]:
    """Everything wrong in a home, errors first. ``url`` and ``blobs`` say where ledger and blobs lie, if not in the home; ``deep`` also
    re-reads every content (as slow as the disk).
    """
    home = Path(home)
    place = str(home / "blobs") if blobs is None else blobs.removeprefix("file://")
    folder = None if "://" in place else Path(place)  # elsewhere: looking costs requests, and its store checks its own bytes
    found = [*_files(home), *_space(home), *_journal(home), *_ledger(home, url, folder, anchors, deep)]
    if deep and folder is not None:
        found += _blobs(folder)
    return sorted(found, key=lambda finding: finding.severity)


def _files(home: Path) -> Iterator[Finding]:
    """Zero-length files where none may be, and what interrupted writers left."""
    for folder, folders, names in os.walk(home):
        folders[:] = [name for name in folders if name != "locks"]
        for name in names:
            path = Path(folder) / name
            try:
                found = path.stat()
            except FileNotFoundError:
                continue  # a server beside us has moved it on
            if name.endswith(durable.TEMPORARY):
                if time.time() - found.st_mtime > _WRITTEN:
                    yield Finding(severity="warning", where=str(path), what="a temporary file", why="its writer was killed", do="delete it")
            elif found.st_size == 0 and _must_have_bytes(path.relative_to(home)):
                yield Finding(
                    severity="error",
                    where=str(path),
                    what="the file has zero bytes",
                    why="it was named, but its content had not reached the disk when the power went",
                    do=_RESTORE,
                )


def _must_have_bytes(path: Path) -> bool:
    first = path.parts[0]
    if first == "blobs":
        return path.parts[1:] != ("e3", hashlib.sha256(b"").hexdigest()[2:])  # the blob of nothing is empty
    return first in {"keys", "frozen"} or path.suffix in {".parquet", ".seg", ".db"} or "_delta_log" in path.parts


def _space(home: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(home).free if home.exists() else 0
    if not home.exists():
        yield Finding(
            severity="error", where=str(home), what="there is no home", do="name another one with NINEFOLD_HOME, or run a project to make it"
        )
    elif free < _LOW_SPACE:
        yield Finding(
            severity="warning", where=str(home), what=f"only {free >> 20} MiB are free", why="writes stop when the disk is full", do="free some space"
        )


def _journal(home: Path) -> Iterator[Finding]:
    root = home / "journal"
    for folder in sorted({path.parent for path in root.glob("**/*") if path.suffix in {".seg", ".open"}}):
        try:
            for _ in read(folder):
                pass
        except CorruptError as error:
            yield Finding(severity="error", where=error.where or str(folder), what=error.message, why="the disk gave other bytes", do=_RESTORE)


def _ledger(home: Path, url: str | None, blobs: Path | None, anchors: Path | None, deep: bool) -> Iterator[Finding]:
    path = home / "ledger.db"
    if url is None and not path.exists():
        if any((home / name).exists() for name in ("keys", "lake", "blobs")):
            yield Finding(severity="error", where=str(path), what="the ledger is missing", why="it was removed or never copied here", do=_RESTORE)
        return
    try:
        if url is None and (broken := _integrity(path)):
            yield broken
            return
        with Ledger.open(url or f"sqlite:///{path}", home=home, anchors=anchors) as ledger:
            report = ledger.verify()
            for problem in report.problems:
                yield Finding(
                    severity="error", where=url or str(path), what=problem, why="facts were changed or cut off outside of ninefold", do=_RESTORE
                )
            if report.checkpoints and NO_ANCHOR in report.notes:
                do = 'set "anchor" in [tool.ninefold] to a folder that is kept'
                yield Finding(severity="warning", where=str(ledger.anchor.path), what=NO_ANCHOR, do=do)
            if blobs is not None:
                yield from _missing_blobs(blobs, ledger)
            if deep:
                yield from _contents(ledger)
    except NinefoldError as error:
        yield Finding(severity="error", where=error.where or str(path), what=error.message, do=error.hint)


def _integrity(path: Path) -> Finding | None:
    """SQLite's own check of the file's structure."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as connection:
            said = connection.execute("pragma quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said == "ok":
        return None
    why = "the file was cut short or written by something else"
    return Finding(severity="error", where=str(path), what=f"the ledger is damaged: {said}", why=why, do=_RESTORE)


def _missing_blobs(blobs: Path, ledger: Ledger) -> Iterator[Finding]:
    """Blobs that records name and that are not there."""
    rows: list[Any] = ledger.all(_FILES)
    named = {row["digest"]: row["of"] for row in rows}
    for row in ledger.all("select name, ref from steps where ref like '%\"blob\"%'"):
        blob = msgspec.json.decode(row["ref"]).get("blob")
        if isinstance(blob, str):
            named[blob] = f"the output of step {row['name']}"
    for digest, of in named.items():
        if not (blobs / digest[:2] / digest[2:]).exists():
            yield Finding(severity="error", where=digest, what=f"{of} is missing", why="its content was removed or never copied here", do=_RESTORE)


def _contents(ledger: Ledger) -> Iterator[Finding]:
    """Small files in the ledger whose bytes are not what their digest says."""
    after = ""
    while rows := ledger.all(_CONTENTS, after):
        after = rows[-1]["digest"]
        for row in rows:
            if hashlib.sha256(row["data"]).hexdigest() != row["digest"]:
                yield _changed(row["digest"], "content")


def _blobs(folder: Path) -> Iterator[Finding]:
    for path in sorted(folder.glob("*/*")):
        if path.is_file() and not path.name.endswith(durable.TEMPORARY):
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if digest != path.parent.name + path.name:
                yield _changed(str(path), "blob")


def _changed(where: str, kind: str) -> Finding:
    what = f"the {kind}'s bytes are not what its name says"
    return Finding(severity="error", where=where, what=what, why="the disk changed them", do=_RESTORE)
