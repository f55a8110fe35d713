"""What is in files: the bytes of small ones lie in the ledger, stored by the transaction that names them; larger ones are blobs.

A small file of its own costs a folder entry and two flushes of the disk, which take far longer than its bytes; in the
ledger all of a group of writes share one.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from ninefold.ledger import Ledger, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.storage.blobs import Blobs, damaged
from ninefold.storage.incoming import agreed

_SQL = Statements(Path(__file__).with_name("contents.sql"))
SMALL = 16 << 10  # bytes: what describes a model or a run; pictures and data would make the ledger, and each backup, large


class Content(NamedTuple):
    """What came: the SHA-256, how many bytes, and these where they are few: ``keep`` stores them. More of them are on disk already."""

    digest: str
    size: int
    data: bytes | None = None


class Contents:
    """Contents by their digest.

    >>> import tempfile; from ninefold.storage.memory import MemoryStore; folder = Path(tempfile.mkdtemp())
    >>> ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder)
    >>> contents = Contents(ledger, Blobs(MemoryStore())); content = contents.receive([b"few", b" bytes"])
    >>> ledger.write(lambda tx: keep(tx, content))
    >>> b"".join(contents.stream(content.digest, content.size)), contents.blobs.has(content.digest)
    (b'few bytes', False)
    """

    def __init__(self, ledger: Ledger, blobs: Blobs) -> None:
        self.ledger, self.blobs = ledger, blobs

    def receive(self, chunks: Iterable[bytes], *, expected: str | None = None) -> Content:
        """Takes what comes in chunks. DataError where another digest was ``expected``."""
        head, rest = [], iter(chunks)
        size = 0
        for chunk in rest:
            head.append(chunk)
            size += len(chunk)
            if size > SMALL:
                return Content(*self.blobs.receive(chain(head, rest), expected=expected))
        return _small(head, expected)

    async def receive_stream(self, chunks: AsyncIterator[bytes], *, expected: str | None = None) -> Content:
        """Like ``receive``, from the event loop."""
        head = list[bytes]()
        size = 0
        async for chunk in chunks:
            head.append(chunk)
            size += len(chunk)
            if size > SMALL:
                return Content(*await self.blobs.receive_stream(_after(head, chunks), expected=expected))
        return _small(head, expected)

    def stream(self, digest: str, size: int) -> Iterator[bytes]:
        """The content in chunks, verified before the last one. NotFoundError at once, CorruptError."""
        data = self._kept(digest, size)
        return self.blobs.stream(digest) if data is None else iter((data,))

    def stored(self, digest: str, size: int) -> None:
        """Sees to it that the content is a blob too, for whoever reads the store itself."""
        data = self._kept(digest, size)
        if data is not None:
            self.blobs.add(data)

    def _kept(self, digest: str, size: int) -> bytes | None:
        row = self.ledger.one(_SQL["data"], digest) if size <= SMALL else None
        if row is None:
            return None
        data = bytes(row["data"])
        if hashlib.sha256(data).hexdigest() != digest:
            raise damaged(digest)
        return data


def keep(tx: Tx, content: Content) -> None:
    """Stores the bytes of a small content in the transaction that names it."""
    if content.data is not None:
        tx.execute(_SQL["keep"], content.digest, content.data)


def settle(tx: Tx) -> None:
    """Before contents are removed: whoever stored or found one to name it has named it, and others wait until this transaction ends."""
    tx.lock_table("contents")


def drop(tx: Tx, digest: str) -> bool:
    """Removes a content from the ledger; whether it was there. Only after ``settle``, where nothing names it."""
    return tx.execute(_SQL["drop"], digest) > 0


def loosen(tx: Tx, digests: Mapping[str, int]) -> None:
    """Notes contents with their sizes whose name is taken away, so that they are removed where no other name is left."""
    tx.many(_SQL["loosen"], list(digests.items()))


def forget(tx: Tx, digest: str) -> None:
    """Takes the note of a content back, which is gone."""
    tx.execute(_SQL["forget"], digest)


def _small(chunks: Iterable[bytes], expected: str | None) -> Content:
    data = b"".join(chunks)
    return Content(agreed(hashlib.sha256(data).hexdigest(), expected), len(data), data)


async def _after(head: Iterable[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for chunk in head:
        yield chunk
    async for chunk in rest:
        yield chunk
