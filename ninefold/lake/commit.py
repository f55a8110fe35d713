"""Committing to a Delta table, in the one order that survives a power cut.

Data files written and flushed with their directory; then the log entry, with the application transaction compared on the
same handle; then the entry and its directory flushed; only then is it acknowledged. deltalake's own checkpoints and its
clean-up of the log stay off: they are not flushed, and clean-up after an unflushed checkpoint loses rows.
"""

import io
import time
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from ninefold.ids import new_id
from ninefold.lake.log import Log
from ninefold.lake.stats import file_stats
from ninefold.lake.version import Version
from ninefold.storage import durable, open_store

CHECKPOINT_EVERY = 25
ROWS_PER_FILE = 4_000_000
_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
Txn = tuple[str, int]


class Overtaken(Exception):
    """Somebody else committed first; look again and retry."""


def put_files(where: str, frame: pl.DataFrame, *, data_change: bool = True) -> list[AddAction]:
    """Write a frame's rows as data files, on disk when this returns. Nothing refers to them yet."""
    actions = []
    for start in range(0, frame.height, ROWS_PER_FILE):
        part = frame.slice(start, ROWS_PER_FILE)
        # names sort by creation: the order of the files is the order of the rows
        name = f"{new_id()}.parquet"
        size = _put_remote(where, name, part) if where.startswith("s3://") else _put_local(Path(where), name, part)
        actions.append(AddAction(name, size, {}, time.time_ns() // 1_000_000, data_change, file_stats(part)))
    if actions and not where.startswith("s3://"):
        durable.sync([Path(where, action.path) for action in actions])
    return actions


def drop_files(where: str, actions: Sequence[AddAction]) -> None:
    """Remove files that no commit took."""
    for action in actions:
        if where.startswith("s3://"):
            open_store(where).delete(action.path)
        else:
            durable.remove(Path(where, action.path))


def commit(
    log: Log,
    handle: DeltaTable | None,
    actions: Sequence[AddAction | RemoveAction],
    schema: Schema,
    version: Version,
    *,
    txn: Txn | None = None,
) -> None:
    """Make the log entry of ``version`` and put it on disk. Overtaken if another commit has that number."""
    properties = CommitProperties(
        custom_metadata=version.record(),
        max_commit_retries=0,  # what was decided on this handle must hold: never moved onto another state silently
        app_transactions=[Transaction(*txn)] if txn else None,
    )
    try:
        if handle is None:
            log.make()
            create_table_with_add_actions(
                log.where,
                schema,
                list(actions),
                mode="error",
                storage_options=log.options,
                commit_properties=properties,
                post_commithook_properties=_HOOKS,
            )
        else:
            mode = "overwrite" if version.mode in ("overwrite", "evolve") else "append"
            handle.create_write_transaction(list(actions), mode, schema, commit_properties=properties, post_commithook_properties=_HOOKS)
    except CommitFailedError as error:
        log.forget()
        raise Overtaken from error
    except DeltaError as error:
        log.forget()
        if handle is None and log.latest() is not None:
            raise Overtaken from error
        raise
    _settle(log, version.version)


def add_columns(log: Log, handle: DeltaTable, schema: Schema, names: Sequence[str], version: Version) -> DeltaTable:
    """Commit new columns, null in all rows so far, and put the entry on disk; the handle of the state after it."""
    fields = [field for field in schema.fields if field.name in names]
    properties = CommitProperties(custom_metadata=version.record(), max_commit_retries=0)
    try:
        handle.alter.add_columns(fields, commit_properties=properties, post_commithook_properties=_HOOKS)
    except CommitFailedError as error:
        log.forget()
        raise Overtaken from error
    _settle(log, version.version)
    newest = log.latest()
    if newest is None or newest.version() != version.version:
        raise Overtaken
    return newest


def _settle(log: Log, version: int) -> None:
    log.flush(version)
    log.stale()
    if version % CHECKPOINT_EVERY == CHECKPOINT_EVERY - 1 and (newest := log.latest()) is not None:
        log.checkpoint(newest)
        log.forget()  # opened anew it reads the checkpoint, not the entries before it


def applied(handle: DeltaTable | None, txn: Txn | None) -> bool:
    """Whether an application transaction is in the table already. deltalake does not refuse an old one: its caller compares."""
    if handle is None or txn is None:
        return False
    last = handle.transaction_version(txn[0])
    return last is not None and last >= txn[1]


def _put_local(folder: Path, name: str, frame: pl.DataFrame) -> int:
    durable.make_folder(folder)
    path = folder / name
    with durable.stopping(path):
        # raw, because the library writes the file; nothing names it before durable.sync has flushed it
        frame.write_parquet(path)
    return path.stat().st_size


def _put_remote(where: str, name: str, frame: pl.DataFrame) -> int:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    open_store(where).put(name, buffer.getvalue(), create=True)
    return buffer.tell()
