"""OpenAPI 3.1 of everything that speaks one protocol, read from the routes."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from ninefold.web.route import Route
from ninefold.web.shapes import ErrorAnswer

_REF = "#/components/schemas/{name}"
_MEDIA = {"page": "text/html", "events": "text/event-stream", "stream": "*/*", "raw": "*/*"}  # a file is of any type
_NOTHING = (None, type(None), Any)


def openapi(routes: Sequence[Route], *, title: str, version: str, speaks: str = "ninefold", error: Any = ErrorAnswer) -> dict[str, Any]:
    """The document. Routes of other protocols are left to those protocols' own documents; ``error`` is the shape of this one's errors.

    >>> from ninefold.web.route import route
    >>> def show(call, name: str) -> dict[str, int]:
    ...     "Show one."
    >>> made = openapi([route("GET", "/api/tables/{name}", show, who={"viewer"})], title="x", version="1")
    >>> made["paths"]["/api/tables/{name}"]["get"]["summary"]
    'Show one.'
    """
    ours = [route for route in routes if route.speaks == speaks]
    types = [kind for route in ours for kind in (route.body, route.query, route.answer) if _described(kind)]
    distinct = list({repr(kind): kind for kind in [error, *types]}.values())
    schemas, components = msgspec.json.schema_components(distinct, ref_template=_REF)
    by_type = {repr(kind): schema for kind, schema in zip(distinct, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for route in ours:
        operation = _operation(route, by_type, components, by_type[repr(error)])
        paths.setdefault(re.sub(r":path\}", "}", route.path), {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": components, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _described(kind: Any) -> bool:
    if kind in _NOTHING:
        return False
    try:
        msgspec.json.schema_components([kind], ref_template=_REF)
    except TypeError:  # an Answer, a page, an iterator: nothing that JSON Schema could say
        return False
    return True


def _operation(route: Route, schemas: dict[str, Any], components: dict[str, Any], error: dict[str, Any]) -> dict[str, Any]:
    media = _MEDIA.get(route.kind, "application/json")
    answer = schemas.get(repr(route.answer), {}) if route.kind == "json" else {}
    done: dict[str, Any] = {"200": {"description": "done", "content": {media: {"schema": answer}}}}
    if route.answer is type(None):
        done = {"204": {"description": "done"}}
    told = {"application/json": {"schema": error}, **({"text/html": {"schema": {}}} if route.kind == "page" else {})}  # pages tell browsers in a page
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{route.path}").strip("_"),
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route, schemas, components)],
        "responses": {**done, "default": {"description": "an error", "content": told}},
        "security": [] if route.who == "public" else [{"token": []}],
        "x-roles": route.who if isinstance(route.who, str) else sorted(route.who),
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schemas.get(repr(route.body), {})}}}
    elif route.kind == "page" and route.method == "POST":
        fields = {"type": "object", "additionalProperties": {"type": "string"}}
        operation["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": fields}}}
    elif route.kind == "upload":
        operation["requestBody"] = {"content": {"application/octet-stream": {"schema": {}}}}
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in route.params]


def _query_parameters(route: Route, schemas: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    if not _described(route.query):
        return []
    schema = schemas[repr(route.query)]
    schema = components[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    required = set(schema.get("required", ()))
    return [{"name": n, "in": "query", "required": n in required, "schema": s} for n, s in schema.get("properties", {}).items()]
