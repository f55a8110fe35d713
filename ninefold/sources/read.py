"""Reading a source into its snapshot: one typed table of the lake, so that every kind of frame sees the same."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ninefold.config import Settings
from ninefold.errors import DataError, DeclarationError
from ninefold.ids import digest, digest_of
from ninefold.sources.files import FoundFile, find
from ninefold.sources.location import Location, locate
from ninefold.sources.source import Source

# databases that are one file
FILE_DATABASES = ("sqlite", "duckdb")
REVISION = 1
"""Raised when the same bytes would be read as other rows."""


@dataclass(frozen=True, slots=True)
class FileRead:
    """One file (or query, or function) that was read."""

    path: str
    sha256: str
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a source holds: the lake version, its content digest, what to go on from next time, and what was read now."""

    version: int
    digest: str
    state: dict[str, Any]
    rows: int
    files: list[FileRead] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows read from a source: all of them, or (``append``) those that came since the last time."""

    frame: Any
    append: bool
    state: dict[str, Any]
    files: list[FileRead]


def options(source: Source) -> dict[str, str]:
    """What the declaration adds to the key: another option reads other rows."""
    said = {"null": list(source.null), "types": dict(source.types), "query": source.query, "watermark": source.watermark, "format": source.format}
    return {"reader": str(REVISION), **{f"option:{k}": digest_of(v)[:16] for k, v in said.items() if v}}


def fingerprint(source: Source, settings: Settings, digests: Callable[[Path], str] | None = None) -> dict[str, str]:
    """Parts of the key of reading ``source``, without reading its rows.

    ``digests`` gives the SHA-256 of a local file (cached by path, time and size, by the caller). Objects and web
    addresses are known by their entity tag. A database that is a file is known by its content; a server has none, see
    :func:`uncacheable`.
    """
    parts = options(source)
    if not isinstance(source.of, str):
        return parts
    location = locate(source.of, settings)
    with location.reading():
        if location.kind == "sql":
            return {**parts, "database": location.shown, "table": location.table or "", **_database_files(location, digests)}
        files = find(location)
        names = _names([f.name for f in files])
        for name, file in zip(names, files, strict=True):
            if file.path is not None:
                parts[f"file:{name}"] = digests(file.path) if digests else digest(file.read())
            else:
                parts[f"file:{name}"] = f"{file.size}:{file.stamp}"
    return parts


def _database_files(location: Location, digests: Callable[[Path], str] | None) -> dict[str, str]:
    """The digests of a database that is a file, and of the log of what was written and not yet moved into it."""
    scheme, _, path = location.url.partition(":///")
    if scheme not in FILE_DATABASES:
        return {}
    beside = Path(path + ("-wal" if scheme == "sqlite" else ".wal"))
    files = {f"file:{Path(location.hide(str(file))).name}": file for file in (Path(path), beside)}
    return {name: digests(file) if digests else digest(file.read_bytes()) for name, file in files.items() if file.is_file() and file.stat().st_size}


def uncacheable(source: Source, settings: Settings) -> str | None:
    """Why a source has to be asked every time, or None where its fingerprint tells whether it changed."""
    if source.of is None:
        return "rows are posted to it"
    if not isinstance(source.of, str):
        return None
    location = locate(source.of, settings)
    if location.kind == "sql" and location.url.partition(":")[0] not in FILE_DATABASES:
        return "a database is asked each time"
    if location.kind == "http":
        with location.reading():
            return None if find(location)[0].stamp else "the server gives no entity tag"
    return None


def _names(paths: list[str]) -> list[str]:
    """Paths below their common folder: a project that moves keeps its keys."""
    parents = [PurePosixPath(p).parts[:-1] for p in paths]
    shared = 0
    while parents and all(len(p) > shared for p in parents) and len({p[shared] for p in parents}) == 1:
        shared += 1
    return ["/".join(PurePosixPath(p).parts[shared:]) for p in paths]


def snapshot(source: Source, *, name: str, settings: Settings, lake_table: Any, state: dict[str, Any] | None = None) -> Snapshot:
    """Read what is new in ``source`` into its lake table, and say what was read.

    ``state`` is the last snapshot's. New files and rows above the watermark are appended; if a file that was read has
    changed or gone, everything is read again, so that a snapshot never depends on its history. Nothing new: the last
    version stands. Raises ``DataError`` naming file, column and types.
    """
    # a version that the state does not know: a run was cut off after it wrote; what it appended must not be appended again
    known = bool(state) and state is not None and state["version"] == lake_table.version and state["options"] == options(source)
    usable = state if known else None
    batch = read(source, name=name, settings=settings, state=usable)
    if batch.append and not batch.frame.height and usable:
        return Snapshot(usable["version"], usable["digest"], usable, usable["rows"], [])
    written = lake_table.write(batch.frame, mode="append" if batch.append else "overwrite")
    rows = batch.frame.height + (usable["rows"] if usable and batch.append else 0)
    found = lake_table.digest(written.version)
    kept = {**batch.state, "options": options(source), "version": written.version, "digest": found, "rows": rows}
    return Snapshot(written.version, found, kept, rows, batch.files)


def read(source: Source, *, name: str, settings: Settings, state: dict[str, Any] | None = None) -> Batch:
    """The rows of a source as one typed frame: all, or what is new since ``state``."""
    if source.of is None:
        raise DeclarationError(f'rows of the source "{name}" are posted, there is nothing to read', hint=f"POST them to /sources/{name}")
    if not isinstance(source.of, str):
        from ninefold.sources.function import call

        return call(source, name=name, state=state)
    location = locate(source.of, settings)
    with location.reading():
        if location.kind == "sql":
            from ninefold.sources.sql import query

            return query(source, location, state=state)
        from ninefold.sources.rows import from_files

        try:
            return from_files(source, find(location), state)
        except DataError as error:
            raise DataError(error.message, hint=error.hint, where=f'source "{name}": {error.where}') from error.__cause__


__all__ = ["Batch", "FileRead", "FoundFile", "Snapshot", "fingerprint", "options", "read", "snapshot", "uncacheable"]
