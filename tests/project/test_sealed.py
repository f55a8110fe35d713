"""Bundles are signed with the home's key, and the signature is checked before one is loaded."""

from pathlib import Path

import pytest

from ninefold import config
from ninefold.bundles.manifest import SIGNATURE
from ninefold.errors import DeniedError
from ninefold.ledger.checkpoint import Signer
from ninefold.models.records import version
from ninefold.project.home import Home
from ninefold.project.live.sealed import PURPOSE, bundle_of


def signature(folder: Path) -> Path:
    [found] = (folder / ".ninefold" / "bundles").glob(f"*/{SIGNATURE}")
    return found


def load(folder: Path) -> str:
    with Home(config.load(folder), "parcels") as home:
        return bundle_of(home, version(home.ledger, "parcels", "forecast", 1)).version


def test_a_bundle_of_this_home_loads(tiny_copy: Path) -> None:
    assert load(tiny_copy) == signature(tiny_copy).parent.name


def test_without_its_signature_it_is_refused(tiny_copy: Path) -> None:
    signature(tiny_copy).unlink()
    with pytest.raises(DeniedError, match="not signed"):
        load(tiny_copy)


def test_a_signature_by_another_key_is_refused(tiny_copy: Path, tmp_path: Path) -> None:
    manifest = (signature(tiny_copy).parent / "manifest.json").read_bytes()
    signature(tiny_copy).write_bytes(Signer(tmp_path / "other").sign_bytes(PURPOSE + manifest))
    with pytest.raises(DeniedError, match="not from a trusted key"):
        load(tiny_copy)


def test_a_signature_for_another_purpose_is_refused(tiny_copy: Path) -> None:
    manifest = (signature(tiny_copy).parent / "manifest.json").read_bytes()
    signature(tiny_copy).write_bytes(Signer(tiny_copy / ".ninefold" / "keys").sign_bytes(b"another\n" + manifest))
    with pytest.raises(DeniedError, match="not from a trusted key"):
        load(tiny_copy)
