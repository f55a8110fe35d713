"""Contents addressed by their SHA-256: stored once, verified on every read."""

import asyncio
import hashlib
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from ninefold.errors import ConflictError, CorruptError, NotFoundError, UsageError
from ninefold.storage import durable
from ninefold.storage.local import LocalStore
from ninefold.storage.store import Store

_CHUNK = 1 << 20
_IN_MEMORY = 16 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """Blobs in any store; a digest is 64 hexadecimal digits.

    >>> from ninefold.storage.memory import MemoryStore
    >>> blobs = Blobs(MemoryStore()); digest = blobs.add(b"weights")
    >>> digest[:8], blobs.get(digest), blobs.size(digest)
    ('9a129038', b'weights', 7)
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def add(self, data: bytes | BinaryIO | Path) -> str:
        """Store a content durably, unless it is there, and return its digest."""
        if isinstance(data, bytes):
            digest = hashlib.sha256(data).hexdigest()
            if not self.has(digest):
                self.store.put(blob_name(digest), data)
            return digest
        if isinstance(data, Path):
            with data.open("rb") as stream:
                return self._add_stream(stream)
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:  # a stream from the network can be read only once
            shutil.copyfileobj(data, spool, _CHUNK)
            spool.seek(0)
            return self._add_stream(cast(BinaryIO, spool))

    def store_chunks(self, data: bytes | Iterable[bytes] | Path) -> tuple[str, int]:
        """Store what comes in chunks, however much it is; its digest and size."""
        if isinstance(data, bytes):
            return self.add(data), len(data)
        if isinstance(data, Path):
            return self.add(data), data.stat().st_size
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
            for chunk in data:
                spool.write(chunk)
            size = spool.tell()
            spool.seek(0)
            return self._add_stream(cast(BinaryIO, spool)), size

    async def store_stream(self, chunks: AsyncIterator[bytes]) -> tuple[str, int]:
        """Store what comes in chunks from the event loop; its digest and size."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
            async for chunk in chunks:
                spool.write(chunk)
            size = spool.tell()
            spool.seek(0)
            return await asyncio.to_thread(self._add_stream, cast(BinaryIO, spool)), size

    def stream(self, digest: str) -> Iterator[bytes]:
        """The content in chunks; the last one is given out when the digest of all is right. CorruptError instead of it."""
        return _verified(self._found(digest).open(blob_name(digest)), digest)

    def get(self, digest: str) -> bytes:
        """The content; NotFoundError, or CorruptError if the stored bytes are others."""
        data = self._found(digest).get(blob_name(digest))
        if hashlib.sha256(data).hexdigest() != digest:
            raise _corrupt(digest)
        return data

    def open(self, digest: str) -> BinaryIO:
        """A stream of the content, all of it verified before the first byte is given out."""
        stream = self._found(digest).open(blob_name(digest))
        if _hash(stream) != digest:
            stream.close()
            raise _corrupt(digest)
        stream.seek(0)
        return stream

    def has(self, digest: str) -> bool:
        """Whether the content is stored."""
        return self.store.exists(blob_name(digest))

    def size(self, digest: str) -> int:
        """Bytes of the content."""
        with self._found(digest).open(blob_name(digest)) as stream:
            return stream.seek(0, 2)

    def path(self, digest: str) -> Path:
        """The verified file of a content, for libraries that want a path; only where the store is a local directory."""
        if not isinstance(self.store, LocalStore):
            raise UsageError("blobs of this store have no path", hint="use fetch() to copy the content into a file")
        self.open(digest).close()
        return self.store.path(blob_name(digest))

    def fetch(self, digest: str, to: Path) -> Path:
        """Copy the verified content into a file, durably."""
        with self.open(digest) as stream:
            durable.write(to, _chunks(stream))
        return to

    def _found(self, digest: str) -> Store:
        if not self.has(digest):
            raise NotFoundError(f"there is no blob {digest}", hint="it was never added here, or it was removed by retention")
        return self.store

    def _add_stream(self, stream: BinaryIO) -> str:
        digest = _hash(stream)
        if self.has(digest):
            return digest
        stream.seek(0)
        again = hashlib.sha256()
        self.store.put(blob_name(digest), _hashed(stream, again.update))
        if again.hexdigest() != digest:
            self.store.delete(blob_name(digest))
            raise ConflictError("the file changed while it was being added", hint="add it when its writer has finished")
        return digest


def blob_name(digest: str) -> str:
    """The name of a blob in its store; UsageError if this is no digest."""
    if not _DIGEST.fullmatch(digest):
        raise UsageError(f"{digest[:80]!r} is no digest", hint="a digest is 64 hexadecimal digits in lower case")
    return f"{digest[:2]}/{digest[2:]}"


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def _verified(stream: BinaryIO, digest: str) -> Iterator[bytes]:
    total, held = hashlib.sha256(), b""
    with stream:
        for chunk in _chunks(stream):
            total.update(chunk)
            if held:
                yield held
            held = chunk
    if total.hexdigest() != digest:
        raise _corrupt(digest)
    yield held


def _hashed(stream: BinaryIO, update: Callable[[bytes], None]) -> Iterator[bytes]:
    for chunk in _chunks(stream):
        update(chunk)
        yield chunk


def _hash(stream: BinaryIO) -> str:
    hasher = hashlib.sha256()
    for chunk in _chunks(stream):
        hasher.update(chunk)
    return hasher.hexdigest()


def _corrupt(digest: str) -> CorruptError:
    return CorruptError(f"blob {digest} does not contain what it was stored with", hint="restore it from a backup; it is not served")
