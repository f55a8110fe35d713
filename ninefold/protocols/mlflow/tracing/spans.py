"""Spans as they travel: OpenTelemetry's JSON with the names of its messages, and back."""

import base64
import binascii
import math
from typing import Any

from ninefold.protocols.mlflow.errors import INVALID, WireError
from ninefold.runs.traces.trace import Event, Span

_KIND, _REQUEST = "mlflow.spanType", "mlflow.traceRequestId"
_CODES = {0: "UNSET", 1: "OK", 2: "ERROR"}
_DEEPEST = 100


def shown(span: Span) -> dict[str, Any]:
    """A span as clients read it."""
    told: dict[str, Any] = {"trace_id": _base64(span.root), "span_id": _base64(span.id)}
    if span.parent:
        told["parent_span_id"] = _base64(span.parent)
    told |= {"name": span.name, "start_time_unix_nano": span.began, "end_time_unix_nano": span.ended or 0}
    told["attributes"] = _pairs(span.attributes)
    if span.events:
        told["events"] = [{"time_unix_nano": e.at, "name": e.name, "attributes": _pairs(e.attributes)} for e in span.events]
    status: dict[str, Any] = {"message": span.message} if span.message else {}
    told["status"] = status | {"code": f"STATUS_CODE_{span.status}"}
    return told


def span_of(root: str, id: str, parent: str, name: str, began: int, ended: int, attributes: dict[str, Any], events: list[Event],
            status: int, message: str) -> Span:  # fmt: skip
    """A span from what both forms of the protocol say. ``root``, ``id`` and ``parent`` are hexadecimal."""
    if len(root) != 32 or len(id) != 16 or (parent and len(parent) != 16):
        raise WireError(INVALID, "A trace has an id of 16 bytes and a span one of 8 bytes.")
    kind, request = attributes.get(_KIND), attributes.get(_REQUEST)
    return Span(
        trace=request if isinstance(request, str) and request else f"tr-{root}",
        id=id,
        parent=parent if parent.strip("0") else None,
        name=name,
        kind=kind if isinstance(kind, str) else "",
        status=_CODES.get(status, "UNSET"),
        message=message,
        began=began,
        ended=ended or None,
        root=root,
        attributes=attributes,
        events=events,
    )


def _pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": wrapped(value)} for key, value in attributes.items()]


def wrapped(value: Any) -> dict[str, Any]:
    """A value with its type, as OpenTelemetry has it.

    >>> wrapped({"x": [1, True]})
    {'kvlist_value': {'values': [{'key': 'x', 'value': {'array_value': {'values': [{'int_value': 1}, {'bool_value': True}]}}}]}}
    """
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"bool_value": value}
    if isinstance(value, int):
        return {"int_value": value}
    if isinstance(value, float):
        return {"double_value": value}
    if isinstance(value, str):
        return {"string_value": value}
    if isinstance(value, list):
        return {"array_value": {"values": [wrapped(one) for one in value]}}
    return {"kvlist_value": {"values": _pairs(value)}}


def plain(value: Any, depth: int = 0) -> Any:
    """A value of OpenTelemetry's JSON without its type. Whole numbers may be texts; bytes stay as they came, in base 64."""
    if depth > _DEEPEST:
        raise WireError(INVALID, "An attribute is nested too deeply.")
    if not isinstance(value, dict) or not value:
        return None
    kind, inner = next(iter(value.items()))
    match kind.replace("_", "").lower():
        case "stringvalue" | "bytesvalue":
            return str(inner).replace("\x00", "")
        case "boolvalue":
            return bool(inner)
        case "intvalue":
            return int(inner)
        case "doublevalue":
            return finite(float(inner))
        case "arrayvalue":
            return [plain(one, depth + 1) for one in (inner or {}).get("values", ())]
        case "kvlistvalue":
            return attributes_of((inner or {}).get("values", ()), depth + 1)
    return None


def attributes_of(pairs: Any, depth: int = 0) -> dict[str, Any]:
    """Attributes from a list of keys and values."""
    return {str(pair["key"]).replace("\x00", ""): plain(pair.get("value"), depth) for pair in pairs or ()}


def finite(number: float) -> float | str:
    """A number as JSON can hold it: what is none is a text."""
    return number if math.isfinite(number) else str(number)


def hexadecimal(text: Any) -> str:
    """An id, hexadecimal or (in the JSON that protobuf makes) base 64, as hexadecimal."""
    given = str(text or "")
    try:
        return bytes.fromhex(given).hex() if len(given) in {0, 16, 32} else base64.b64decode(given, validate=True).hex()
    except (ValueError, binascii.Error):
        raise WireError(INVALID, "An id of a trace or span is neither hexadecimal nor base 64.") from None


def _base64(text: str) -> str:
    return base64.b64encode(bytes.fromhex(text)).decode()
