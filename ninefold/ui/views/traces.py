"""Traces: one request through somebody's application each, its spans, and what was judged of it."""

from typing import Any
from urllib.parse import urlencode

import msgspec

from ninefold.errors import NotFoundError
from ninefold.ledger import Ledger
from ninefold.runs.many import details
from ninefold.runs.run import Run
from ninefold.runs.searching.filters import Comparison, Field
from ninefold.runs.traces.records import Traces
from ninefold.runs.traces.search import search_traces
from ninefold.runs.traces.trace import Assessment, Span, Whole
from ninefold.ui.reading import Reading
from ninefold.ui.views.tracked_list import Tracked, tracked

PAGE, BESIDE = 50, 10  # traces of a page, and of that of a run
SPANS = 200  # that are drawn; others are in the JSON of the protocol
_LONGEST = 4000  # characters of a text
_STATES = {"OK": "done", "ERROR": "failed"}
_EXPERIMENT = "select id, name from experiments where project = ? and name = ?"
_EXPERIMENTS = "select id from experiments where project = ? limit 10000"
_OF_RUN = (
    "select t.id from trace_links x join traces t on t.id = x.trace and t.project = x.project where x.run = ? and x.project = ? "
    "order by t.started desc, t.id limit ?"
)
_NAME = "select name from experiments where project = ? and id = ?"
_RUNS = (
    "select r.id from trace_links x join runs r on r.id = x.run and r.project = x.project "
    "where x.trace = ? and x.project = ? and r.state = 'active' order by r.started, r.id limit 20"
)


class TracesQuery(msgspec.Struct):
    """The traces of an ``experiment`` by its name, or of a ``run``; ``after`` is the token of the page before."""

    experiment: str = ""
    run: str = ""
    after: str = ""


class TraceLine(msgspec.Struct):
    """A trace: when it began, what it took (µs; None: it runs), the beginnings of what went in and out, what was judged."""

    id: str
    path: str
    name: str
    status: str
    started: int
    took: int | None
    request: str
    response: str
    judged: list[str]


class TracesPage(msgspec.Struct):
    """Traces, the newest first."""

    traces: list[TraceLine]
    experiment: str
    run: str
    following: str | None


class SpanLine(msgspec.Struct):
    """A part of a trace, under ``depth`` others; microseconds from the trace's beginning. Attributes as text."""

    id: str
    name: str
    kind: str
    failed: bool
    message: str
    depth: int
    start: float
    end: float | None
    attributes: dict[str, str]
    events: list[tuple[str, float, dict[str, str]]]


class Judged(msgspec.Struct):
    """What somebody judged of the trace, or would have expected."""

    name: str
    kind: str
    value: str
    by: str
    why: str
    valid: bool
    error: str


class TracePage(msgspec.Struct):
    """A trace with its spans in the order in which they called each other. ``more`` spans are not shown."""

    trace: TraceLine
    experiment: str
    runs: list[Tracked]
    tags: dict[str, str]
    metadata: dict[str, str]
    assessments: list[Judged]
    spans: list[SpanLine]
    more: int


def traces(reading: Reading, query: TracesQuery) -> TracesPage:
    """The list of traces."""
    ledger, project = reading.home.ledger, reading.project
    text = _EXPERIMENTS if not query.experiment else _EXPERIMENT
    rows = ledger.all(text, project, *([query.experiment] if query.experiment else []))
    filters = [Comparison(Field("attribute", "run"), "=", query.run)] if query.run else []
    experiments = [int(row[0]) for row in rows]
    ids, token = search_traces(ledger, project, experiments, filters, limit=PAGE, token=query.after or None)
    given = {"experiment": query.experiment, "run": query.run, "after": token or ""}
    following = "/traces?" + urlencode({name: value for name, value in given.items() if value}) if token else None
    return TracesPage([_line(one) for one in Traces(ledger, project).many(ids)], query.experiment, query.run, following)


def of_run(ledger: Ledger, project: str, run: str) -> list[TraceLine]:
    """The newest traces of a run."""
    ids = [row["id"] for row in ledger.all(_OF_RUN, run, project, BESIDE)]
    return [_line(one) for one in Traces(ledger, project).many(ids)]


def trace(reading: Reading, name: str) -> TracePage:
    """One trace by its id. Raises NotFoundError."""
    ledger, project = reading.home.ledger, reading.project
    try:
        whole = Traces(ledger, project).get(name, spans=True)
    except NotFoundError:
        raise NotFoundError(f"there is no trace {name[:60]}", hint="the list of traces has them all") from None
    row = ledger.one(_NAME, project, whole.trace.experiment)
    names: dict[int, str] = {}
    return TracePage(
        _line(whole),
        row["name"] if row is not None else str(whole.trace.experiment),
        [tracked(run, names, ledger) for run in _runs(ledger, project, name)],
        whole.tags,
        whole.metadata,
        [_judged(one) for one in whole.assessments],
        _spans(whole),
        max(0, len(whole.spans) - SPANS),
    )


def _runs(ledger: Ledger, project: str, trace: str) -> list[Run]:
    return [one.run for one in details(ledger, [row["id"] for row in ledger.all(_RUNS, trace, project)]).values()]


def _line(whole: Whole) -> TraceLine:
    one = whole.trace
    judged = [f"{each.name}: {_text(each.value)[:40]}" for each in whole.assessments if each.valid]
    status = _STATES.get(one.status, "running")
    return TraceLine(one.id, f"/traces/{one.id}", one.name or one.id, status, one.started, one.took, one.request[:200], one.response[:200], judged)


def _judged(one: Assessment) -> Judged:
    error = str((one.error or {}).get("error_message") or "") if one.error else ""
    return Judged(one.name, one.kind, _text(one.value), one.source[1] or one.source[0], one.rationale or "", one.valid, error)


def _spans(whole: Whole) -> list[SpanLine]:
    """Spans below the one that called them, by when they began; those whose caller is not there stand first in line."""
    spans = sorted(whole.spans, key=lambda span: (span.began, span.parent is not None, span.id))
    known = {span.id for span in spans}
    below: dict[str | None, list[Span]] = {}
    for span in spans:
        below.setdefault(span.parent if span.parent in known and span.parent != span.id else None, []).append(span)
    first = spans[0].began if spans else 0
    found, seen = list[SpanLine](), set[str]()
    stack = [(span, 0) for span in reversed(below.get(None, []) or spans[:1])]
    while stack and len(found) < SPANS:
        span, depth = stack.pop()
        if span.id in seen:  # spans that call each other in a circle
            continue
        seen.add(span.id)
        found.append(_span(span, depth, first))
        stack += [(each, depth + 1) for each in reversed(below.get(span.id, []))]
    return found


def _span(span: Span, depth: int, first: int) -> SpanLine:
    events = [(event.name, (event.at - first) / 1000, _texts(event.attributes)) for event in span.events[:50]]
    end = None if span.ended is None else (span.ended - first) / 1000
    failed = span.status == "ERROR"
    return SpanLine(span.id, span.name, span.kind, failed, span.message, depth, (span.began - first) / 1000, end, _texts(span.attributes), events)


def _texts(values: dict[str, Any]) -> dict[str, str]:
    return {key: _text(value) for key, value in list(values.items())[:100]}


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
