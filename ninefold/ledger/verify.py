"""Checking a ledger against its own tree, its signatures, and the anchors kept elsewhere."""

from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.clock import iso
from ninefold.errors import CorruptError
from ninefold.ledger.checkpoint import Anchor, read
from ninefold.ledger.fact import decode
from ninefold.ledger.tree import Tree, leaf_hash

if TYPE_CHECKING:
    from ninefold.ledger.ledger import Ledger

_BATCH = 5000
_SHOWN = 20
NO_ANCHOR = "no anchor was found: facts cut off the end would not show"


class Report(msgspec.Struct, kw_only=True):
    """What a verification found. ``ok`` only if nothing is wrong; ``notes`` say what could not be vouched for."""

    ok: bool = True
    facts: int = 0
    checkpoints: int = 0
    anchors: int = 0
    signed: int = 0
    root: str = ""
    problems: list[str] = []
    notes: list[str] = []

    def wrong(self, text: str) -> None:
        """Adds a problem (the first ones are kept; one edit can break many hashes)."""
        self.ok = False
        if len(self.problems) < _SHOWN:
            self.problems.append(text)


def verify(ledger: "Ledger") -> Report:
    """Recomputes every hash from the stored bytes and compares everything that ever vouched for them."""
    report = Report()
    stored = ledger.tree()  # before the facts, so that facts written meanwhile are not missed by it
    notes = _notes(ledger, report)
    anchors = _anchors(ledger, report)
    limits = {size for size, _ in notes} | {anchor.size for anchor in anchors}
    roots = _walk(ledger, stored, limits, report)
    for size, root in notes:
        _compare("checkpoint", size, root, roots, report)
    restores = [(i, a) for i, a in enumerate(anchors) if a.restored]  # few, where anchors are many
    for i, anchor in enumerate(anchors):
        back = next((a for place, a in restores if place > i and a.size < anchor.size), None)
        if back is not None:  # it vouched for facts that were there before the restore, and had been written after the backup
            note = f"a backup was brought back on {iso(back.at)}: facts after {back.size} from before are gone"
            if note not in report.notes:
                report.notes.append(note)
        else:
            _compare("anchor", anchor.size, bytes.fromhex(anchor.root), roots, report)
    report.signed = max((size for size, _ in notes), default=0)
    if not anchors:
        report.notes.append(NO_ANCHOR)
    elif anchors[-1].size < stored.size:
        report.notes.append(f"{stored.size - anchors[-1].size} facts are newer than the last anchor")
    return report


def _walk(ledger: "Ledger", stored: Tree, limits: set[int], report: Report) -> dict[int, bytes]:
    """Every fact in order; the root at every size of interest."""
    tree, roots, after = Tree(), {}, 0
    while tree.size < stored.size:
        rows = ledger.all(
            "select seq, at, kind, subject, run, key, cast(content as blob) as content from facts where seq > ? and seq <= ? order by seq limit ?",
            after,
            stored.size,
            _BATCH,
        )
        if not rows:
            break
        for row in rows:
            after = row["seq"]
            _check_row(row, tree.size + 1, report)
            tree.add(leaf_hash(row["content"]))
            if tree.size in limits:
                roots[tree.size] = tree.root()
    report.facts, report.root = tree.size, tree.root().hex()
    if (tree.size, tree.peaks) != (stored.size, stored.peaks):
        report.wrong(f"{tree.size} facts with root {tree.root().hex()[:16]} are stored, the tree says {stored.size} with {stored.root().hex()[:16]}")
    beyond = ledger.one("select count(*) as n from facts where seq < 1 or seq > (select size from tree)")
    if beyond is not None and beyond["n"]:
        report.wrong(f"{beyond['n']} facts lie outside of the tree")
    return roots


def _check_row(row: Any, expected: int, report: Report) -> None:
    if row["seq"] != expected:
        report.wrong(f"fact {row['seq']} stands where fact {expected} should be")
    try:
        fact = decode(row["content"])
    except CorruptError as error:
        report.wrong(f"fact {row['seq']}: {error.message}")
        return
    for name in ("seq", "at", "kind", "subject", "run", "key"):
        if getattr(fact, name) != row[name]:
            report.wrong(f"fact {row['seq']}: the column {name} says {row[name]!r}, its stored bytes {getattr(fact, name)!r}")


def _notes(ledger: "Ledger", report: Report) -> list[tuple[int, bytes]]:
    """The checkpoints that are signed as they should be."""
    keys = {row["id"]: bytes.fromhex(row["public"]) for row in ledger.all("select id, public from signers")}
    good = []
    for row in ledger.all("select size, root, note from checkpoints order by size"):
        report.checkpoints += 1
        try:
            said = read(row["note"], keys)
        except CorruptError as error:
            report.wrong(f"checkpoint {row['size']}: {error.message}")
            continue
        if (said.origin, said.size, said.root.hex()) != (ledger.origin, row["size"], row["root"]):
            report.wrong(f"checkpoint {row['size']}: its columns do not say what its note says")
        good.append((said.size, said.root))
    return good


def _anchors(ledger: "Ledger", report: Report) -> list[Anchor]:
    try:
        anchors = ledger.anchor.all()
    except CorruptError as error:
        report.wrong(str(error))
        return []
    known = {row["public"] for row in ledger.all("select public from signers")}
    for key in {anchor.public for anchor in anchors if anchor.public} - known:
        report.wrong(f"an anchor is signed by the key {key[:16]}, which the ledger does not name")
    report.anchors = len(anchors)
    return anchors


def _compare(what: str, size: int, root: bytes, roots: dict[int, bytes], report: Report) -> None:
    if size not in roots:
        report.wrong(f"the {what} of size {size} vouches for facts that are not there")
    elif roots[size] != root:
        report.wrong(f"the first {size} facts are not those that the {what} vouched for")
