"""Proving what the ledger says: for oneself, and for an auditor who trusts nobody."""

from pathlib import Path
from typing import Any

import msgspec

from ninefold.ledger import Ledger
from ninefold.ledger.verify import Report
from ninefold.units import many


def verify(ledger: Ledger) -> Report:
    """Recomputes every fact's hash and compares the tree, the signed checkpoints and the anchors. ``report.ok`` says it in a word."""
    return ledger.verify()


def export(ledger: Ledger, folder: Path) -> Path:
    """Writes all facts, signed checkpoints and a stand-alone verifier into a new folder; returns it.

    ConflictError where the folder is not empty.
    """
    return ledger.export(folder)


def lines(report: Report) -> list[str]:
    """A verification as lines for a terminal.

    >>> lines(Report(facts=3, checkpoints=1, anchors=1, signed=3, root="ab" * 32))[0]
    'The ledger is intact: 3 facts, 1 signed checkpoint, 1 anchor.'
    """
    counts = ", ".join(many(n, noun) for n, noun in ((report.facts, "fact"), (report.checkpoints, "signed checkpoint"), (report.anchors, "anchor")))
    head = f"The ledger is intact: {counts}." if report.ok else f"The ledger was changed: {many(len(report.problems), 'finding')} ({counts})."
    tail = f"Root {report.root}; the first {report.signed} facts are signed." if report.ok else "Bring back a backup with: ninefold restore"
    return [head, *(f"  {problem}" for problem in report.problems), *(f"  note: {note}" for note in report.notes), tail]


def as_json(report: Report) -> dict[str, Any]:
    """A verification for programs."""
    return dict(msgspec.to_builtins(report))
