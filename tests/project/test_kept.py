"""What a home keeps survives a power cut: every new folder and every new name is flushed into its own folder."""

import os
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.bundles.manifest import MANIFEST
from ninefold.config import load
from ninefold.project.home import Home
from ninefold.project.live.events import secret
from ninefold.project.steps.models import _keep
from ninefold.storage import durable
from ninefold.tables.instants import write_instants


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The inodes of what was flushed."""
    found: list[int] = []
    flush = durable.flush

    def noted(fd: int) -> None:
        found.append(os.fstat(fd).st_ino)
        flush(fd)

    monkeypatch.setattr(durable, "flush", noted)
    return found


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(load(tmp_path), "shop") as opened:
        yield opened


def test_a_new_home_is_flushed_into_its_folder(home: Home, tmp_path: Path, flushed: list[int]) -> None:
    assert home.ledger.head() == 0
    assert tmp_path.stat().st_ino in flushed


def test_a_folder_of_instants_is_flushed_into_its_own(tmp_path: Path, flushed: list[int]) -> None:
    write_instants(tmp_path / "new" / "at", array("q", [1]))
    assert tmp_path.stat().st_ino in flushed


def test_a_finished_bundle_is_flushed_under_its_name(tmp_path: Path, flushed: list[int]) -> None:
    durable.write(tmp_path / "bundles" / "new-1" / MANIFEST, b"{}")
    flushed.clear()
    _keep(tmp_path / "bundles" / "new-1", tmp_path / "bundles" / "digest")
    assert (tmp_path / "bundles").stat().st_ino in flushed
    assert (tmp_path / "bundles" / "digest" / MANIFEST).is_file()


def test_the_key_of_personal_values_is_made_once_and_for_its_owner(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    exists = Path.exists

    def quicker(path: Path) -> bool:
        monkeypatch.setattr(Path, "exists", exists)
        made.append(secret(home))  # another process, between the look and the writing
        return False

    made: list[bytes] = []
    monkeypatch.setattr(Path, "exists", quicker)
    assert secret(home) == made[0]
    assert home.path("keys", "personal").stat().st_mode & 0o777 == 0o600
