"""One Delta table: write, scan, versions, content digest, compaction."""

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import polars as pl
from deltalake import DeltaTable, Schema

from ninefold.clock import now
from ninefold.errors import ConflictError, DataError
from ninefold.lake import compact
from ninefold.lake.commit import Overtaken, Txn, add_columns, applied, commit, drop_files, put_files
from ninefold.lake.digest import content_digest
from ninefold.lake.evolve import evolve
from ninefold.lake.frames import conform, lower, readable_schema, scan_files
from ninefold.lake.log import Log
from ninefold.lake.types import delta_schema, schemas
from ninefold.lake.version import Version, of_commit
from ninefold.storage import FileLock, durable

if TYPE_CHECKING:
    import pyarrow as pa

_ATTEMPTS = 50


class LakeTable:
    """A versioned table. Threads may share it; writers in other processes take turns with it.

    >>> import tempfile
    >>> table = LakeTable(tempfile.mkdtemp() + "/t")
    >>> table.write(pl.DataFrame({"a": [1]})).rows, table.write(pl.DataFrame({"a": [2], "b": ["x"]}), mode="append").rows
    (1, 2)
    >>> table.read().rows(), table.read(version=0).rows()
    ([(1, None), (2, 'x')], [(1,)])
    """

    def __init__(self, where: str, *, name: str = "", options: dict[str, str] | None = None) -> None:
        self.where, self.name, self.options = where, name or where, options or {}
        self.log = Log(where, self.options)
        self._lock = threading.RLock()
        self._known: dict[int, Version] = {}
        self._digests: dict[int, str] = {}

    @property
    def exists(self) -> bool:
        """Whether anything was ever written."""
        return self.version is not None

    @property
    def version(self) -> int | None:
        """The newest version, None if the table was never written."""
        with self._lock:
            handle = self.log.latest()
            return None if handle is None else handle.version()

    def write(
        self,
        frame: "pl.DataFrame | pa.Table",
        *,
        mode: Literal["overwrite", "append"] = "overwrite",
        txn: Txn | None = None,
        zones: Mapping[str, str] | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> Version | None:
        """Commit rows; when this returns they are on disk. None if the application transaction ``txn`` was applied before.

        ``append`` adds columns and widens types where that loses nothing, else DataError; ``overwrite`` replaces rows and
        columns. ``txn`` is (application, number): of each application only growing numbers are taken. ``zones`` gives
        instants the zone that readers see; ``meta`` is kept with the version.
        """
        rows = frame if isinstance(frame, pl.DataFrame) else pl.DataFrame(frame)
        rows = conform(rows, readable_schema(rows, zones or {})) if rows.width else rows
        if not rows.width:
            raise DataError("a table needs columns", where=self.name, hint="give the frame a schema, even without rows")
        with self._turn():
            for _ in range(_ATTEMPTS):
                try:
                    return self._write(rows, mode, txn, dict(meta or {}))
                except Overtaken:  # another writer was first: everything is decided anew on what it left
                    continue
        raise ConflictError(f"other writers committed {_ATTEMPTS} times meanwhile", where=self.name, hint="try again, or write less often")

    def scan(self, version: int | None = None, *, raw: bool = False, only: Iterable[str] | None = None) -> pl.LazyFrame:
        """The rows of a version (None: the newest), lazily. ``raw``: in the stored types, zones not restored; ``only`` some of its files."""
        with self._lock:
            handle = self.log.at(version)
            return scan_files(list(only) if only is not None else _files(handle), *schemas(handle.schema()), raw=raw, options=self.options)

    def read(self, version: int | None = None) -> pl.DataFrame:
        """The rows of a version, in memory."""
        return self.scan(version).collect()

    def files(self, version: int | None = None) -> list[str]:
        """The Parquet files of a version, in the order of its rows."""
        with self._lock:
            return _files(self.log.at(version))

    def schema(self, version: int | None = None) -> pl.Schema:
        """The columns and types that readers get."""
        with self._lock:
            return schemas(self.log.at(version).schema())[1]

    def versions(self) -> list[Version]:
        """Every version that the log still knows, oldest first."""
        with self._lock:
            handle = self.log.latest()
            return [] if handle is None else [of_commit(int(info["version"]), info) for info in reversed(handle.history())]

    def info(self, version: int | None = None) -> Version:
        """What the commit of a version recorded."""
        with self._lock:
            number = self.log.at(version).version()
            if number not in self._known:
                self._known[number] = self._recorded(number)
            return self._known[number]

    def digest(self, version: int | None = None) -> str:
        """The content digest of a version: of rows in order and columns, not of files."""
        info = self.info(version)
        if info.digest is not None:
            return info.digest
        if info.version not in self._digests:
            with self._lock:
                low, high = schemas(self.log.at(info.version).schema())
            parts = (scan_files([file], low, high, raw=False, options=self.options).collect() for file in self.files(info.version))
            self._digests[info.version] = content_digest(parts, high)
        return self._digests[info.version]

    def position(self, application: str) -> tuple[int | None, int | None]:
        """The newest version, and the last number that an application committed up to it; None where there is none."""
        with self._lock:
            handle = self.log.latest()
            return (None, None) if handle is None else (handle.version(), handle.transaction_version(application))

    def compact(self, *, by: Iterable[str] = ()) -> Version | None:
        """Merge small files, keeping rows and digest; with ``by``, rewrite all rows sorted by these columns. None if nothing was to do."""
        with self._turn():
            for _ in range(_ATTEMPTS):
                try:
                    return self._remember(compact.compact(self, tuple(by)))
                except Overtaken:
                    continue
        raise ConflictError(f"other writers committed {_ATTEMPTS} times meanwhile", where=self.name, hint="compact when less is written")

    def vacuum(self, keep: Iterable[int] = ()) -> list[str]:
        """Remove data files that neither the newest version nor those in ``keep`` read; their names. Other versions are lost."""
        with self._turn():
            return compact.vacuum(self, keep)

    def checkpoint(self) -> None:
        """Write a checkpoint of the log now; every 25th commit does it by itself."""
        with self._turn():
            if (handle := self.log.latest()) is not None:
                self.log.checkpoint(handle)

    def _write(self, rows: pl.DataFrame, mode: str, txn: Txn | None, meta: dict[str, str]) -> Version | None:
        handle = self.log.latest()
        # a handle is refreshed in place by whoever asks for the newest state: what is decided here holds for this version
        at = -1 if handle is None else handle.version()
        if applied(handle, txn):
            return None
        if handle is None:
            return self._commit(None, at, rows, rows, "append" if mode == "append" else "overwrite", txn, meta)
        if mode == "overwrite":
            return self._commit(handle, at, rows, rows, "overwrite", txn, meta)
        change = evolve(schemas(handle.schema())[1], rows.schema)
        added = conform(rows, change.schema)
        if change.widened:
            # files keep the type that they were written with, and other readers of Delta would stumble over old ones
            whole = pl.concat([conform(self.read(at), change.schema), added])
            return self._commit(handle, at, whole, added, "evolve", txn, meta)
        if change.added:
            before = self.info(at)
            version = Version(at + 1, now(), before.rows, before.bytes, None, "evolve")
            handle = add_columns(self.log, handle, delta_schema(change.schema), change.added, version)
            at = version.version
        return self._commit(handle, at, added, added, "append", txn, meta)

    def _commit(
        self, handle: DeltaTable | None, at: int, rows: pl.DataFrame, added: pl.DataFrame, mode: str, txn: Txn | None, meta: dict[str, str]
    ) -> Version:
        """Commit ``rows`` after the version ``at``; ``added`` of them are new. They replace all others unless the mode is append."""
        before = None if handle is None or mode != "append" else self.info(at)
        schema: Schema = delta_schema(rows.schema)
        alone = before is None or before.rows == 0
        digest = content_digest([rows], rows.schema) if alone else None
        actions = put_files(self.where, lower(rows))
        size = sum(action.size for action in actions)
        version = Version(
            version=at + 1,
            at=now(),
            rows=rows.height + (before.rows if before else 0),
            bytes=size + (before.bytes if before else 0),
            digest=digest,
            mode=mode,
            meta=meta,
            added=added.height,
        )
        try:
            commit(self.log, handle, actions, schema, version, txn=txn)
        except Overtaken:
            drop_files(self.where, actions)
            raise
        self._remember(version)
        return version

    def _remember(self, version: Version | None) -> Version | None:
        if version is not None:
            self._known[version.version] = version
        return version

    def _recorded(self, version: int) -> Version:
        folder = self.log.folder
        if folder is not None and (entry := folder / f"{version:020d}.json").exists():
            lines = (msgspec.json.decode(line) for line in entry.read_bytes().splitlines())
            found = of_commit(version, next((line["commitInfo"] for line in lines if "commitInfo" in line), {}))
        else:
            found = next((item for item in self.versions() if item.version == version), of_commit(version, {}))
        return found if found.rows >= 0 else self._counted(found)

    def _counted(self, version: Version) -> Version:
        """A version that somebody else committed: counted from its files."""
        actions = pl.DataFrame(self.log.at(version.version).get_add_actions(flatten=True))
        if "num_records" not in actions.columns or actions["num_records"].null_count():
            rows = self.scan(version.version).select(pl.len()).collect().item()
        else:
            rows = actions["num_records"].sum()
        return msgspec.structs.replace(version, rows=int(rows), bytes=int(actions["size_bytes"].sum()))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Writers of this machine one after the other: without it they would mostly overtake each other."""
        with self._lock:
            if self.log.folder is None:
                yield
                return
            durable.make_folder(Path(self.where))  # flushed into its parent; the lock would make it without
            with FileLock(Path(self.where) / ".lock"):
                yield


def _files(handle: DeltaTable) -> list[str]:
    if handle.metadata().partition_columns:
        raise DataError("the table has partition columns", where=handle.table_uri, hint="partitioned tables of other writers are not read here")
    return sorted(handle.file_uris(), key=os.path.basename)
