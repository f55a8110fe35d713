"""Settings and units: what people write in small texts means one thing everywhere, and a slip is told in words."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ninefold.clock import micros
from ninefold.config import load
from ninefold.errors import UsageError
from ninefold.units import calendar, duration, size


def project(folder: Path, *lines: str) -> Path:
    (folder / "pyproject.toml").write_text("\n".join(["[tool.ninefold]", *lines]))
    return folder


def test_a_relative_place_lies_in_the_project_from_wherever_the_command_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project(tmp_path, 'ledger = "sqlite:///state/l.db"', 'lake = "lake"', 'artifacts = "blobs"', 'anchor = "anchors"')
    (root / "sub").mkdir()
    monkeypatch.chdir(root / "sub")
    found = load()
    places = (found.ledger, found.lake, found.artifacts, found.anchor)
    assert places == (f"sqlite:///{root}/state/l.db", f"{root}/lake", f"{root}/blobs", root / "anchors")


def test_places_elsewhere_stay_as_they_are(tmp_path: Path) -> None:
    found = load(project(tmp_path, 'ledger = "postgresql://db/x"', 'lake = "s3://bucket/lake"', 'artifacts = "/srv/blobs"', 'anchor = "~/kept"'))
    assert (found.ledger, found.lake, found.artifacts, found.anchor) == ("postgresql://db/x", "s3://bucket/lake", "/srv/blobs", Path.home() / "kept")


@pytest.mark.parametrize("line", ["home = true", "project = 5", "host = 1", 'lake = ["a"]', "port = true", "port = 1.5", "port = inf"])
def test_a_setting_of_another_type_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(UsageError, match=r"is a|the port is"):
        load(project(tmp_path, line))


ENDLESS = "9" * 400


@pytest.mark.parametrize(
    "read",
    [
        lambda: duration(f"{ENDLESS}h"),
        lambda: size(f"{ENDLESS}GiB"),
        lambda: calendar(f"{ENDLESS}d"),
        lambda: micros("0001-01-01T00:00", tz="Asia/Tokyo"),
        lambda: micros("9999-12-31T23:59", tz="America/New_York"),
    ],
)
def test_what_no_calendar_and_no_disk_has_is_refused_in_words(read: Callable[[], int]) -> None:
    with pytest.raises(UsageError):
        read()
