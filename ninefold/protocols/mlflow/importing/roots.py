"""Files of a source, read only from where the caller of the import said. What an entry says of itself opens nothing.

An entry's root is a text that anybody may have written: ``file:///etc``, ``/data/../secrets``. It is used to find a folder below
one that was named, never to leave it. Symbolic links are not followed.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from ninefold.errors import DeniedError, NotFoundError, UsageError
from ninefold.protocols.mlflow.importing.source import FileSet, Skipped
from ninefold.storage.paths import checked, inside
from ninefold.storage.store import Store, open_store

_CHUNK = 1 << 20


class Roots:
    """The places that may be read: folders of this machine, and ``s3://bucket/prefix``. Nothing else is.

    >>> import tempfile; base = Path(tempfile.mkdtemp()).resolve(); (base / "1/r/artifacts").mkdir(parents=True)
    >>> _ = (base / "1/r/artifacts/a.txt").write_text("hi")
    >>> roots = Roots([str(base)])
    >>> [list(roots.files(uri, "1/r/artifacts").names()) for uri in (f"file://{base}/1/r/artifacts", "mlflow-artifacts:/1/r/artifacts", "file:///etc")]
    [['a.txt'], ['a.txt'], ['a.txt']]
    >>> roots.files("/etc", "7/r/artifacts"), roots.skipped[0].what
    (None, '/etc')
    """

    def __init__(self, named: Sequence[str]) -> None:
        self.skipped: list[Skipped] = []
        self._named = [_place(one) for one in named]
        self._lent: dict[str, Store] = {}

    def files(self, uri: str, layout: str) -> FileSet | None:
        """The files at ``uri``, or at ``layout`` below a named place (where every tracker puts them by default); None otherwise."""
        try:
            belows = [(place, _below(uri, place)) for place in self._named]
            for place, below in [*belows, *((place, layout) for place in self._named)]:
                found = None if below is None else self._at(place, below)
                if found is not None:
                    return found
            if not uri or any(below is not None for _, below in belows):
                return NoFiles()  # it may be read, and there is nothing: the run logged no file
        except DeniedError as error:
            self.skipped.append(Skipped(uri, error.message))
            return None
        self.skipped.append(Skipped(uri, "it lies outside of the places that may be read"))
        return None

    def _at(self, place: str, below: str) -> FileSet | None:
        if not place.startswith("s3://"):
            folder = inside(Path(place), below) if below else Path(place)
            return LocalFiles(folder, self.skipped) if folder.is_dir() else None
        found = StoreFiles(self._lent.setdefault(place, open_store(place)), checked(below))
        return found if next(found.names(), None) is not None else None


class NoFiles:
    """No file at all."""

    def names(self) -> Iterator[str]:
        """None."""
        return iter(())

    def read(self, name: str) -> Iterator[bytes]:
        """There is none to read."""
        raise NotFoundError(f"there is no file {name}", hint="list them")


class LocalFiles:
    """Regular files below a folder."""

    def __init__(self, folder: Path, skipped: list[Skipped]) -> None:
        self._folder, self._skipped = folder, skipped

    def names(self) -> Iterator[str]:
        """Paths of the files; what is neither a file nor a folder is told as skipped."""
        for where, folders, files in os.walk(self._folder, followlinks=False):
            folders.sort()
            for name in sorted(files) + [name for name in folders if Path(where, name).is_symlink()]:
                path = Path(where, name)
                if stat.S_ISREG(path.lstat().st_mode):
                    yield path.relative_to(self._folder).as_posix()
                else:
                    self._skipped.append(Skipped(str(path), "links and devices are not followed"))

    def read(self, name: str) -> Iterator[bytes]:
        """The content of a file."""
        try:
            fd = os.open(inside(self._folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            raise NotFoundError(f"the file {name} is gone", where=str(self._folder), hint="import when nobody changes the source") from None
        with os.fdopen(fd, "rb") as stream:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise DeniedError(f"{name} is no regular file", where=str(self._folder), hint="it changed while it was read")
            while chunk := stream.read(_CHUNK):
                yield chunk


class StoreFiles:
    """Objects below a prefix of a bucket."""

    def __init__(self, store: Store, folder: str) -> None:
        self._store, self._folder = store, folder

    def names(self) -> Iterator[str]:
        """Paths of the objects."""
        return (name[len(self._folder) + 1 :] for name in self._store.list(f"{self._folder}/"))

    def read(self, name: str) -> Iterator[bytes]:
        """The content of an object."""
        with self._store.open(f"{self._folder}/{name}") as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk


def _place(named: str) -> str:
    """A named place: an absolute folder, resolved, or the URL of a bucket."""
    parts = urlsplit(named)
    if parts.scheme == "s3":
        return named.rstrip("/")
    if parts.scheme not in ("", "file"):
        raise UsageError(f'artifacts cannot be read from "{named}"', hint="name a folder, or s3://bucket/prefix; or import from a running server")
    folder = Path(unquote(parts.path) if parts.scheme else named)
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}", hint="name the one below which the artifacts lie: --artifacts DIR")
    return str(folder.resolve())


def _below(uri: str, place: str) -> str | None:
    """The part of ``uri`` that lies below ``place``; None where it does not.

    >>> _below("file:///data/1/r", "/data"), _below("/data/../etc", "/data"), _below("s3://b/x/1", "s3://b/x"), _below("s3://c/1", "/data")
    ('1/r', '../etc', '1', None)
    """
    parts = urlsplit(uri)
    if parts.scheme == "mlflow-artifacts":  # kept by a server in its own place, which is the one that was named
        return parts.path.strip("/")
    if place.startswith("s3://"):
        plain = uri.replace("s3a://", "s3://", 1)
        return plain[len(place) + 1 :].strip("/") if plain.startswith(f"{place}/") else None
    if parts.scheme not in ("", "file") or parts.netloc not in ("", "localhost"):
        return None
    path = PurePosixPath(unquote(parts.path) if parts.scheme else uri)
    return path.relative_to(place).as_posix() if path.is_relative_to(place) else None
