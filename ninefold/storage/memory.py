"""A store in the memory of this process: for tests and for what need not last."""

import io
import threading
import time
from collections.abc import Iterable, Iterator
from typing import BinaryIO, ClassVar

from ninefold.errors import ConflictError, NotFoundError
from ninefold.storage.paths import checked


class MemoryStore:
    """A dictionary with the manners of a store. It keeps every promise but the one about power cuts.

    >>> store = MemoryStore(); store.put("a", [b"1", b"2"]); store.get("a")
    b'12'
    """

    _named: ClassVar[dict[str, "MemoryStore"]] = {}

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}
        self._put: dict[str, float] = {}
        self._lock = threading.Lock()

    @classmethod
    def named(cls, name: str) -> "MemoryStore":
        """The store of that name in this process, made on first use."""
        return cls._named.setdefault(name, cls())

    def put(self, name: str, data: bytes | Iterable[bytes], *, create: bool = False) -> None:
        value = bytes(data) if isinstance(data, bytes | bytearray | memoryview) else b"".join(data)
        with self._lock:
            if create and checked(name) in self._values:
                raise ConflictError(f'"{name}" is there already', hint="it is written once and never replaced")
            self._values[checked(name)] = value
            self._put[name] = time.monotonic()

    def get(self, name: str) -> bytes:
        try:
            return self._values[checked(name)]
        except KeyError:
            raise NotFoundError(f'there is no "{name}" in memory', hint="list the store to see what there is") from None

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self.get(name))

    def list(self, prefix: str = "") -> Iterator[str]:
        return iter(sorted(name for name in list(self._values) if name.startswith(prefix)))

    def delete(self, name: str) -> None:
        self._values.pop(checked(name), None)
        self._put.pop(name, None)

    def age(self, name: str) -> float | None:
        put = self._put.get(checked(name))
        return None if put is None else time.monotonic() - put

    def exists(self, name: str) -> bool:
        return checked(name) in self._values
