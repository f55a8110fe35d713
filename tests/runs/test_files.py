"""Files by path: what goes in comes out verified, folders are listed level by level, no path leaves its place."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ninefold.errors import ConflictError, CorruptError, DataError, NotFoundError, UsageError
from ninefold.ledger.doctor import examine
from ninefold.runs import Entry, Files, Runs
from ninefold.runs import artifacts as module
from ninefold.runs.artifacts import File
from ninefold.runs.contents import SMALL
from ninefold.storage.blobs import Blobs
from ninefold.storage.local import LocalStore


@pytest.fixture
def files(runs: Runs, tmp_path: Path) -> Files:
    return Files(runs.ledger, Blobs(LocalStore(tmp_path / "blobs")), "p")


@pytest.mark.parametrize("size", [0, 1, SMALL, SMALL + 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5 << 20])
def test_a_file_of_any_size_comes_back(files: Files, size: int) -> None:
    content = os.urandom(size)
    kept = files.put("1/r/artifacts/f", (content[n : n + 300_000] for n in range(0, size, 300_000)))
    assert files.blobs.has(kept.digest) == (size > SMALL)
    assert (kept.size, files.read("1/r/artifacts/f"), files.find("1/r/artifacts/f")) == (size, content, kept)


def test_a_stream_of_the_event_loop_is_the_same_file(files: Files) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for n in range(50):
            yield bytes([n]) * 60_000

    kept = asyncio.run(files.put_stream("f", chunks()))
    assert kept.digest == files.put("g", b"".join(bytes([n]) * 60_000 for n in range(50))).digest
    assert not list((files.blobs.store.root / ".unfinished").iterdir())  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [10, 3 << 20])
def test_another_digest_than_was_told_is_refused_and_nothing_stays(files: Files, size: int) -> None:
    with pytest.raises(DataError, match="expected 000"):
        files.put("f", [b"x" * size], digest="0" * 64)
    assert (files.find("f"), list(files.blobs.store.list())) == (None, [])


def test_what_the_disk_gives_back_otherwise_is_never_given_out_whole(files: Files) -> None:
    kept = files.put("f", [os.urandom(3 << 20)])
    path = files.blobs.path(kept.digest)
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(content)
    chunks, given = files.open("f"), list[bytes]()
    with pytest.raises(CorruptError):
        given += iter(chunks)
    assert sum(map(len, given)) < len(content)


def test_a_small_file_that_the_database_gives_back_otherwise_is_not_given_out(files: Files) -> None:
    files.put("f", b"small")
    files.ledger.write(lambda tx: tx.execute("update contents set data = ?", b"other"))
    with pytest.raises(CorruptError):
        files.open("f")
    assert [found.what for found in examine(files.ledger.home, url=files.ledger.driver.url, deep=True) if "content" in found.what] == [
        "the content's bytes are not what its name says"
    ]


def test_a_file_whose_path_is_refused_leaves_no_content(files: Files) -> None:
    files.put("f", b"small")
    with pytest.raises(ConflictError):
        files.put("f/g", b"other")
    assert len(files.ledger.all("select * from contents")) == 1


def test_a_small_file_that_was_stored_as_a_blob_is_read(files: Files) -> None:
    digest = files.blobs.add(b"from before")
    files.ledger.write(lambda tx: module.name_file(tx, "p", File("f", digest, 11, 1)))
    assert files.read("f") == b"from before"


@pytest.mark.parametrize("size", [5, SMALL + 1])
def test_a_content_is_a_blob_for_whoever_reads_the_store(files: Files, size: int) -> None:
    kept = files.put("f", b"x" * size)
    files.contents.stored(kept.digest, kept.size)
    assert files.blobs.get(kept.digest) == b"x" * size


def test_a_folder_is_listed_one_level_deep(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAGE", 7)
    for n in range(30):
        files.put(f"r/many/{n:02}.txt", [b"x"])
    for path in ("r/a", "r/a.b/c", "r/z", "r/many!", "r/manyx/y", "other/x"):
        files.put(path, [b"y"])
    assert [(e.path, e.is_dir) for e in files.list("r")] == [
        ("r/a", False), ("r/a.b", True), ("r/many", True), ("r/many!", False), ("r/manyx", True), ("r/z", False),
    ]  # fmt: skip
    assert [e.path for e in files.list("r/many")] == [f"r/many/{n:02}.txt" for n in range(30)]
    assert [e.path for e in files.list()] == ["other", "r"]
    assert files.list("nothing") == []
    assert files.list("r/a.b") == [Entry("r/a.b/c", False, 1, files.find("r/a.b/c").digest)]  # type: ignore[union-attr]
    assert len(list(files.all("r"))) == 35


def test_a_folder_goes_with_all_in_it_and_nothing_beside_it(files: Files) -> None:
    for path in ("r/a/1", "r/a/b/2", "r/a.txt", "r/ab"):
        files.put(path, [b"x"])
    assert (files.delete("r/a"), [e.path for e in files.list("r")]) == (2, ["r/a.txt", "r/ab"])
    assert files.delete("r/a") == 0
    with pytest.raises(NotFoundError, match='"r/a/1"'):
        files.open("r/a/1")


def test_a_path_is_a_file_or_a_folder(files: Files) -> None:
    files.put("r/a/b", [b"x"])
    for path in ("r/a", "r", "r/a/b/c"):
        with pytest.raises(ConflictError):
            files.put(path, [b"y"])
    assert files.read("r/a/b") == b"x"


HOSTILE = ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\\b", "a\0b", "a\nb", "\x7f", "a" * 1025, "a/" * 600 + "a"]


@pytest.mark.parametrize("path", HOSTILE, ids=[repr(path)[:20] for path in HOSTILE])
def test_no_path_leaves_its_place(files: Files, path: str) -> None:
    for ask in (lambda: files.put(path, [b"x"]), lambda: files.find(path), lambda: files.delete(path), lambda: files.open(path)):
        with pytest.raises(UsageError, match="path of a file"):
            ask()
    assert files.list() == []


def test_files_of_one_project_are_not_those_of_another(files: Files) -> None:
    files.put("a", [b"x"])
    other = Files(files.ledger, files.blobs, "other")
    assert (other.find("a"), other.list(), other.delete("a")) == (None, [], 0)
