"""OpenTelemetry's export of traces (OTLP over HTTP): spans from protobuf or JSON. The messages are described here, none is generated."""

import zlib
from functools import cache
from typing import Any

import msgspec

from ninefold.errors import LimitError
from ninefold.protocols.mlflow.errors import INVALID, WireError
from ninefold.protocols.mlflow.tracing import spans
from ninefold.runs.traces.trace import Event, Span

MOST = 64 << 20  # bytes of a body, also once it is unpacked
_TYPES = {"string": 9, "bytes": 12, "bool": 8, "int": 3, "double": 1, "fixed64": 6, "int32": 5, "uint32": 13}
# name: fields as number, name, type ("*" before it: repeated); what is left out here is skipped when it is read
_MESSAGES: dict[str, list[tuple[int, str, str]]] = {
    "Export": [(1, "resource_spans", "*ResourceSpans")],
    "ResourceSpans": [(2, "scope_spans", "*ScopeSpans")],
    "ScopeSpans": [(2, "spans", "*Span")],
    "Span": [
        (1, "trace_id", "bytes"), (2, "span_id", "bytes"), (4, "parent_span_id", "bytes"), (5, "name", "string"),
        (7, "start_time_unix_nano", "fixed64"), (8, "end_time_unix_nano", "fixed64"), (9, "attributes", "*KeyValue"),
        (11, "events", "*Event"), (15, "status", "Status"),
    ],
    "Event": [(1, "time_unix_nano", "fixed64"), (2, "name", "string"), (3, "attributes", "*KeyValue")],
    "Status": [(2, "message", "string"), (3, "code", "int32")],
    "KeyValue": [(1, "key", "string"), (2, "value", "AnyValue")],
    "AnyValue": [
        (1, "string_value", "string"), (2, "bool_value", "bool"), (3, "int_value", "int"), (4, "double_value", "double"),
        (5, "array_value", "ArrayValue"), (6, "kvlist_value", "KeyValueList"), (7, "bytes_value", "bytes"),
    ],
    "ArrayValue": [(1, "values", "*AnyValue")],
    "KeyValueList": [(1, "values", "*KeyValue")],
}  # fmt: skip


def read(body: bytes, kind: str) -> list[Span]:
    """The spans of an export. ``kind`` is the media type. WireError for what is no export."""
    return _from_json(body) if "json" in kind else _from_protobuf(body)


def unpacked(body: bytes, encoding: str) -> bytes:
    """A body without its compression; LimitError where it grows beyond what is taken."""
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "deflate"}:
        raise WireError(INVALID, f"The content encoding {encoding[:40]!r} is not known: send gzip, or none.")
    reader = zlib.decompressobj(47 if encoding == "gzip" else 15)
    try:
        whole = reader.decompress(body, MOST + 1)
    except zlib.error:
        raise WireError(INVALID, "The body is not compressed as it says.") from None
    if len(whole) > MOST:
        raise LimitError(f"the body has more than {MOST} bytes once it is unpacked", hint="send it in several requests")
    if not reader.eof:
        raise WireError(INVALID, "The compressed body was cut off.")
    return whole


def _from_json(body: bytes) -> list[Span]:
    try:
        said = msgspec.json.decode(body)
        groups = [g for r in _of(said, "resource_spans", "resourceSpans") for g in _of(r, "scope_spans", "scopeSpans")]
        return [span_of(one) for group in groups for one in _of(group, "spans")]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise WireError(INVALID, f"The body is no export of traces: {type(error).__name__}.") from None


def _of(said: Any, *names: str) -> Any:
    if not isinstance(said, dict):
        raise TypeError(type(said).__name__)
    found = next((said[name] for name in names if name in said), ())
    return found if found is not None else ()


def span_of(one: dict[str, Any]) -> Span:
    """A span from the JSON of the protocol, in either spelling of its names."""
    status = _of(one, "status") or {}
    code = status.get("code", 0)
    codes = {"STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}
    events = [
        Event(str(e.get("name", "")), _nanos(_of(e, "time_unix_nano", "timeUnixNano")), spans.attributes_of(e.get("attributes")))
        for e in _of(one, "events")
    ]
    return spans.span_of(
        spans.hexadecimal(_of(one, "trace_id", "traceId")),
        spans.hexadecimal(_of(one, "span_id", "spanId")),
        spans.hexadecimal(_of(one, "parent_span_id", "parentSpanId")),
        str(one.get("name", "")),
        _nanos(_of(one, "start_time_unix_nano", "startTimeUnixNano")),
        _nanos(_of(one, "end_time_unix_nano", "endTimeUnixNano")),
        spans.attributes_of(one.get("attributes")),
        events,
        codes.get(code, 0) if isinstance(code, str) else int(code),
        str(status.get("message", "")),
    )


def _nanos(given: Any) -> int:
    number = int(given or 0)
    if not 0 <= number < 1 << 63:
        raise ValueError(number)
    return number


def _from_protobuf(body: bytes) -> list[Span]:
    from google.protobuf.message import DecodeError

    message = _classes()["Export"]()
    try:
        message.ParseFromString(body)
    except (DecodeError, RecursionError):
        raise WireError(INVALID, "The body is no export of traces in protobuf.") from None
    return [_read(span) for group in message.resource_spans for scope in group.scope_spans for span in scope.spans]


def _read(span: Any) -> Span:
    if max(span.start_time_unix_nano, span.end_time_unix_nano) >= 1 << 63:
        raise WireError(INVALID, "The time of a span is beyond the year 2262.")
    return spans.span_of(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.name.replace("\x00", ""),
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        _attributes(span.attributes),
        [Event(event.name, min(event.time_unix_nano, (1 << 63) - 1), _attributes(event.attributes)) for event in span.events],
        span.status.code,
        span.status.message,
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key.replace("\x00", ""): _value(pair.value) for pair in pairs}


def _value(any_value: Any) -> Any:
    kind = any_value.WhichOneof("value")
    if kind is None:
        return None
    inner = getattr(any_value, kind)
    if kind == "array_value":
        return [_value(one) for one in inner.values]
    if kind == "kvlist_value":
        return _attributes(inner.values)
    if kind == "bytes_value":
        return inner.hex()
    if kind == "string_value":
        return inner.replace("\x00", "")
    return spans.finite(inner) if kind == "double_value" else inner


@cache
def _classes() -> dict[str, Any]:
    """The messages as classes; protobuf is imported with the first export."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="ninefold/otlp.proto", package="ninefold.otlp", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        if name == "AnyValue":
            message.oneof_decl.add(name="value")
        for number, field, kind in fields:
            plain = kind.lstrip("*")
            made = message.field.add(name=field, number=number, label=3 if kind.startswith("*") else 1)
            if plain in _TYPES:
                made.type = _TYPES[plain]
            else:
                made.type, made.type_name = 11, f".ninefold.otlp.{plain}"
            if name == "AnyValue":
                made.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"ninefold.otlp.{name}")) for name in _MESSAGES}
