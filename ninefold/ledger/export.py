"""An export for an auditor: every fact byte for byte, every signed checkpoint, and a verifier that needs only Python."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ninefold.ids import canonical
from ninefold.storage import durable

if TYPE_CHECKING:
    from ninefold.ledger.ledger import Ledger

_BATCH = 5000
_FACTS = "select seq, cast(content as blob) as content from facts where seq > ? and seq <= ? order by seq limit ?"
_README = """An export of the ledger {origin}: {size} facts.

    python3 verify.py                      checks every fact against the signed checkpoints
    python3 verify.py --anchor FILE        and against a copy of the checkpoints that was kept elsewhere

facts.jsonl         line n is fact n, exactly the bytes that were hashed
checkpoints.jsonl   what the tree's root was at which size, each a note signed with Ed25519 (c2sp.org/signed-note)
signers.json        the public keys by their id
verify.py           the verifier: standard library only; read it first
"""


def export(ledger: "Ledger", folder: Path) -> Path:
    """Writes the export into ``folder``, which must be new or empty; returns it."""
    folder = Path(folder)
    durable.refuse_used(folder, hint="name a new folder: an export never mixes with other files")
    size = ledger.head()
    durable.write(folder / "facts.jsonl", _facts(ledger, size))
    notes = ledger.all("select size, note from checkpoints where size <= ? order by size", size)
    durable.write(folder / "checkpoints.jsonl", (canonical({"size": row["size"], "note": row["note"]}) + b"\n" for row in notes))
    signers = {row["id"]: row["public"] for row in ledger.all("select id, public from signers")}
    durable.write(folder / "signers.json", canonical(signers) + b"\n")
    durable.write(folder / "verify.py", Path(__file__).with_name("verifier_standalone.py").read_bytes())
    durable.write(folder / "README.txt", _README.format(origin=ledger.origin, size=size).encode())
    return folder


def _facts(ledger: "Ledger", size: int) -> Iterator[bytes]:
    after = 0
    while after < size:
        rows = ledger.all(_FACTS, after, size, _BATCH)
        if not rows:
            return  # facts are missing: the verifier will say so
        after = rows[-1]["seq"]
        yield b"".join(row["content"] + b"\n" for row in rows)
