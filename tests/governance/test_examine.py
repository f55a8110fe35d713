"""The doctor compares lake, bundles and frozen code with what facts and steps say."""

import shutil
from dataclasses import replace
from pathlib import Path

from ninefold.governance.examine import examine
from ninefold.ledger.doctor import Finding
from ninefold.project.home import Home, open_home


def found(folder: Path) -> list[Finding]:
    with open_home(folder) as home:
        return [f for f in examine(home) if "anchor" not in f.what]


def table(folder: Path, name: str) -> Path:
    return folder / ".ninefold" / "lake" / "parcels" / "tables" / name


def test_a_whole_home_has_no_findings(tiny_copy: Path) -> None:
    assert found(tiny_copy) == []


def test_a_lost_commit_is_found(tiny_copy: Path) -> None:
    newest = max((table(tiny_copy, "parcels") / "_delta_log").glob("*.json"))
    newest.unlink()
    assert any("wrote version" in f.what and f.severity == "error" for f in found(tiny_copy))


def test_a_cut_data_file_is_found(tiny_copy: Path) -> None:
    (data,) = table(tiny_copy, "parcels").glob("*.parquet")
    data.write_bytes(data.read_bytes()[:100])
    assert any("100 bytes" in f.what for f in found(tiny_copy))


def test_a_missing_data_file_is_found(tiny_copy: Path) -> None:
    (data,) = table(tiny_copy, "parcels").glob("*.parquet")
    data.unlink()
    assert any("is gone" in f.what for f in found(tiny_copy))


def test_data_files_of_no_version_are_a_warning(tiny_copy: Path) -> None:
    (table(tiny_copy, "parcels") / "left.parquet").write_bytes(b"PAR1")
    (finding,) = found(tiny_copy)
    assert (finding.severity, finding.what) == ("warning", "1 data files (4 bytes) belong to no version")


def test_a_changed_bundle_is_found(tiny_copy: Path) -> None:
    (model,) = (tiny_copy / ".ninefold" / "bundles").glob("*/request.json")
    model.write_text("{}")
    (finding,) = found(tiny_copy)
    assert finding.where == "parcels/model/forecast@1"


def test_changed_frozen_code_is_found(tiny_copy: Path) -> None:
    (code,) = (tiny_copy / ".ninefold" / "frozen").glob("*/parcels.py")
    code.write_text("print('other')\n")
    (finding,) = found(tiny_copy)
    assert "frozen file was changed" in finding.what


def test_looking_changes_nothing(tiny_copy: Path) -> None:
    log = table(tiny_copy, "parcels") / "_delta_log"
    torn = log / f"{99:020d}.json"
    torn.write_text('{"add": ')
    found(tiny_copy)
    assert torn.exists()


def test_what_lies_elsewhere_is_not_called_lost(tiny_copy: Path) -> None:
    with open_home(tiny_copy) as home:
        elsewhere, project = replace(home.settings, lake="s3://bucket/lake", artifacts="s3://bucket/blobs"), home.project
    for name in ("lake", "blobs"):
        shutil.rmtree(elsewhere.home / name)
    with Home(elsewhere, project) as home:
        assert [f for f in examine(home, deep=True) if f.severity == "error"] == []
