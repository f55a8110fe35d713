"""Traces that another tracker remembers, written whole, and read again to be compared."""

from pathlib import Path

import msgspec

from ninefold import ids
from ninefold.ledger import Ledger, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs.pasts.load import own
from ninefold.runs.pasts.tally import Told
from ninefold.runs.traces.judging import keep
from ninefold.runs.traces.records import Traces
from ninefold.runs.traces.trace import Whole, span_row, trace_row

_SQL = Statements(Path(__file__).with_name("records.sql"))


def load_trace(tx: Tx, project: str, past: Whole, *, known: bool) -> None:
    """A trace with labels, spans and assessments. ``known``: it was brought before; else one of that id is a ConflictError."""
    trace = past.trace
    own(tx, "trace", trace.id, project, known=known)
    tx.execute(_SQL["add"], project, *trace_row(trace))
    tx.execute(_SQL["tell"], *trace_row(trace)[1:], trace.id)
    labels = [(trace.id, "tag", *pair) for pair in past.tags.items()] + [(trace.id, "metadata", *pair) for pair in past.metadata.items()]
    tx.many(_SQL["label"], labels)
    tx.many(_SQL["span"], [span_row(span) for span in past.spans])
    for one in past.assessments:
        keep(tx, one)
    if trace.run:
        tx.execute(_SQL["link"], project, trace.id, trace.run)


def tell_trace(past: Whole) -> Told:
    """What a trace is: counts, and the digest of all of it."""
    return Told({"spans": len(past.spans), "assessments": len(past.assessments)}, ids.digest_of(msgspec.to_builtins(past)))


def stored_trace(ledger: Ledger, project: str, id: str) -> Told | None:
    """What a trace is here, read again; None where there is none."""
    found = Traces(ledger, project).many([id], spans=True)
    return tell_trace(found[0]) if found else None
