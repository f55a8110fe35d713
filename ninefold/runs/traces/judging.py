"""Rows of assessments, within a transaction that somebody else began."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ninefold.errors import ConflictError
from ninefold.ledger import Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs.traces.trace import Assessment, assessment_of

_SQL = Statements(Path(__file__).with_name("assessments.sql"))


def keep(tx: Tx, one: Assessment) -> None:
    """Writes an assessment as it is; ConflictError where another trace has one of its id."""
    body = {name: getattr(one, name) for name in ("value", "source", "span", "rationale", "metadata", "error", "replaces", "valid")}
    text = one.value if isinstance(one.value, str) else msgspec.json.encode(one.value).decode()  # as searches compare it
    row = (one.id, one.trace, one.kind, one.name, ":".join(one.source), text, one.created, one.updated, msgspec.json.encode(body).decode())
    if not tx.execute(_SQL["set_assessment"], *row):
        raise ConflictError(f"there is an assessment {one.id[:80]} of another trace", hint="leave its id out: it is given one")


def keep_all(tx: Tx, judged: Sequence[Assessment]) -> None:
    """Writes what was judged of a trace. What others of it replace is not valid from then on."""
    for one in judged:
        keep(tx, one)
    for one in judged:  # after all of them: what is replaced may have come along
        if one.replaces is not None:
            revalue(tx, one.trace, one.replaces, valid=False)


def revalue(tx: Tx, trace: str, id: str, *, valid: bool) -> None:
    """Says whether an assessment is valid, where it is there."""
    row = tx.one(_SQL["assessment"], trace, id)
    if row is not None:
        keep(tx, msgspec.structs.replace(assessment_of(row, id), valid=valid))
