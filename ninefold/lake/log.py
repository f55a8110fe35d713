"""A table's Delta log: opening it after anything may have happened to it, and flushing it.

deltalake reads and writes the log and never flushes. What a power cut can leave behind is undone here: an empty or cut
newest entry was never acknowledged (acknowledged entries are flushed) and is set aside; a checkpoint hint is removed when
its checkpoint is missing or empty, because deltalake cannot open a table with such a hint.
"""

import re
from pathlib import Path

import msgspec
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from ninefold.errors import CorruptError, NotFoundError
from ninefold.storage import durable

_ENTRY = re.compile(r"(\d{20})\.json")


class Log:
    """The log of one table: at a local path, or at an ``s3://`` address with ``options``."""

    def __init__(self, where: str, options: dict[str, str]) -> None:
        self.where, self.options = where, options
        self.folder = None if where.startswith("s3://") else Path(where) / "_delta_log"
        self._handle: DeltaTable | None = None

    def latest(self) -> DeltaTable | None:
        """The newest state; None if the table was never written. The handle is good for one commit."""
        if self._handle is None:
            self._handle = self._open()
        elif not self._current(self._handle):
            self._handle.update_incremental()
        return self._handle

    def at(self, version: int | None) -> DeltaTable:
        """The state of a version (None: the newest); NotFoundError."""
        if version is not None and self._handle is not None and self._handle.version() == version:
            return self._handle
        newest = self.latest()
        if newest is None:
            raise NotFoundError(f'the table "{self.where}" was never written', hint="write it first")
        if version is None or version == newest.version():
            return newest
        try:
            return DeltaTable(self.where, version=version, storage_options=self.options)
        except DeltaError as error:
            hint = f"the newest is {newest.version()}; old ones may be gone by retention"
            raise NotFoundError(f'the table "{self.where}" has no version {version}', hint=hint) from error

    def forget(self) -> None:
        """Open anew next time: after a failed commit the handle's state is unknown."""
        self._handle = None

    def stale(self) -> None:
        """After a commit the handle must catch up, or its next commit fails as if somebody else had been first."""
        if self._handle is not None:
            self._handle.update_incremental()

    def make(self) -> None:
        """Make the log's directory, on disk, before the first entry goes into it."""
        if self.folder is not None:
            durable.make_folder(self.folder)

    def flush(self, version: int) -> None:
        """Put a log entry on disk. After this the commit may be acknowledged."""
        if self.folder is not None:
            durable.sync([self.folder / f"{version:020d}.json"])

    def checkpoint(self, table: DeltaTable) -> None:
        """Write our checkpoint of the handle's version, on disk before its hint may be relied upon.

        deltalake writes checkpoint and hint together; a power cut between here and the flush may leave either empty,
        which the next opening mends. Older log entries stay: nothing depends on the checkpoint alone.
        """
        table.create_checkpoint()
        if self.folder is not None:
            durable.sync([*self.folder.glob(f"{table.version():020d}.checkpoint*.parquet"), self.folder / "_last_checkpoint"])

    def _current(self, handle: DeltaTable) -> bool:
        if self.folder is None:
            return False
        return not (self.folder / f"{handle.version() + 1:020d}.json").exists()

    def _open(self) -> DeltaTable | None:
        if self.folder is not None:
            if not self.folder.is_dir():
                return None
            _mend(self.folder)
        try:
            return DeltaTable(self.where, storage_options=self.options)
        except TableNotFoundError:
            return None
        except DeltaError as error:
            hint = "run `ninefold doctor`; restore the table from a backup"
            raise CorruptError(f"the log cannot be read: {str(error)[:300]}", where=self.where, hint=hint) from error


def _mend(folder: Path) -> None:
    for checkpoint in folder.glob("*.checkpoint*.parquet"):
        # whatever it contains is in the entries before it as well, which are kept
        if not _ends_as_parquet(checkpoint) and (folder / f"{0:020d}.json").exists():
            durable.remove(checkpoint)
    hint = folder / "_last_checkpoint"
    if hint.exists() and not _points_to_checkpoint(folder, hint.read_bytes()):
        durable.remove(hint)
    names = [entry.name for entry in folder.iterdir() if _ENTRY.fullmatch(entry.name)]
    if names and not _whole(newest := folder / max(names)):
        durable.move(newest, folder / f".torn-{newest.name}")


def _points_to_checkpoint(folder: Path, hint: bytes) -> bool:
    try:
        version = int(msgspec.json.decode(hint)["version"])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return False
    return any(folder.glob(f"{version:020d}.checkpoint*.parquet"))


def _ends_as_parquet(file: Path) -> bool:
    with file.open("rb") as stream:
        if stream.seek(0, 2) <= 12:
            return False
        stream.seek(-4, 2)
        return stream.read() == b"PAR1"


def _whole(entry: Path) -> bool:
    lines = entry.read_bytes().splitlines()
    try:
        return bool(lines) and all(isinstance(msgspec.json.decode(line), dict) for line in lines if line)
    except msgspec.DecodeError:
        return False
