import io
from pathlib import Path

import pytest

from ninefold.errors import CorruptError, NotFoundError, UsageError
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
    with pytest.raises(NotFoundError, match="no blob"):
        blobs.get("0" * 64)
    with pytest.raises(UsageError, match="no digest"):
        blobs.get("../../etc/passwd")


def test_blobs_in_memory_have_no_path() -> None:
    blobs = Blobs(MemoryStore())
    with pytest.raises(UsageError, match="no path"):
        blobs.path(blobs.add(b"content"))
