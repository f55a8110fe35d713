import os
from pathlib import Path

import pytest

from ninefold.errors import DeniedError, StoppedError, UsageError
from ninefold.storage import Store, open_store
from ninefold.storage.local import LocalStore
from ninefold.storage.memory import MemoryStore
from ninefold.testing.stores import StoreContract


class TestLocalStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return open_store(tmp_path / "store")


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()


class TestS3Store(StoreContract):
    @pytest.fixture
    def store(self, bucket: str) -> Store:
        return open_store(f"{bucket}/some/prefix")


def test_large_values_go_to_s3_in_parts(bucket: str) -> None:
    store = open_store(bucket)
    store.put("large", (b"%07d\n" % n * 125_000 for n in range(12)))
    assert len(store.get("large")) == 12_000_000
    with store.open("large") as stream:
        assert stream.read(8) == b"0000000\n"


def test_an_unreachable_s3_says_what_to_check(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(f"{bucket}-missing")
    with pytest.raises(StoppedError, match="was not written"):
        store.put("a", b"")
    with pytest.raises(StoppedError, match="was not listed"):
        list(store.list())


def test_links_below_the_root_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"s")
    store = LocalStore(tmp_path / "root")
    store.put("a", b"1")
    os.symlink(tmp_path / "secret", tmp_path / "root" / "link")
    os.symlink(tmp_path, tmp_path / "root" / "up")
    for name in ("link", "up/secret"):
        with pytest.raises(DeniedError, match="symbolic link"):
            store.get(name)
        with pytest.raises(DeniedError, match="symbolic link"):
            store.put(name, b"")
    assert list(store.list()) == ["a"]


def test_unfinished_files_are_not_listed(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    (tmp_path / ".a.0000.tmp").write_bytes(b"half")
    assert list(store.list()) == []


def test_an_unknown_url_says_which_there_are() -> None:
    with pytest.raises(UsageError, match="ftp://x"):
        open_store("ftp://x")


def test_stores_of_one_name_share_their_memory() -> None:
    open_store("memory://shared").put("a", b"1")
    assert open_store("memory://shared").get("a") == b"1"
