"""What SQLite says of its files, in our words: damaged, full, locked, gone; and where its files may not lie."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ninefold.errors import BusyError, ConflictError, CorruptError, NotFoundError, StoppedError
from ninefold.ledger.patience import too_long

# their locks or their shared memory do not hold between machines
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "fuse.glusterfs", "lustre", "beegfs", "gpfs", "fuse.sshfs"}
_BUSY, _READONLY, _INTERRUPT, _IOERR, _CORRUPT, _FULL, _CANTOPEN, _NOTADB = 5, 8, 9, 10, 11, 13, 14, 26
_LITTLE = 256 << 10  # with less space than this SQLite's own files beside the ledger do not fit


def stopping(error: Exception, path: Path) -> tuple[str, bool] | None:
    """Why SQLite cannot write ``path``, and whether for good; None where something else is wrong."""
    code = _code(error)
    if code == _FULL or (code in {_IOERR, _CANTOPEN} and _no_space(path)):
        return "the disk is full", False
    if code == _READONLY:
        return "the file is read-only", False
    if code == _IOERR:
        return f"the disk failed ({error})", True
    if code in {_CORRUPT, _NOTADB}:
        return f"the file is damaged ({error})", True
    return None


def _code(error: Exception) -> int:
    """SQLite's primary result code, 0 for what is not SQLite's."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF if isinstance(error, sqlite3.Error) else 0


def _no_space(path: Path) -> bool:
    return shutil.disk_usage(path.parent).free < _LITTLE


@contextmanager
def reading(path: Path, to: Path | None = None) -> Iterator[None]:
    """What SQLite says of its files in our words: CorruptError, StoppedError, BusyError. ``to`` is the file written, if another one."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code, written = _code(error), to or path
        if code == _INTERRUPT:
            raise too_long() from None
        if code in {_CORRUPT, _NOTADB}:
            hint = "run: ninefold doctor; or bring back a backup: ninefold restore"
            raise CorruptError(f"the ledger is damaged ({error})", where=str(path), hint=hint) from None
        ours = code == _READONLY and os.access(written, os.W_OK)  # a connection that reads only was asked to write: a mistake of ours
        if not ours and (reason := stopping(error, written)):
            hint = f"free some space in {written.parent}" if "full" in reason[0] else "see to the disk and to the permissions of the file"
            raise StoppedError(reason[0], where=str(written), hint=f"{hint}, then run it again; what was acknowledged is safe") from None
        if code == _BUSY:
            raise BusyError("another program keeps it locked", where=str(path), hint="end that program's transaction, then run it again") from None
        if code == _CANTOPEN:
            raise NotFoundError(f"the ledger cannot be opened ({error})", where=str(written), hint="is the directory there, and yours?") from None
        raise


def refuse_network(path: Path, mounts: Path = Path("/proc/self/mounts")) -> None:
    """ConflictError where the file lies on a network file system: SQLite's locks and shared memory do not hold there.

    What the mounts are is known on Linux only; elsewhere nothing is refused.
    """
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    real, best, kind = str(path.resolve()), "", ""
    for line in lines:
        point, found = line.split(" ")[1:3]
        point = point.replace("\\040", " ")
        if (real == point or real.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, found
    if kind in _NETWORK:
        raise ConflictError(f"{path} lies on a network file system ({kind}), where SQLite may lose data", hint="put the home on a local disk")
