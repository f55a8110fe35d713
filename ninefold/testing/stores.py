"""What every store must do. A backend's test module subclasses this and supplies the fixture ``store``.

from ninefold.testing.stores import StoreContract

class TestMyStore(StoreContract):
@pytest.fixture
def store(self): return MyStore(...)
"""

import threading

import pytest

from ninefold.errors import ConflictError, CorruptError, DeniedError, NotFoundError
from ninefold.storage import Blobs, Store
from ninefold.storage.blobs import blob_name

OUTSIDE = ["../x", "a/../../x", "/etc/passwd", "a//b", "", ".", "a/./b", "a\\b", "a\x00b", "c:/x", "a\nb"]


class StoreContract:
    """The contract of ``ninefold.storage.Store``; ``store`` is a fixture that gives an empty one."""

    def test_what_is_put_comes_back(self, store: Store) -> None:
        store.put("a/b.bin", b"\x00\xff")
        assert store.get("a/b.bin") == b"\x00\xff"

    def test_a_second_put_replaces_the_first(self, store: Store) -> None:
        store.put("a", b"long value")
        store.put("a", b"new")
        assert store.get("a") == b"new"

    def test_chunks_are_joined(self, store: Store) -> None:
        store.put("a", iter([b"1", b"", b"23"]))
        assert store.get("a") == b"123"

    def test_nothing_may_be_stored(self, store: Store) -> None:
        store.put("empty", b"")
        assert store.get("empty") == b""
        assert store.exists("empty")

    def test_create_refuses_to_replace(self, store: Store) -> None:
        store.put("a", b"first", create=True)
        with pytest.raises(ConflictError, match="is there already"):
            store.put("a", b"second", create=True)
        assert store.get("a") == b"first"

    def test_of_many_creators_one_wins(self, store: Store) -> None:
        won: list[int] = []

        def create(n: int) -> None:
            try:
                store.put("one", b"%d" % n, create=True)
            except ConflictError:
                return
            won.append(n)

        threads = [threading.Thread(target=create, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [b"%d" % n for n in won] == [store.get("one")]

    def test_a_stream_can_be_read_in_parts_and_again(self, store: Store) -> None:
        store.put("a", b"0123456789")
        with store.open("a") as stream:
            assert (stream.read(4), stream.read()) == (b"0123", b"456789")
            stream.seek(8)
            assert stream.read() == b"89"

    @pytest.mark.parametrize("call", ["get", "open"])
    def test_a_missing_name_is_said(self, store: Store, call: str) -> None:
        with pytest.raises(NotFoundError, match='no "a/b"'):
            getattr(store, call)("a/b")
        assert not store.exists("a/b")

    def test_names_are_listed_by_prefix_and_sorted(self, store: Store) -> None:
        for name in ("b", "a/2", "a/1", "ab/1", "a/c/d"):
            store.put(name, b"")
        assert list(store.list()) == ["a/1", "a/2", "a/c/d", "ab/1", "b"]
        assert list(store.list("a/")) == ["a/1", "a/2", "a/c/d"]
        assert list(store.list("a")) == ["a/1", "a/2", "a/c/d", "ab/1"]
        assert list(store.list("none/")) == []

    def test_what_is_deleted_is_gone_and_may_be_deleted_again(self, store: Store) -> None:
        store.put("a", b"1")
        store.delete("a")
        store.delete("a")
        assert not store.exists("a")
        assert list(store.list()) == []

    @pytest.mark.parametrize("name", OUTSIDE)
    @pytest.mark.parametrize("call", ["get", "open", "exists", "delete"])
    def test_names_outside_are_refused(self, store: Store, name: str, call: str) -> None:
        with pytest.raises(DeniedError):
            getattr(store, call)(name)

    @pytest.mark.parametrize("name", OUTSIDE)
    def test_nothing_is_put_outside(self, store: Store, name: str) -> None:
        with pytest.raises(DeniedError):
            store.put(name, b"")

    def test_percent_signs_are_part_of_a_name(self, store: Store) -> None:
        store.put("a%2Fb %2e", b"1")
        assert list(store.list()) == ["a%2Fb %2e"]
        assert store.get("a%2Fb %2e") == b"1"

    def test_names_may_have_any_letters(self, store: Store) -> None:
        store.put("città/表.bin", b"1")
        assert list(store.list("città/")) == ["città/表.bin"]

    def test_a_changed_blob_is_not_served(self, store: Store) -> None:
        blobs = Blobs(store)
        digest = blobs.add(b"weights")
        assert blobs.get(digest) == b"weights"
        store.put(blob_name(digest), b"weight!")
        with pytest.raises(CorruptError, match=digest):
            blobs.get(digest)
        with pytest.raises(CorruptError, match=digest):
            blobs.open(digest)
