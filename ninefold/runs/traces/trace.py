"""What a trace, a span and an assessment are, and how they lie in rows."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from ninefold.errors import NotFoundError
from ninefold.ledger import Row

RUNNING = "IN_PROGRESS"


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """A trace without its spans. Times are microseconds UTC, ``took`` too; None while it runs.

    ``request`` and ``response`` are previews of what went in and out. ``told``: somebody said all this; else it was taken from
    the spans.
    """

    id: str
    experiment: int
    name: str = ""
    status: str = RUNNING
    started: int
    took: int | None = None
    client: str = ""
    run: str | None = None
    session: str = ""
    request: str = ""
    response: str = ""
    told: bool = False


class Event(msgspec.Struct, frozen=True):
    """Something that happened during a span; nanoseconds UTC."""

    name: str
    at: int
    attributes: dict[str, Any] = {}


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a trace, from ``began`` to ``ended`` (nanoseconds UTC). ``trace`` is the trace's id, ``root`` that of the protocol."""

    trace: str
    id: str
    parent: str | None = None
    name: str
    kind: str = ""
    status: str = "UNSET"
    message: str = ""
    began: int
    ended: int | None = None
    root: str = ""
    attributes: dict[str, Any] = {}
    events: list[Event] = []


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What was judged of a trace or of one of its spans: feedback, or what would have been expected. ``value`` is any JSON value.

    ``replaces`` is the id of the one that it corrects, which is not valid any more.
    """

    id: str
    trace: str
    kind: Literal["feedback", "expectation", "issue"]
    name: str
    value: Any = None
    source: tuple[str, str] = ("", "")
    span: str | None = None
    rationale: str | None = None
    metadata: dict[str, str] = {}
    error: dict[str, Any] | None = None
    replaces: str | None = None
    valid: bool = True
    created: int = 0
    updated: int = 0


class Whole(msgspec.Struct, frozen=True):
    """A trace with all that belongs to it; spans only where they were asked for."""

    trace: Trace
    tags: dict[str, str]
    metadata: dict[str, str]
    assessments: list[Assessment]
    spans: list[Span]


def trace_row(trace: Trace) -> tuple[Any, ...]:
    """A trace as its row: all columns but the project, the id first."""
    body = msgspec.json.encode({"told": trace.told}).decode()
    return (trace.id, trace.experiment, trace.name, trace.status, trace.started, trace.took, trace.client, trace.run, trace.session,
            trace.request, trace.response, body)  # fmt: skip


def was_told(row: Row) -> bool:
    """Whether somebody said what the trace is."""
    return bool(msgspec.json.decode(row["body"]).get("told"))


def trace_of(row: Row) -> Trace:
    """A row as a trace."""
    return Trace(**{name: row[name] for name in Trace.__struct_fields__ if name != "told"}, told=was_told(row))


def made_of(spans: Sequence[Span], experiment: int) -> Trace:
    """A trace as its root says, or the earliest of its spans while the root is not there."""
    root = next((span for span in spans if span.parent is None), None)
    first = root or min(spans, key=lambda span: span.began)
    if root is None or root.ended is None:
        return Trace(id=first.trace, experiment=experiment, name=root.name if root else "", started=first.began // 1000)
    status = "ERROR" if root.status == "ERROR" else "OK"
    return Trace(id=root.trace, experiment=experiment, name=root.name, status=status, started=root.began // 1000,
                 took=max(0, root.ended - root.began) // 1000)  # fmt: skip


def span_row(span: Span) -> tuple[Any, ...]:
    """A span as its row."""
    ended = None if span.ended is None else span.ended // 1000
    body = {"began": span.began, "ended": span.ended, "root": span.root, "message": span.message, "events": span.events}
    told = (msgspec.json.encode(part).decode() for part in (span.attributes, body))
    return (span.trace, span.id, span.parent, span.name, span.kind, span.status, span.began // 1000, ended, *told)


def span_of(row: Row) -> Span:
    """A row as a span."""
    plain = {name: row[name] for name in ("trace", "id", "parent", "name", "kind", "status")}
    return msgspec.convert({**plain, "attributes": msgspec.json.decode(row["attributes"]), **msgspec.json.decode(row["body"])}, Span)


def assessment_of(row: Row | None, id: str) -> Assessment:
    """An assessment's row as a value; NotFoundError where there is none."""
    if row is None:
        raise NotFoundError(f"Assessment with ID '{id[:80]}' not found", hint="read the trace's assessments")
    plain = {name: row[name] for name in ("id", "trace", "kind", "name", "created", "updated")}
    return msgspec.convert(plain | msgspec.json.decode(row["body"]), Assessment)
