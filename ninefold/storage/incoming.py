"""A content on its way into a store: hashed as it comes, in memory while it is small, beside its place when it is not."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ninefold.errors import DataError, StoppedError
from ninefold.storage import durable
from ninefold.storage.local import LocalStore
from ninefold.storage.store import Store

CHUNK = 1 << 20  # what is no longer than this is never a file of its own before it is stored
SPARE = 256 << 20  # bytes that large contents leave free, or a twentieth of a small disk: what is acknowledged elsewhere needs room too
FRESH = 12 * 3600.0  # seconds: what lies there longer may be about to be removed, so it is stored again


class Incoming:
    """Bytes that become a blob when all of them are there.

    >>> from ninefold.storage.memory import MemoryStore
    >>> store = MemoryStore()
    >>> with Incoming(store) as incoming:
    ...     incoming.write(b"wei"); incoming.write(b"ghts"); digest, size = incoming.keep()
    >>> digest[:8], size, list(store.list()) == [blob_name(digest)]
    ('9a129038', 7, True)
    """

    def __init__(self, store: Store) -> None:
        self._store, self._hash, self.size = store, hashlib.sha256(), 0
        self._chunks: list[bytes] = []
        self._held = 0
        self._file: int | None = None
        self._path: Path | None = None

    def write(self, chunk: bytes) -> None:
        """Takes the next bytes. StoppedError if the disk is full."""
        self._chunks.append(chunk)
        self.size += len(chunk)
        self._held += len(chunk)
        if self._held > CHUNK:
            self._spill()

    def keep(self, expected: str | None = None) -> tuple[str, int]:
        """Stores what came, durably, unless it is there; its digest and size. DataError where another digest was ``expected``."""
        if self._file is None:
            content = b"".join(self._chunks)
            self._hash.update(content)
        else:
            self._spill()
        digest = self._hash.hexdigest()
        agreed(digest, expected)
        if not kept(self._store, digest):
            if self._file is None:
                self._store.put(blob_name(digest), content)
            else:
                self._move(blob_name(digest))
        return digest, self.size

    def close(self) -> None:
        """Lets go of what was not kept."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._path is not None:
            with suppress(FileNotFoundError):
                os.unlink(self._path)

    def _spill(self) -> None:
        if self._path is None:
            if isinstance(self._store, LocalStore):
                self._path = self._store.unfinished()
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            else:
                self._file, name = tempfile.mkstemp(suffix=durable.TEMPORARY)
                self._path = Path(name)
        assert self._file is not None
        chunks, self._chunks, self._held = self._chunks, [], 0
        _leave_room(self._path.parent)
        with durable.stopping(self._path):
            for chunk in chunks:
                self._hash.update(chunk)
                durable.write_all(self._file, chunk)

    def _move(self, name: str) -> None:
        assert self._file is not None
        assert self._path is not None
        if isinstance(self._store, LocalStore):
            with durable.stopping(self._path):
                durable.flush(self._file)
            durable.adopt(self._path, self._store.path(name))
        else:
            self._store.put(name, _read(self._file))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def agreed(digest: str, expected: str | None) -> str:
    """The digest, where no other one was ``expected``; else DataError."""
    if expected is not None and expected != digest:
        raise DataError(f"the content has the digest {digest}, expected {expected[:80]}", hint="send it again, whole")
    return digest


def kept(store: Store, digest: str) -> bool:
    """Whether a content is there, and stays: one that was about to be removed as unused is marked as used again."""
    age = store.age(blob_name(digest))
    if age is None:
        return False
    if age < FRESH:
        return True
    if isinstance(store, LocalStore):
        store.touch(blob_name(digest))
        return True
    return False


def _leave_room(folder: Path) -> None:
    """StoppedError where one content more would take the last space of the disk, which the ledger and the journals have to write on."""
    found = os.statvfs(folder)
    if found.f_bavail * found.f_frsize < min(SPARE, found.f_blocks * found.f_frsize // 20) + CHUNK:
        raise StoppedError(f'the disk of "{folder}" is nearly full', hint="free some space and send it again; nothing acknowledged is lost")


def blob_name(digest: str) -> str:
    """The name of a blob in its store."""
    return f"{digest[:2]}/{digest[2:]}"


def _read(file: int) -> Iterator[bytes]:
    place = 0
    while chunk := os.pread(file, CHUNK, place):
        place += len(chunk)
        yield chunk
