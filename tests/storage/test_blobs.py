import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ninefold.errors import CorruptError, DataError, NotFoundError, UsageError
from ninefold.storage import Blobs
from ninefold.storage.local import LocalStore
from ninefold.storage.memory import MemoryStore


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(LocalStore(tmp_path / "blobs"))


def test_bytes_files_and_streams_of_one_content_are_one_blob(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    assert {blobs.add(b"content"), blobs.add(tmp_path / "file"), blobs.add(io.BytesIO(b"content"))} == {blobs.add(b"content")}
    assert len(list(blobs.store.list())) == 1


def test_a_blob_has_a_size_a_path_and_a_copy(blobs: Blobs, tmp_path: Path) -> None:
    digest = blobs.add(b"content")
    assert blobs.size(digest) == 7
    assert blobs.path(digest).read_bytes() == b"content"
    assert blobs.fetch(digest, tmp_path / "copy").read_bytes() == b"content"


def test_a_damaged_blob_gives_no_path_and_no_copy(blobs: Blobs, tmp_path: Path) -> None:
    digest = blobs.add(b"content")
    blobs.path(digest).write_bytes(b"CONTENT")
    for read in (blobs.get, blobs.open, blobs.path, lambda digest: blobs.fetch(digest, tmp_path / "copy")):
        with pytest.raises(CorruptError, match=digest):
            read(digest)
    assert not (tmp_path / "copy").exists()


def test_a_missing_blob_and_a_wrong_digest_are_told_apart(blobs: Blobs) -> None:
    with pytest.raises(NotFoundError, match="no content"):
        blobs.get("0" * 64)
    with pytest.raises(UsageError, match="no digest"):
        blobs.get("../../etc/passwd")


def test_blobs_in_memory_have_no_path() -> None:
    blobs = Blobs(MemoryStore())
    with pytest.raises(UsageError, match="no path"):
        blobs.path(blobs.add(b"content"))


def test_what_is_added_again_late_is_made_new_so_that_nobody_removes_it(blobs: Blobs) -> None:
    digest = blobs.add(b"content")
    old = time.time() - 30 * 3600
    os.utime(blobs.path(digest), (old, old))
    assert blobs.add(b"content") == digest
    assert not blobs.remove(digest, older=24 * 3600)
    os.utime(blobs.path(digest), (old, old))
    assert blobs.remove(digest, older=24 * 3600)
    assert not blobs.has(digest)


def test_a_content_that_is_not_the_one_told_is_not_stored(blobs: Blobs) -> None:
    for chunks in ([b"x"], [b"x" * 700_000] * 3):
        with pytest.raises(DataError, match="expected"):
            blobs.receive(chunks, expected="0" * 64)
    assert not [path for path in blobs.store.root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("store", ["local", "memory"])
def test_chunks_of_any_size_are_one_content(store: str, tmp_path: Path) -> None:
    blobs = Blobs(LocalStore(tmp_path / "blobs") if store == "local" else MemoryStore())
    whole = os.urandom(3_000_001)
    for size in (999, 1 << 20, 4_000_000):
        digest, length = blobs.receive(whole[n : n + size] for n in range(0, len(whole), size))
        assert (length, b"".join(blobs.stream(digest))) == (len(whole), whole)
    assert blobs.receive([])[1] == 0


def test_what_a_killed_process_left_unfinished_is_swept_away_when_it_is_old(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "blobs")
    left = store.unfinished()
    left.write_bytes(b"half")
    assert (store.sweep(older=60), left.exists()) == (0, True)
    os.utime(left, (1, 1))
    assert (store.sweep(older=60), left.exists()) == (1, False)


_CARRIED = """
import os, resource, sys
from ninefold.storage.blobs import Blobs
from ninefold.storage.store import open_store
blobs = Blobs(open_store(sys.argv[1]))
blobs.receive([bytes(5 << 20)])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
block = os.urandom(1 << 20)
digest, size = blobs.receive(block for _ in range(160))
assert sum(map(len, blobs.stream(digest))) == size == 160 << 20
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", ["disk", "s3"])
def test_a_large_content_passes_through_little_memory(where: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = request.getfixturevalue("bucket") if where == "s3" else str(tmp_path)
    done = subprocess.run([sys.executable, "-c", _CARRIED, url], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 64 << 10  # KiB
