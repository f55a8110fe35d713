"""Large files that come in parts, in any order, some of them again; whole when all are there.

A part is kept under its digest in a place of its own, and the upload says which parts it has: an upload that was interrupted
goes on where it was, also after a restart. Who may send a part shows a signature that was given out when the upload began.
"""

import asyncio
import hmac
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from ninefold import clock, ids
from ninefold.errors import ConflictError, DeniedError, NotFoundError, UsageError
from ninefold.ledger import Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs.artifacts import File, Files, checked
from ninefold.storage.below import unfinished
from ninefold.storage.blobs import Blobs

MOST = 10_000  # parts of one upload
LONGEST = 24 * 3600  # seconds in which an address may be used
_KEPT = LONGEST * 1_000_000  # µs: an upload that is older has been given up
_WHOLE = 0  # the number of what comes in one piece
_SQL = Statements(Path(__file__).with_name("parts.sql"))


class Begun(NamedTuple):
    """An upload: its id, and a signature for each of its parts, the first one's first."""

    id: str
    signatures: list[str]


class _Upload(msgspec.Struct):
    secret: str
    count: int
    parts: dict[str, str] = {}
    done: str = ""
    until: int = 0


class Parts:
    """Uploads in parts, of one project's files.

    >>> import tempfile; from ninefold.ledger import Ledger; from ninefold.storage.memory import MemoryStore; folder = Path(tempfile.mkdtemp())
    >>> ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder)
    >>> parts = Parts(Files(ledger, Blobs(MemoryStore()), "flights"))
    >>> begun = parts.begin("1/r/artifacts/large", 2)
    >>> digests = [parts.take(begun.id, n, begun.signatures[n - 1], [text]) for n, text in ((2, b"b"), (1, b"a"))]
    >>> parts.finish(begun.id, "1/r/artifacts/large", [(1, digests[1]), (2, digests[0])]).size
    2
    """

    def __init__(self, files: Files) -> None:
        self.files, self.ledger = files, files.ledger

    def begin(self, path: str, count: int) -> Begun:
        """A new upload of ``count`` parts for ``path``."""
        checked(path)
        if not 0 < count <= MOST:
            raise UsageError(f"an upload of {count} parts was asked for", hint=f"from 1 to {MOST:,} parts")
        self.clear()
        id, upload = ids.new_id(), _Upload(secrets.token_hex(32), count)
        row = {"id": id, "project": self.files.project, "path": path, "created": clock.now(), "body": _encode(upload)}
        self.ledger.write(lambda tx: tx.add("uploads", [row]))
        return Begun(id, [_signature(upload, id, number) for number in range(1, count + 1)])

    def address(self, path: str, seconds: int) -> Begun:
        """An upload in one piece: whoever has its signature may write ``path``, also again, for so many seconds."""
        checked(path)
        if not 0 < seconds <= LONGEST:
            raise UsageError(f"an address for {seconds} seconds was asked for", hint=f"from 1 to {LONGEST:,} seconds", where="expiration")
        self.clear()
        id, upload = ids.new_id(), _Upload(secrets.token_hex(32), 0, until=clock.now() + seconds * 1_000_000)
        row = {"id": id, "project": self.files.project, "path": path, "created": clock.now(), "body": _encode(upload)}
        self.ledger.write(lambda tx: tx.add("uploads", [row]))
        return Begun(id, [_signature(upload, id, _WHOLE)])

    async def take_whole(self, id: str, signature: str, chunks: AsyncIterator[bytes]) -> File:
        """Keeps the file of an address, on disk when it returns. DeniedError where the address is none, or no longer."""
        row = await asyncio.to_thread(self.ledger.one, _SQL["find"], id)
        upload = None if row is None else _decode(row["body"])
        valid = upload is not None and clock.now() < upload.until
        if row is None or upload is None or not valid or not hmac.compare_digest(_signature(upload, id, _WHOLE).encode(), signature.encode()):
            raise DeniedError("the address of this file is not valid, or no longer", hint="ask for another one")
        return await Files(self.ledger, self.files.blobs, row["project"]).put_stream(row["path"], chunks)

    def take(self, id: str, number: int, signature: str, chunks: Iterable[bytes]) -> str:
        """Keeps a part, on disk when it returns; its digest. DeniedError where the signature is not of this part."""
        self._permitted(id, number, signature)
        digest = self._place(id).receive(chunks)[0]
        self.ledger.write(lambda tx: _note(tx, id, number, digest))
        return digest

    async def take_stream(self, id: str, number: int, signature: str, chunks: AsyncIterator[bytes]) -> str:
        """Like ``take``, from a stream of the event loop."""
        await asyncio.to_thread(self._permitted, id, number, signature)
        digest, _ = await self._place(id).receive_stream(chunks)
        await self.ledger.awaited(lambda tx: _note(tx, id, number, digest))
        return digest

    def finish(self, id: str, path: str, parts: Sequence[tuple[int, str]]) -> File:
        """Puts the parts together in the order of their numbers. The same again gives the same.

        ConflictError where a part is missing, or is another one than was sent.
        """
        upload = self._find(id, path)
        if upload.done and (file := self.files.find(path)) is not None:
            return file
        named = {number: digest.strip('"') for number, digest in parts}
        if not named or sorted(named) != list(range(1, len(named) + 1)):
            raise UsageError("the parts of the upload have gaps", hint="name every part once, from 1 on")
        for number, digest in named.items():
            if upload.parts.get(str(number)) != digest:
                raise ConflictError(f"part {number} is not here as it was sent", hint="send it again")
        file = self.files.put(path, self._whole(id, [named[number] for number in sorted(named)]))
        upload.done = file.digest
        self.ledger.write(lambda tx: tx.execute(_SQL["change"], _encode(upload), id))
        self._remove(id)
        return file

    def abort(self, id: str, path: str) -> None:
        """Gives an upload up. It is no error to do it twice."""
        row = self.ledger.one(_SQL["find"], id)
        if row is not None and (row["project"], row["path"]) == (self.files.project, path):
            self.ledger.write(lambda tx: tx.execute(_SQL["drop"], id))
            self._remove(id)

    def clear(self) -> None:
        """Lets go of uploads that nobody has gone on with for a day."""
        old = [row["id"] for row in self.ledger.all(_SQL["old"], clock.now() - _KEPT)]
        for id in old:
            self._remove(id)
        if old:
            self.ledger.write(lambda tx: tx.many(_SQL["drop"], [(id,) for id in old]))

    def _whole(self, id: str, digests: Sequence[str]) -> Iterator[bytes]:
        place = self._place(id)
        for digest in digests:
            yield from place.stream(digest)

    def _place(self, id: str) -> Blobs:
        return Blobs(unfinished(self.files.blobs.store, id))

    def _remove(self, id: str) -> None:
        place = unfinished(self.files.blobs.store, id)
        for name in list(place.list()):
            place.delete(name)

    def _find(self, id: str, path: str) -> _Upload:
        row = self.ledger.one(_SQL["find"], id)
        if row is None or (row["project"], row["path"]) != (self.files.project, path):
            raise NotFoundError(f"there is no upload {id[:80]!r} of that file", hint="begin it again")
        return _decode(row["body"])

    def _permitted(self, id: str, number: int, signature: str) -> None:
        row = self.ledger.one(_SQL["find"], id)
        upload = None if row is None else _decode(row["body"])
        known = upload is not None and not upload.done and 0 < number <= upload.count
        if upload is None or not known or not hmac.compare_digest(_signature(upload, id, number).encode(), signature.encode()):
            raise DeniedError("the address of this part is not valid, or no longer", hint="begin the upload again")


def _note(tx: Tx, id: str, number: int, digest: str) -> None:
    tx.lock(f"upload {id}")
    row = tx.one(_SQL["find"], id)
    if row is None:
        raise NotFoundError("the upload was given up meanwhile", hint="begin it again")
    upload = _decode(row["body"])
    upload.parts[str(number)] = digest
    tx.execute(_SQL["change"], _encode(upload), id)


def _signature(upload: _Upload, id: str, number: int) -> str:
    return hmac.digest(upload.secret.encode(), f"{id}/{number}".encode(), "sha256").hex()


def _encode(upload: _Upload) -> str:
    return msgspec.json.encode(upload).decode()


def _decode(body: str) -> _Upload:
    return msgspec.json.decode(body, type=_Upload)
