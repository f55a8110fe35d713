"""Files by path: their contents are named by what is in them; a path says which."""

from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import msgspec

from ninefold import clock
from ninefold.errors import ConflictError, NotFoundError, UsageError
from ninefold.ledger import Ledger, Row, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs.contents import Content, Contents, keep, loosen
from ninefold.runs.experiments import ROOT
from ninefold.runs.run import Run
from ninefold.storage.blobs import Blobs

_SQL = Statements(Path(__file__).with_name("artifacts.sql"))
_END = "\U0010ffff"  # above every character of a path
_PAGE = 1000
_LONGEST = 1024
_CHUNK = 1 << 20


class File(msgspec.Struct, frozen=True):
    """A file: the SHA-256 of its content, its bytes, and when it was put there (microseconds UTC)."""

    path: str
    digest: str
    size: int
    at: int


class Entry(msgspec.Struct, frozen=True):
    """A file, or a folder, of one level."""

    path: str
    is_dir: bool
    size: int | None = None
    digest: str | None = None


class Files:
    """The files of one project, at paths like ``1/<run>/artifacts/plots/roc.svg``.

    >>> import tempfile; from ninefold.storage.memory import MemoryStore; folder = Path(tempfile.mkdtemp())
    >>> ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder)
    >>> files = Files(ledger, Blobs(MemoryStore()), "flights")
    >>> files.put("1/r/artifacts/plots/roc.svg", [b"<svg/>"]).size, [e.path for e in files.list("1/r/artifacts")]
    (6, ['1/r/artifacts/plots'])
    >>> b"".join(files.open("1/r/artifacts/plots/roc.svg")), files.delete("1/r")
    (b'<svg/>', 1)
    """

    def __init__(self, ledger: Ledger, blobs: Blobs, project: str) -> None:
        self.ledger, self.blobs, self.project = ledger, blobs, project
        self.contents = Contents(ledger, blobs)

    def put(self, path: str, data: bytes | Iterable[bytes] | Path, *, digest: str | None = None) -> File:
        """Stores a file; the same path again replaces it. On disk when it returns.

        DataError where ``digest`` is given and the bytes have another one, ConflictError where the path is a folder or
        leads through a file.
        """
        checked(path)
        content = self.contents.receive(_chunks(data), expected=digest)
        return self.ledger.write(lambda tx: self._named(tx, path, content))

    async def put_stream(self, path: str, chunks: AsyncIterator[bytes], *, digest: str | None = None) -> File:
        """Like ``put``, from a stream of the event loop; no more than a few MiB of it are in memory."""
        checked(path)
        content = await self.contents.receive_stream(chunks, expected=digest)
        return await self.ledger.awaited(lambda tx: self._named(tx, path, content))

    def _named(self, tx: Tx, path: str, content: Content) -> File:
        file = File(path, content.digest, content.size, clock.now())
        name_file(tx, self.project, file)
        keep(tx, content)
        return file

    def find(self, path: str) -> File | None:
        """The file at a path, or None."""
        row = self.ledger.one(_SQL["find"], self.project, checked(path))
        return None if row is None else _file(row)

    def list(self, prefix: str = "") -> list[Entry]:
        """Files and folders directly in a folder, by path; nothing where there is no such folder."""
        begins = f"{checked(prefix)}/" if prefix else ""
        entries: list[Entry] = []
        after = begins
        while True:
            rows = self.ledger.all(_SQL["below"], self.project, after, begins + _END, _PAGE)
            for row in rows:
                head, inside, _ = row["path"][len(begins) :].partition("/")
                if not inside:
                    entries.append(Entry(row["path"], False, row["size"], row["digest"]))
                elif not entries or entries[-1].path != begins + head:
                    entries.append(Entry(begins + head, True))
            if len(rows) < _PAGE:
                return sorted(entries, key=lambda entry: entry.path)
            last = entries[-1]
            # go on behind the whole folder ("0" is the character after "/"), or the file (no path has a control character)
            after = f"{last.path}0" if last.is_dir else f"{last.path}\x01"

    def all(self, prefix: str) -> Iterator[File]:
        """Every file below a folder, by path."""
        begins = f"{checked(prefix)}/"
        after = begins
        while True:
            rows = self.ledger.all(_SQL["below"], self.project, after, begins + _END, _PAGE)
            yield from map(_file, rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1]["path"] + "\x01"

    def open(self, path: str) -> Iterator[bytes]:
        """The content in chunks; CorruptError before the last one where the disk gave back other bytes. NotFoundError at once."""
        file = self.find(path)
        if file is None:
            raise missing_file(path)
        return self.contents.stream(file.digest, file.size)

    def read(self, path: str) -> bytes:
        """All of the content, verified."""
        return b"".join(self.open(path))

    def delete(self, path: str) -> int:
        """Takes away a file, or a folder with all in it; how many files. Their bytes go with ``ninefold runs gc``."""
        begins = f"{checked(path)}/"

        def drop(tx: Tx) -> int:
            tx.execute(_SQL["loosen"], self.project, path, begins, begins + _END)
            return tx.execute(_SQL["drop"], self.project, path) + tx.execute(_SQL["drop_below"], self.project, begins, begins + _END)

        return self.ledger.write(drop)


def name_file(tx: Tx, project: str, file: File) -> None:
    """Puts a stored content at its path. ConflictError where a folder is there, or a file where a folder must be."""
    parts = file.path.split("/")
    along = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    found = tx.one(_SQL["among"].replace("$in", ", ".join("?" * len(along))), project, *along)
    if found is not None and found["path"] != file.path:
        said = f'"{found["path"]}" is a file, so nothing lies below it'
        raise ConflictError(said, where=file.path, hint="choose another path, or delete the file")
    if tx.one(_SQL["below"], project, f"{file.path}/", f"{file.path}/{_END}", 1) is not None:
        raise ConflictError(f'"{file.path}" is a folder', hint="choose another path, or delete the folder")
    if found is not None and found["digest"] != file.digest:
        loosen(tx, {found["digest"]: found["size"]})
    tx.execute(_SQL["set"], project, file.path, file.digest, file.size, file.at)


def checked(path: str) -> str:
    """The path of a file as it is kept; UsageError for one that could leave its folder."""
    parts = path.split("/")
    unsafe = "\\" in path or any(ord(c) < 32 or ord(c) == 127 for c in path) or any(part in {"", ".", ".."} for part in parts)
    if unsafe or len(path) > _LONGEST:
        hint = f"folders and a name with / between them, without .. or \\, at most {_LONGEST} characters: plots/roc.svg"
        raise UsageError(f"the path of a file is {path[:100]!r}", hint=hint)
    return path


def folder_of(run: Run) -> str | None:
    """Where the files of a run lie, None where somebody else keeps them."""
    return run.root[len(ROOT) :].strip("/") if run.root.startswith(ROOT) else None


def missing_file(path: str) -> NotFoundError:
    """There is no such file."""
    return NotFoundError(f'there is no file "{path[:200]}"', hint="list the folder")


def _chunks(data: bytes | Iterable[bytes] | Path) -> Iterable[bytes]:
    if isinstance(data, bytes):
        return [data]
    return _read(data) if isinstance(data, Path) else data


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _file(row: Row) -> File:
    return File(row["path"], row["digest"], row["size"], row["at"])
