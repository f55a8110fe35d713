"""Digests of files: a file that did not change is not read again, and its time alone is not believed too early."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.config import load
from ninefold.project.filedigests import file_digest
from ninefold.project.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(load(tmp_path), "shop") as opened:
        yield opened


def rewritten(path: Path, text: str) -> None:
    """Another content of the same size, with the time that the file had before."""
    stat = path.stat()
    path.write_text(text)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_file_that_did_not_change_is_not_read_again(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "shop.py"
    path.write_text("x = 1")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    before = file_digest(home, path)
    rewritten(path, "y = 1")
    assert file_digest(home, path) == before


def test_a_file_that_was_just_written_is_not_trusted_by_its_time(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "new.py"
    path.write_text("x = 1")
    before = file_digest(home, path)
    rewritten(path, "y = 1")
    assert file_digest(home, path) != before
