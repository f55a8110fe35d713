"""Bundles of this home: signed with its key when they are packed, and that signature checked before one is loaded."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ninefold.models.records import Version
from ninefold.project.home import Home

if TYPE_CHECKING:
    from ninefold.bundles.scorer import Bundle

PURPOSE = b"ninefold bundle\n"  # what the key signs for one purpose counts for no other


def signer(home: Home) -> Callable[[bytes], bytes]:
    """Signs the manifest of a bundle (Ed25519, the key of the ledger's checkpoints)."""
    from ninefold.ledger.checkpoint import Signer

    key = Signer(home.path("keys"))
    return lambda manifest: key.sign_bytes(PURPOSE + manifest)


def bundle_of(home: Home, made: Version) -> "Bundle":
    """The bundle of a version: its digest is the ledger's, and its signature by a key that the ledger knows.

    Raises CorruptError where a byte is not what was written, DeniedError where a signature is missing or wrong. A version that was
    made before bundles were signed is checked by its digest alone.
    """
    from ninefold.bundles.load import load

    verifier = _verifier(home) if made.body.get("signed") else None
    return load(home.path("bundles", made.bundle), digest=made.digest, verifier=verifier)


def _verifier(home: Home) -> Callable[[bytes, bytes], bool]:
    from ninefold.ledger.checkpoint import Signer, signed_by

    known = [bytes.fromhex(row["public"]) for row in home.ledger.all("select public from signers")]

    def good(manifest: bytes, signature: bytes) -> bool:
        # a new key may sign a bundle before its first checkpoint makes it known
        return any(signed_by(key, PURPOSE + manifest, signature) for key in [*known, Signer(home.path("keys")).public()])

    return good
