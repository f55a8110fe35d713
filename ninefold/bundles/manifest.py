"""The manifest: what is in a bundle, with the digest of every file, and the check of these before anything reads them."""

from pathlib import Path
from typing import Any, Literal

import msgspec

from ninefold.bundles.predictors import Shape, form
from ninefold.errors import CorruptError, NotYetError
from ninefold.ids import digest

VERSION = 1
MANIFEST, SEAL, SIGNATURE = "manifest.json", "manifest.sha256", "manifest.sig"
MAX_FILE = 2 << 30
AGAIN = "fetch the bundle again: it was changed or cut after it was made"


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Digest (SHA-256, hexadecimal) and size in bytes of one file."""

    sha256: str
    size: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle is. ``about`` holds what its maker wants to say: model, project, evidence, code, in JSON."""

    version: int
    kind: Literal["binary", "multiclass", "regression"]
    format: str
    shape: Shape
    files: dict[str, File]
    about: dict[str, Any] = {}


def verified(folder: Path, expected: str | None = None) -> tuple[Manifest, dict[str, bytes], str]:
    """The manifest, the bytes of every file, and the bundle's digest, all checked.

    ``expected`` is the digest that the ledger has. The bytes returned are the ones that were checked: nobody can change a file
    between the check and its use.

    Raises CorruptError naming the file that is missing, changed, cut, or not in the manifest.
    """
    raw = _read(folder, MANIFEST)
    found = digest(raw)
    sealed = _read(folder, SEAL).decode("ascii", "replace").strip()
    if found != sealed or (expected is not None and found != expected):
        raise CorruptError(
            f"the manifest's digest is {found[:12]}, expected was {(expected or sealed)[:12]}", where=str(folder / MANIFEST), hint=AGAIN
        )
    try:
        version = msgspec.json.decode(raw, type=dict[str, Any]).get("version")
        if isinstance(version, int) and version > VERSION:
            raise NotYetError(f"the bundle has version {version}, this release reads up to {VERSION}", hint="upgrade ninefold", where=str(folder))
        manifest = msgspec.json.decode(raw, type=Manifest)
    except msgspec.DecodeError as error:
        raise CorruptError(f"the manifest cannot be read: {error}", where=str(folder / MANIFEST), hint=AGAIN) from None
    files = {name: _checked(folder, name, file) for name, file in manifest.files.items()}
    extra = {p.name for p in folder.iterdir()} - set(files) - {MANIFEST, SEAL, SIGNATURE}
    if extra:
        raise CorruptError(f"the bundle has files that its manifest does not name: {', '.join(sorted(extra))}", where=str(folder), hint=AGAIN)
    return manifest, files, found


def _checked(folder: Path, name: str, file: File) -> bytes:
    if "/" in name or "\\" in name or name.startswith("."):
        raise CorruptError(f"the manifest names the file {name!r}: a plain name is expected", where=str(folder / MANIFEST), hint=AGAIN)
    data = _read(folder, name)
    if len(data) != file.size or digest(data) != file.sha256:
        raise CorruptError(
            f"the file has {len(data)} bytes and digest {digest(data)[:12]}, expected were {file.size} and {file.sha256[:12]}",
            where=str(folder / name),
            hint=AGAIN,
        )
    return data


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        if path.is_symlink() or path.stat().st_size > MAX_FILE:
            raise CorruptError("a link, or larger than any bundle's file may be", where=str(path), hint=AGAIN)
        return path.read_bytes()
    except FileNotFoundError:
        raise CorruptError("the file is missing", where=str(path), hint=AGAIN) from None


def model_file(manifest: Manifest) -> str:
    """The name of the model's file."""
    return form(manifest.format)[1]
