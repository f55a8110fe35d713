"""Signed checkpoints: what the tree's root was at some size, as a C2SP signed note, and copies of them elsewhere (anchors).

A note is three lines (origin, size, root in base64), an empty line, and a signature line
``— <origin> <base64 of four bytes of key id and the Ed25519 signature>`` [1, 2].

[1] https://c2sp.org/signed-note  [2] https://c2sp.org/tlog-checkpoint
"""

import base64
import binascii
import fcntl
import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ninefold.errors import ConflictError, CorruptError
from ninefold.storage import durable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_DASH = "\N{EM DASH}"
_CHANGED = "it was changed outside of ninefold: bring back a backup with ninefold restore"
_LONGEST_LINE = 64 << 10  # bytes of an anchor; a note has a few hundred


class Checkpoint(NamedTuple):
    """What a note says: the tree of ``origin`` had ``root`` when it had ``size`` leaves."""

    origin: str
    size: int
    root: bytes


class Signer:
    """The Ed25519 key of a home. It is made on first use; its private half is readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._private = folder / "ledger.key"

    def public(self) -> bytes:
        """The 32 bytes of the public key."""
        return self._key().public_key().public_bytes_raw()

    def sign(self, checkpoint: Checkpoint) -> str:
        """The signed note of a checkpoint."""
        text = _text(checkpoint)
        signature = self._key().sign(text.encode())
        stamp = base64.b64encode(key_id(checkpoint.origin, self.public()) + signature).decode()
        return f"{text}\n{_DASH} {checkpoint.origin} {stamp}\n"

    def sign_bytes(self, data: bytes) -> bytes:
        """The 64 bytes of a signature. ``data`` begins with its purpose, which no checkpoint begins with."""
        return self._key().sign(data)

    def _key(self) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # 18 ms, only when something is signed

        if not self._private.exists():
            durable.make_folder(self._folder, mode=0o700)
            with suppress(ConflictError):  # another process was quicker: its key is the home's
                durable.write(self._private, os.urandom(32).hex().encode(), create=True, mode=0o600)
        try:
            return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self._private.read_text("ascii")))
        except ValueError:
            raise CorruptError("the signing key is damaged", where=str(self._private), hint="bring back a backup: ninefold restore") from None


def signed_by(public: bytes, data: bytes, signature: bytes) -> bool:
    """Whether the holder of the key whose ``public`` half this is has signed ``data``."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(name: str, public: bytes) -> bytes:
    """Four bytes that tell keys apart: SHA-256(name, newline, 0x01, key) cut off."""
    return hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]


def read(note: str, public: dict[str, bytes]) -> Checkpoint:
    """The checkpoint in a note that one of the ``public`` keys (by key id in hexadecimal) has signed; else CorruptError.

    A note without a right signature is worth nothing, so there is no way to read one.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        text, _, signed = note.partition("\n\n")
        origin, size, root = text.split("\n")
        dash, name, stamp = signed.strip().split(" ")
        checkpoint = Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
        blob = base64.b64decode(stamp, validate=True)
        if dash != _DASH or name != origin or note != f"{_text(checkpoint)}\n{_DASH} {name} {base64.b64encode(blob).decode()}\n":
            raise ValueError("it is not written as it must be")
    except (ValueError, binascii.Error) as error:
        raise CorruptError(f"a checkpoint is no signed note: {error}", hint=_CHANGED) from None
    key = public.get(blob[:4].hex())
    if key is None:
        raise CorruptError(f"the checkpoint of size {checkpoint.size} is signed by the unknown key {blob[:4].hex()}", hint=_CHANGED)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(blob[4:], _text(checkpoint).encode())
    except (InvalidSignature, ValueError):
        raise CorruptError(f"the signature of the checkpoint of size {checkpoint.size} is wrong", hint=_CHANGED) from None
    return checkpoint


def _text(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.origin}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n"


class Anchor(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of an anchor file: a note and the public key behind it; or that a backup of ``size`` facts was brought back."""

    at: int
    size: int
    root: str
    note: str = ""
    public: str = ""
    restored: bool = False


def anchor_folder() -> Path:
    """Where anchors lie unless told otherwise: outside of every home, per person."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return Path(state) / "ninefold" / "anchors"


class AnchorFile:
    """Checkpoints kept elsewhere, so that cutting the end off the ledger shows. One JSON line each, never rewritten."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, anchor: Anchor) -> None:
        """Appends a line, on disk when it returns; StoppedError if the disk is full or failed, OSError if the place is not writable."""
        if not self.path.exists():
            with suppress(ConflictError):  # another process was quicker, and may have added its line already
                durable.write(self.path, b"", create=True)
        with durable.stopping(self.path):
            fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)  # a line that another process is writing must not look torn
                _cut_torn_line(fd)
                durable.write_all(fd, msgspec.json.encode(anchor) + b"\n")
                durable.flush(fd)
            finally:
                os.close(fd)

    def all(self) -> list[Anchor]:
        """Every whole line. The last one may be torn by a crash; a broken line before it is a CorruptError."""
        try:
            *lines, _torn = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        try:
            return [msgspec.json.decode(line, type=Anchor) for line in lines if line]
        except msgspec.MsgspecError as error:
            hint = "bring back a copy of it; or move it away, and the next checkpoint begins a new one"
            raise CorruptError(f"the anchor file is damaged: {error}", where=str(self.path), hint=hint) from None


def _cut_torn_line(fd: int) -> None:
    """Cut off what a crash left of a last line: it was never acknowledged, and the next line would end up in it."""
    end = os.fstat(fd).st_size
    rest = os.pread(fd, _LONGEST_LINE, max(0, end - _LONGEST_LINE))
    if rest and not rest.endswith(b"\n"):
        os.ftruncate(fd, end - len(rest) + rest.rfind(b"\n") + 1)
