"""Traces: one request through somebody's application, its spans, and what people and programs judged of it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ninefold.errors import NotFoundError
from ninefold.ledger import Ledger, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs.experiments import active_experiment
from ninefold.runs.traces.judging import keep_all
from ninefold.runs.traces.trace import Assessment, Span, Trace, Whole, assessment_of, made_of, span_of, span_row, trace_of, trace_row, was_told

_SQL = Statements(Path(__file__).with_name("records.sql"))
_MOST = 500  # ids that one query names


class Traces:
    """The traces of one project.

    >>> import tempfile; folder = Path(tempfile.mkdtemp())
    >>> ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder)
    >>> traces = Traces(ledger, "flights")
    >>> traces.begin(Trace(id="t", experiment=0, name="answer", status="OK", started=0, took=5), tags={"color": "red"})
    >>> traces.add_spans([Span(trace="t", id="a", name="answer", began=0, ended=5000)], experiment=0)
    >>> found = traces.get("t", spans=True); found.trace.name, found.tags, [s.id for s in found.spans]
    ('answer', {'color': 'red'}, ['a'])
    """

    def __init__(self, ledger: Ledger, project: str) -> None:
        self.ledger, self.project = ledger, project

    def begin(
        self, trace: Trace, *, tags: Mapping[str, str] | None = None, metadata: Mapping[str, str] | None = None, judged: Sequence[Assessment] = ()
    ) -> None:
        """Says what a trace is; said again, or after its spans, it is this from now on. NotFoundError for no such experiment.

        ``judged`` are assessments of this trace; others that it has stay.
        """

        def write(tx: Tx) -> None:
            active_experiment(tx, self.project, trace.experiment)
            self._add(tx, trace)
            tx.execute(_SQL["tell"], *trace_row(trace)[1:], trace.id)
            _label(tx, trace.id, "tag", tags or {})
            _label(tx, trace.id, "metadata", metadata or {})
            keep_all(tx, judged)
            if trace.run:
                tx.execute(_SQL["link"], self.project, trace.id, trace.run)

        self.ledger.write(write)

    def add_spans(self, spans: Sequence[Span], *, experiment: int, tags: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """Adds spans, in one transaction; the same span again is the newer one. A trace that nobody told of is made of its spans.

        ``tags`` are those of such traces, by id.
        """
        groups: dict[str, list[Span]] = {}
        for span in spans:
            groups.setdefault(span.trace, []).append(span)

        def write(tx: Tx) -> None:
            active_experiment(tx, self.project, experiment)
            for id, group in groups.items():
                self._add(tx, made_of(group, experiment))
                tx.many(_SQL["span"], [span_row(span) for span in group])
                root = next((span for span in group if span.parent is None), None)
                row = tx.one(_SQL["find"], self.project, id)
                if root is not None and row is not None and not was_told(row):
                    tx.execute(_SQL["tell"], *trace_row(made_of([root], row["experiment"]))[1:], id)
                _label(tx, id, "tag", (tags or {}).get(id, {}))

        self.ledger.write(write)

    def get(self, id: str, *, spans: bool = False) -> Whole:
        """A trace; NotFoundError."""
        found = self.many([id], spans=spans)
        if not found:
            raise missing(id)
        return found[0]

    def many(self, ids: Sequence[str], *, spans: bool = False) -> list[Whole]:
        """Traces in the order of ``ids``, in a constant number of queries; those that are not there are left out."""
        found: dict[str, Whole] = {}
        for start in range(0, len(ids), _MOST):
            some = list(dict.fromkeys(ids[start : start + _MOST]))
            found |= self._some(some, spans=spans)
        return [found[id] for id in dict.fromkeys(ids) if id in found]

    def set_tag(self, id: str, key: str, value: str) -> None:
        """Sets a tag."""
        self._change(id, lambda tx: _label(tx, id, "tag", {key: value}))

    def drop_tag(self, id: str, key: str) -> None:
        """Takes a tag away; NotFoundError where there is none."""

        def drop(tx: Tx) -> None:
            if not tx.execute(_SQL["drop_label"], id, "tag", key):
                raise NotFoundError(f'the trace {id} has no tag "{key}"', hint="read its tags")

        self._change(id, drop)

    def link(self, ids: Sequence[str], run: str) -> None:
        """Says that traces belong to a run. They may come later: clients send them in the background."""
        self.ledger.write(lambda tx: tx.many(_SQL["link"], [(self.project, id, run) for id in ids]))

    def remove(self, experiment: int, *, ids: Sequence[str] = (), until: int | None = None, most: int | None = None) -> int:
        """Removes traces for good: those named, or those begun until a time, the oldest first. How many."""

        def drop(tx: Tx) -> int:
            if until is not None:
                rows = tx.all(_SQL["older"], self.project, experiment, until, most if most is not None else 1 << 31)
                chosen = [row["id"] for row in rows]
            else:
                known = ((id, tx.one(_SQL["find"], self.project, id)) for id in dict.fromkeys(ids))
                chosen = [id for id, row in known if row is not None and row["experiment"] == experiment]
            for id in chosen:
                tx.execute(_SQL["drop_links"], self.project, id)
                for name in ("drop_labels", "drop_spans", "drop_assessments", "drop"):
                    tx.execute(_SQL[name], id)
            if chosen:
                tx.fact("traces.deleted", f"{self.project}/experiment/{experiment}", {"traces": len(chosen)})
            return len(chosen)

        return self.ledger.write(drop)

    def _change(self, id: str, fn: Callable[[Tx], None]) -> None:
        def write(tx: Tx) -> None:
            there(tx, self.project, id)
            fn(tx)

        self.ledger.write(write)

    def _add(self, tx: Tx, trace: Trace) -> None:
        tx.execute(_SQL["add"], self.project, *trace_row(trace))
        there(tx, self.project, trace.id)

    def _some(self, ids: Sequence[str], *, spans: bool) -> dict[str, Whole]:
        marks = ", ".join("?" * len(ids))
        rows = self.ledger.all(f"select * from traces where project = ? and id in ({marks})", self.project, *ids)
        found = {row["id"]: Whole(trace_of(row), {}, {}, [], []) for row in rows}
        for row in self.ledger.all(f"select * from trace_labels where trace in ({marks})", *ids):
            if row["trace"] in found:
                whole = found[row["trace"]]
                (whole.tags if row["kind"] == "tag" else whole.metadata)[row["key"]] = row["value"]
        for row in self.ledger.all(f"select * from assessments where trace in ({marks}) order by created, id", *ids):
            if row["trace"] in found:
                found[row["trace"]].assessments.append(assessment_of(row, row["id"]))
        if spans:
            for row in self.ledger.all(f"select * from spans where trace in ({marks}) order by started, parent is not null, id", *ids):
                if row["trace"] in found:
                    found[row["trace"]].spans.append(span_of(row))
        return found


def there(tx: Tx, project: str, id: str) -> None:
    """NotFoundError where the project has no such trace."""
    if tx.one(_SQL["find"], project, id) is None:
        raise missing(id)


def missing(id: str) -> NotFoundError:
    """There is no such trace."""
    return NotFoundError(f"Trace with ID '{id[:80]}' not found.", hint="search for it; it may have been deleted")


def _label(tx: Tx, trace: str, kind: str, values: Mapping[str, str]) -> None:
    tx.many(_SQL["label"], [(trace, kind, key, value) for key, value in values.items()])
