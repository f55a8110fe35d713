"""A folder of a store, as a store of its own: for what is unfinished, and goes with it."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from ninefold.storage.local import UNFINISHED, LocalStore
from ninefold.storage.store import Store


class Below:
    """Names below a folder of any store.

    >>> from ninefold.storage.memory import MemoryStore
    >>> whole = MemoryStore(); part = Below(whole, "a"); part.put("b", b"1")
    >>> list(whole.list()), list(part.list())
    (['a/b'], ['b'])
    """

    def __init__(self, store: Store, folder: str) -> None:
        self._store, self._folder = store, f"{folder}/"

    def put(self, name: str, data: bytes | Iterable[bytes], *, create: bool = False) -> None:
        self._store.put(self._folder + name, data, create=create)

    def get(self, name: str) -> bytes:
        return self._store.get(self._folder + name)

    def open(self, name: str) -> BinaryIO:
        return self._store.open(self._folder + name)

    def list(self, prefix: str = "") -> Iterator[str]:
        return (name[len(self._folder) :] for name in self._store.list(self._folder + prefix))

    def delete(self, name: str) -> None:
        self._store.delete(self._folder + name)

    def exists(self, name: str) -> bool:
        return self._store.exists(self._folder + name)

    def age(self, name: str) -> float | None:
        return self._store.age(self._folder + name)


def unfinished(store: Store, name: str) -> Store:
    """The place in a store for the parts of something that is not whole yet; nobody else looks there."""
    if isinstance(store, LocalStore):  # on the same disk, where a file gets its name by a rename
        return LocalStore(store.root / UNFINISHED / name)
    return Below(store, f"{UNFINISHED}/{name}")
