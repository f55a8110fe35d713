"""Fewer, larger files, and the removal of those that nobody reads any more."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from deltalake import DeltaTable
from deltalake.transaction import RemoveAction

from ninefold.clock import now
from ninefold.ids import is_id
from ninefold.lake.commit import ROWS_PER_FILE, Overtaken, commit, drop_files, put_files
from ninefold.lake.digest import content_digest
from ninefold.lake.frames import lower, scan_files
from ninefold.lake.types import delta_schema, schemas
from ninefold.lake.version import Version
from ninefold.storage import open_store

if TYPE_CHECKING:
    from ninefold.lake.table import LakeTable

_SMALL = 100_000  # rows; a file below is always worth merging
_YOUNG = 3600.0  # seconds; a data file this new may belong to a commit that is on its way


def compact(table: "LakeTable", by: tuple[str, ...]) -> Version | None:
    """Commit the last files merged into one, or, with ``by``, all rows sorted; Overtaken if somebody else committed."""
    handle = table.log.latest()
    if handle is None:
        return None
    at = handle.version()
    files = _by_age(handle)
    chosen = files if by else _tail(files)
    if chosen.height < (1 if by else 2):
        return None
    low, high = schemas(handle.schema())
    paths = {path.rpartition("/")[2]: path for path in table.files(at)}
    frame = scan_files([paths[name] for name in chosen["path"]], low, high, raw=False, options=table.options).collect()
    frame = frame.sort(by, maintain_order=True) if by else frame
    before = table.info(at)
    added = put_files(table.where, lower(frame), data_change=False)
    size = before.bytes - int(chosen["size_bytes"].sum()) + sum(action.size for action in added)
    digest = content_digest([frame], high) if by else before.digest
    version = Version(at + 1, now(), before.rows, size, digest, "compact")
    removed = [RemoveAction(name, data_change=False, deletion_timestamp=time.time_ns() // 1_000_000) for name in chosen["path"]]
    try:
        commit(table.log, handle, [*removed, *added], delta_schema(high), version)
    except Overtaken:
        drop_files(table.where, added)
        raise
    return version


def vacuum(table: "LakeTable", keep: Iterable[int]) -> list[str]:
    """Remove what neither the newest version nor those in ``keep`` read, unless it was made in the last hour; the names."""
    handle = table.log.latest()
    if handle is None:
        return []
    used = {path.rpartition("/")[2] for version in {handle.version(), *keep} for path in table.files(version)}
    store = open_store(table.where)
    gone = []
    for name in store.list():
        if name.endswith(".parquet") and "/" not in name and name not in used and _age(table, name) > _YOUNG:
            store.delete(name)
            gone.append(name)
    return gone


def _by_age(handle: DeltaTable) -> pl.DataFrame:
    return pl.DataFrame(handle.get_add_actions(flatten=True)).sort("path")


def _tail(files: pl.DataFrame) -> pl.DataFrame:
    """The last files, as far back as merging pays: a large file is not rewritten for the sake of a small one.

    Only a tail, because the merged file is the newest and its rows must stay the last.
    """
    rows, count = 0, 0
    for size in reversed(files["num_records"].to_list()):
        if size > max(_SMALL, 2 * rows) or rows + size > ROWS_PER_FILE:
            break
        rows, count = rows + size, count + 1
    return files.tail(count)


def _age(table: "LakeTable", name: str) -> float:
    if table.log.folder is not None:
        return time.time() - Path(table.where, name).stat().st_mtime
    if not is_id(name[:36]):
        return 0.0  # another writer's: how old it is cannot be told, so it is left alone
    # names are ids of version 7: their first 48 bits are the milliseconds of their making
    return time.time() - int(name.replace("-", "")[:12], 16) / 1000
