"""Bytes by name: the contract of every backend, and the choice of one by its URL."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable
from urllib.parse import unquote, urlsplit

from ninefold.errors import UsageError
from ninefold.storage.local import LocalStore
from ninefold.storage.memory import MemoryStore


class Store(Protocol):
    """Named byte sequences. Names are relative paths with forward slashes; any other name is a DeniedError.

    A backend guarantees: ``put`` returns when the bytes survive a power cut; a reader sees an old value or a new one
    whole, never a mixture; threads may share one object. What it cannot write is a StoppedError.
    """

    def put(self, name: str, data: bytes | Iterable[bytes], *, create: bool = False) -> None:
        """Store under a name; ``create`` refuses to replace (ConflictError)."""
        ...

    def get(self, name: str) -> bytes:
        """All the bytes; NotFoundError if there is nothing of that name."""
        ...

    def open(self, name: str) -> BinaryIO:
        """A seekable stream of the bytes; NotFoundError."""
        ...

    def list(self, prefix: str = "") -> Iterator[str]:
        """The names that begin with ``prefix``, sorted."""
        ...

    def delete(self, name: str) -> None:
        """Forget a name; it is no error if it is not there."""
        ...

    def exists(self, name: str) -> bool:
        """Whether there is something of that name."""
        ...

    def age(self, name: str) -> float | None:
        """Seconds since it was put there (or made new again), None where there is nothing of that name."""
        ...


@runtime_checkable
class Addressed(Protocol):
    """A store whose contents others can read from itself."""

    def address(self, name: str, seconds: int) -> str:
        """A URL from which anybody may read the bytes, for so many seconds."""
        ...


def open_store(url: str | Path) -> Store:
    """The store at a URL: a path or ``file://`` (this machine), ``memory://name`` (this process), ``s3://bucket/prefix``.

    S3 is configured by the usual environment variables (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
    AWS_ENDPOINT_URL for servers other than Amazon's).

    >>> store = open_store("memory://docs"); store.put("a/b", b"1"); list(store.list())
    ['a/b']
    """
    parts = urlsplit(str(url))
    if parts.scheme == "s3":
        from ninefold.storage.s3 import S3Store  # obstore is an engine: loaded by those who use it

        return S3Store(parts.netloc, parts.path.strip("/"))
    if parts.scheme == "memory":
        return MemoryStore.named(parts.netloc + parts.path)
    if parts.scheme in ("", "file") and parts.netloc in ("", "localhost"):
        return LocalStore(Path(unquote(parts.path) if parts.scheme else str(url)))
    raise UsageError(f'"{url}" is no store', hint='write a path, "file:///path", "memory://name" or "s3://bucket/prefix"')
