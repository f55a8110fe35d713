"""Committing to a Delta table, in the one order that survives a power cut.

Data files written and flushed with their directory; then the log entry, with the application transaction compared on the
same handle; then the entry and its directory flushed; only then is it acknowledged. deltalake's own checkpoints and its
clean-up of the log stay off: they are not flushed, and clean-up after an unflushed checkpoint loses rows.
"""

import io
import time
from collections.abc import Sequence

import polars as pl
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from ninefold.errors import StoppedError
from ninefold.ids import new_id
from ninefold.lake.intact import checksum
from ninefold.lake.log import Log
from ninefold.lake.stats import file_stats
from ninefold.lake.version import Version
from ninefold.storage import open_store

CHECKPOINT_EVERY = 25
ROWS_PER_FILE = 4_000_000
_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
Txn = tuple[str, int]


class Overtaken(Exception):
    """Somebody else committed first; look again and retry."""


def put_files(where: str, frame: pl.DataFrame, *, data_change: bool = True) -> list[AddAction]:
    """Write a frame's rows as data files, on disk when this returns. Nothing refers to them yet."""
    actions, store = [], open_store(where)
    for start in range(0, frame.height, ROWS_PER_FILE):
        part = frame.slice(start, ROWS_PER_FILE)
        # names sort by creation: the order of the files is the order of the rows
        buffer = io.BytesIO()
        part.write_parquet(buffer)
        name = f"{new_id()}-{checksum(buffer.getbuffer()):08x}.parquet"
        store.put(name, buffer.getvalue(), create=True)
        actions.append(AddAction(name, buffer.tell(), {}, time.time_ns() // 1_000_000, data_change, file_stats(part)))
    return actions


def drop_files(where: str, actions: Sequence[AddAction]) -> None:
    """Remove files that no commit took."""
    store = open_store(where)
    for action in actions:
        store.delete(action.path)


def commit(
    log: Log, handle: DeltaTable | None, actions: Sequence[AddAction | RemoveAction], schema: Schema, version: Version, *, txn: Txn | None = None
) -> None:
    """Make the log entry of ``version`` and put it on disk. Overtaken if another commit has that number, or the handle has moved on."""
    if handle is not None and handle.version() != version.version - 1:
        raise Overtaken  # it was refreshed meanwhile: the commit would succeed on a state that nobody has looked at
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
                [action for action in actions if isinstance(action, AddAction)],
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
    except (DeltaError, OSError) as error:
        log.forget()
        if handle is None and isinstance(error, DeltaError) and log.latest() is not None:
            raise Overtaken from error
        raise _refused(error, log.where) from error
    _settle(log, version.version)


def add_columns(log: Log, handle: DeltaTable, schema: Schema, names: Sequence[str], version: Version) -> DeltaTable:
    """Commit new columns, null in all rows so far, and put the entry on disk; the handle of the state after it."""
    if handle.version() != version.version - 1:
        raise Overtaken
    fields = [field for field in schema.fields if field.name in names]
    properties = CommitProperties(custom_metadata=version.record(), max_commit_retries=0)
    try:
        handle.alter.add_columns(fields, commit_properties=properties, post_commithook_properties=_HOOKS)
    except CommitFailedError as error:
        log.forget()
        raise Overtaken from error
    except (DeltaError, OSError) as error:
        log.forget()
        raise _refused(error, log.where) from error
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


def _refused(error: Exception, where: str) -> Exception:
    """What to raise for an error of deltalake: a full disk is told as everywhere else."""
    if "os error 28" in str(error) or "No space left" in str(error):
        return StoppedError("the disk is full: the commit was not written", where=where, hint="free some space; nothing acknowledged is lost")
    return error
