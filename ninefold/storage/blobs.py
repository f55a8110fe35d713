"""Contents addressed by their SHA-256: stored once, verified on every read."""

import hashlib
import os
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from ninefold.errors import ConflictError, CorruptError, NotFoundError, UsageError
from ninefold.storage import durable, incoming
from ninefold.storage.incoming import CHUNK, Incoming
from ninefold.storage.local import LocalStore
from ninefold.storage.store import Store

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
            return self.receive([data])[0]
        if isinstance(data, Path):
            with data.open("rb") as stream:
                before = _seen(stream.fileno())
                digest = self.receive(_chunks(stream))[0]
                if _seen(stream.fileno()) != before:
                    raise ConflictError("the file changed while it was being added", hint="add it when its writer has finished")
                return digest
        return self.receive(_chunks(data))[0]

    def receive(self, chunks: Iterable[bytes], *, expected: str | None = None) -> tuple[str, int]:
        """Store what comes in chunks, no more than a few of them in memory; its digest and size.

        DataError, and nothing is stored, where another digest was ``expected``.
        """
        with Incoming(self.store) as incoming:
            for chunk in chunks:
                incoming.write(chunk)
            return incoming.keep(expected)

    async def receive_stream(self, chunks: AsyncIterator[bytes], *, expected: str | None = None) -> tuple[str, int]:
        """Like ``receive``, from the event loop, which does not wait for the disk."""
        import asyncio  # where there is a loop it is loaded; a command that reads the ledger has none

        held, size, writing = list[bytes](), 0, set[asyncio.Task[None]]()

        async def written() -> None:
            while writing:  # to its end, whatever becomes of who waits: nobody closes a file that a thread is in
                await asyncio.wait(writing)
                writing.pop().result()

        with Incoming(self.store) as incoming:
            try:
                async for chunk in chunks:
                    held.append(chunk)
                    size += len(chunk)
                    if size >= CHUNK:
                        await written()
                        # hashed and written while the next block arrives
                        writing.add(asyncio.create_task(asyncio.to_thread(incoming.write, b"".join(held))))
                        held, size = [], 0
            finally:
                await written()
            return await asyncio.to_thread(_keep, incoming, held, expected)

    def stream(self, digest: str) -> Iterator[bytes]:
        """The content in chunks; the last one is given out when the digest of all is right. CorruptError instead of it."""
        return _verified(self._open(digest), digest)

    def get(self, digest: str) -> bytes:
        """The content; NotFoundError, or CorruptError if the stored bytes are others."""
        with self._open(digest) as stream:
            data = stream.read()
        if hashlib.sha256(data).hexdigest() != digest:
            raise damaged(digest)
        return data

    def open(self, digest: str) -> BinaryIO:
        """A stream of the content, all of it verified before the first byte is given out."""
        stream = self._open(digest)
        if _hash(stream) != digest:
            stream.close()
            raise damaged(digest)
        stream.seek(0)
        return stream

    def has(self, digest: str) -> bool:
        """Whether the content is stored."""
        return self.store.exists(blob_name(digest))

    def size(self, digest: str) -> int:
        """Bytes of the content."""
        with self._open(digest) as stream:
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

    def remove(self, digest: str, *, older: float) -> bool:
        """Remove a content that lies there unused for ``older`` seconds at least; whether it was removed."""
        age = self.store.age(blob_name(digest))
        if age is None or age < older:
            return False
        self.store.delete(blob_name(digest))
        return True

    def _open(self, digest: str) -> BinaryIO:
        try:
            return self.store.open(blob_name(digest))
        except NotFoundError:
            raise NotFoundError(f"there is no content {digest}", hint="it was never added here, or it was removed by retention") from None


def blob_name(digest: str) -> str:
    """The name of a blob in its store; UsageError if this is no digest."""
    if not _DIGEST.fullmatch(digest):
        raise UsageError(f"{digest[:80]!r} is no digest", hint="a digest is 64 hexadecimal digits in lower case")
    return incoming.blob_name(digest)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
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
        raise damaged(digest)
    yield held


def _keep(incoming: Incoming, held: Iterable[bytes], expected: str | None) -> tuple[str, int]:
    for chunk in held:
        incoming.write(chunk)
    return incoming.keep(expected)


def _seen(file: int) -> tuple[int, int]:
    status = os.fstat(file)
    return status.st_mtime_ns, status.st_size


def _hash(stream: BinaryIO) -> str:
    hasher = hashlib.sha256()
    for chunk in _chunks(stream):
        hasher.update(chunk)
    return hasher.hexdigest()


def damaged(digest: str) -> CorruptError:
    """The bytes that came back are not those that were stored."""
    return CorruptError(f"the content {digest} is not what was stored", hint="restore it from a backup; it is not served")
