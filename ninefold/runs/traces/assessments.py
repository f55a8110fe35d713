"""What people and programs judged of traces."""

from pathlib import Path
from typing import Any

import msgspec

from ninefold import clock
from ninefold.errors import ConflictError
from ninefold.ledger import Ledger, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs.traces.judging import keep, revalue
from ninefold.runs.traces.records import there
from ninefold.runs.traces.trace import Assessment, assessment_of

_SQL = Statements(Path(__file__).with_name("assessments.sql"))


class Assessments:
    """The assessments of one project's traces.

    >>> import tempfile; folder = Path(tempfile.mkdtemp())
    >>> ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder)
    >>> from ninefold.runs.traces.trace import Trace; from ninefold.runs.traces.records import Traces
    >>> Traces(ledger, "flights").begin(Trace(id="t", experiment=0, started=0))
    >>> assessments = Assessments(ledger, "flights")
    >>> said = assessments.add(Assessment(id="a", trace="t", kind="feedback", name="good", value=True))
    >>> again = assessments.add(Assessment(id="b", trace="t", kind="feedback", name="good", value=0.5, replaces="a"))
    >>> assessments.get("t", "a").valid, assessments.get("t", "b").value
    (False, 0.5)
    """

    def __init__(self, ledger: Ledger, project: str) -> None:
        self.ledger, self.project = ledger, project

    def add(self, assessment: Assessment) -> Assessment:
        """Adds an assessment. The one that it replaces is not valid from then on."""

        def write(tx: Tx) -> None:
            there(tx, self.project, assessment.trace)
            if tx.one(_SQL["assessment"], assessment.trace, assessment.id) is not None:
                raise ConflictError(f"there is an assessment {assessment.id} already", hint="change it instead")
            if assessment.replaces is not None:
                before = _found(tx, assessment.trace, assessment.replaces)
                keep(tx, msgspec.structs.replace(before, valid=False))
            keep(tx, assessment)

        self.ledger.write(write)
        return assessment

    def get(self, trace: str, id: str) -> Assessment:
        """An assessment; NotFoundError."""
        return assessment_of(self.ledger.one(_SQL["of_project"], self.project, trace, id), id)

    def change(self, trace: str, id: str, **fields: Any) -> Assessment:
        """Gives an assessment other values."""

        def write(tx: Tx) -> Assessment:
            there(tx, self.project, trace)
            changed = msgspec.structs.replace(_found(tx, trace, id), **fields, updated=clock.now())
            keep(tx, changed)
            return changed

        return self.ledger.write(write)

    def remove(self, trace: str, id: str) -> None:
        """Takes an assessment away, if it is still there; the one that it replaced is valid again."""

        def drop(tx: Tx) -> None:
            there(tx, self.project, trace)
            row = tx.one(_SQL["assessment"], trace, id)
            tx.execute(_SQL["drop_assessment"], trace, id)
            if row is not None and (replaced := assessment_of(row, id).replaces) is not None:
                revalue(tx, trace, replaced, valid=True)

        self.ledger.write(drop)


def _found(tx: Tx, trace: str, id: str) -> Assessment:
    return assessment_of(tx.one(_SQL["assessment"], trace, id), id)
