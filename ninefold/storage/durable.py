"""The one way to write files that must still be there after a power cut.

A file is written beside its final name, flushed, renamed, and its directory is flushed: fsync of a file does not
cover the directory entry that names it. A failed fsync is final. The kernel may have dropped the dirty pages and
report success the next time, so nobody may try again and believe it [1].

[1] A. Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020.
"""

import errno
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ninefold.errors import ConflictError, StoppedError
from ninefold.storage.lock import FileLock as FileLock  # noqa: PLC0414 - given on: whoever writes durably also takes turns

TEMPORARY = ".tmp"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# macOS: fsync leaves the bytes in the drive's cache, only this reaches the disk
_FULLFSYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)


def write(path: Path, data: bytes | Iterable[bytes], *, create: bool = False, mode: int = 0o644) -> None:
    """Write a whole file so that a crash leaves the old one or the new one, and after the return only the new one.

    Directories that are missing are made, durably too. ``create`` refuses to replace: ConflictError if the file is
    there. StoppedError if the disk is full or a flush fails.

    >>> import tempfile; folder = Path(tempfile.mkdtemp())
    >>> write(folder / "a" / "b.txt", b"kept"); (folder / "a" / "b.txt").read_bytes()
    b'kept'
    """
    make_folder(path.parent)
    temporary = path.parent / f".{path.name[:80]}.{secrets.token_hex(8)}{TEMPORARY}"
    try:
        with stopping(path):
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            try:
                for chunk in [data] if isinstance(data, bytes | bytearray | memoryview) else data:
                    write_all(fd, chunk)
                flush(fd)
            finally:
                os.close(fd)
            if create:
                os.link(temporary, path)
                os.unlink(temporary)
            else:
                os.replace(temporary, path)
            _flush_folder(path.parent)
    except FileExistsError:
        raise ConflictError(f'"{path}" is there already', hint="it is written once and never replaced") from None
    finally:
        with suppress(OSError):  # already renamed; or the disk is gone, and the error on its way up says so
            os.unlink(temporary)


def sync(paths: Iterable[Path]) -> None:
    """Flush files that somebody else wrote, then every directory that names them. StoppedError if a flush fails."""
    files = [Path(path) for path in paths]
    for path in files:
        with stopping(path):
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                flush(fd)
            finally:
                os.close(fd)
    for folder in dict.fromkeys(path.parent for path in files):
        with stopping(folder):
            _flush_folder(folder)


def move(old: Path, new: Path) -> None:
    """Rename a file, or a directory, that is already flushed, durably. The folder must be the same."""
    with stopping(new):
        os.replace(old, new)
        _flush_folder(new.parent)


def adopt(temporary: Path, path: Path) -> None:
    """Give a flushed file its place in another folder of the same disk, durably. Where something is there, it is replaced."""
    make_folder(path.parent)
    with stopping(path):
        os.replace(temporary, path)
        _flush_folder(path.parent)


def remove(path: Path) -> None:
    """Remove a file; it is no error if it is gone. The removal itself is not flushed: it may come undone."""
    with suppress(FileNotFoundError):
        os.unlink(path)


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make a directory and its missing parents, each flushed into its own parent. ``mode`` is that of the directory itself."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with stopping(folder):
        with suppress(FileExistsError):  # another process was quicker; if it is a file, what follows says so
            os.mkdir(folder, mode)
        _flush_folder(folder.parent)


def refuse_used(folder: Path, *, hint: str) -> None:
    """ConflictError where ``folder`` is a file or has something in it: what is copied there must be all that is there."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"{folder} is not empty" if folder.is_dir() else f"{folder} is a file", hint=hint)


def write_all(fd: int, data: bytes | bytearray | memoryview) -> None:
    """Write every byte: a single write() may take fewer than it was given."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def flush(fd: int) -> None:
    """fsync, down to the disk."""
    if _FULLFSYNC is not None:
        fcntl.fcntl(fd, _FULLFSYNC)
    else:
        os.fsync(fd)


@contextmanager
def stopping(path: Path) -> Iterator[None]:
    """Turn a full disk or a failed flush into StoppedError; other errors (no such file, no right) pass as they are."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoppedError(f'the disk is full: "{path}" was not written', hint="free some space; nothing acknowledged is lost") from error
        if error.errno in (errno.EIO, errno.EROFS):
            hint = "check the disk; what was not acknowledged may be missing"
            raise StoppedError(f'"{path}" could not be written to disk ({error.strerror})', hint=hint) from error
        raise


def _flush_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flush(fd)
    finally:
        os.close(fd)
