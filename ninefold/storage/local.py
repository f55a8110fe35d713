"""A store in a directory of this machine."""

import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ninefold.errors import DeniedError, NotFoundError
from ninefold.storage import durable
from ninefold.storage.paths import checked, inside

UNFINISHED = ".unfinished"


class LocalStore:
    """Files below ``root``, written durably; symbolic links are never followed.

    >>> import tempfile; store = LocalStore(Path(tempfile.mkdtemp()))
    >>> store.put("a/b", b"1"); store.get("a/b"), list(store.list("a"))
    (b'1', ['a/b'])
    """

    def __init__(self, root: Path) -> None:
        # resolved once: the root itself may be behind a link (/tmp on macOS), nothing below it may
        self.root = Path(root).resolve()

    def path(self, name: str) -> Path:
        """Where a name lies; DeniedError if that is outside the root."""
        return inside(self.root, name)

    def put(self, name: str, data: bytes | Iterable[bytes], *, create: bool = False) -> None:
        path = self.path(name)
        if path.name.endswith(durable.TEMPORARY):
            raise DeniedError(f'"{name}" ends in "{durable.TEMPORARY}"', hint="that ending marks unfinished files; choose another one")
        durable.write(path, data, create=create)

    def get(self, name: str) -> bytes:
        with self.open(name) as stream:
            return stream.read()

    def open(self, name: str) -> BinaryIO:
        try:
            return os.fdopen(os.open(self.path(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise _missing(name, self.root) from None

    def list(self, prefix: str = "") -> Iterator[str]:
        # walk only the directory that the prefix names, not the whole store
        start = inside(self.root, checked(prefix.rpartition("/")[0])) if "/" in prefix.rstrip("/") else self.root
        yield from (name for name in sorted(_walk(start, self.root)) if name.startswith(prefix))

    def delete(self, name: str) -> None:
        durable.remove(self.path(name))

    def exists(self, name: str) -> bool:
        return self.path(name).is_file()

    def age(self, name: str) -> float | None:
        try:
            return max(0.0, time.time() - os.stat(self.path(name)).st_mtime)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def touch(self, name: str) -> None:
        """Make it new again, if it is there."""
        with suppress(FileNotFoundError):
            os.utime(self.path(name))

    def unfinished(self) -> Path:
        """A path, on the same disk, for a file that is given its name when it is whole. Nobody else sees it."""
        durable.make_folder(self.root / UNFINISHED)
        return self.root / UNFINISHED / f"{secrets.token_hex(16)}{durable.TEMPORARY}"

    def sweep(self, *, older: float) -> int:
        """Remove unfinished files that nobody wrote to for ``older`` seconds: their processes were killed. How many."""
        swept = 0
        for path in (self.root / UNFINISHED).glob(f"*{durable.TEMPORARY}"):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime >= older:
                    path.unlink()
                    swept += 1
        return swept


def _walk(folder: Path, root: Path) -> Iterator[str]:
    for where, folders, files in os.walk(folder, followlinks=False):
        folders.sort()
        for file in files:
            path = Path(where, file)
            if not file.endswith(durable.TEMPORARY) and not path.is_symlink():
                yield path.relative_to(root).as_posix()


def _missing(name: str, root: Path) -> NotFoundError:
    return NotFoundError(f'there is no "{name}" in {root}', hint="list the store to see what there is")
