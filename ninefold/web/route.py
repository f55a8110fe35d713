"""A route: one value that says method, path, who may call it, how it speaks, and what it takes and gives."""

import inspect
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from ninefold.errors import DeclarationError

Kind = Literal["json", "upload", "stream", "events", "page", "raw"]
Who = frozenset[str] | Literal["public", "signed in"]
Reach = Literal["project", "served", "server"]

_ACCEPTS: dict[str, tuple[str, ...]] = {
    "json": ("application/json",),
    "page": ("application/x-www-form-urlencoded", "multipart/form-data", "application/json"),
    "stream": ("application/json",),
    "events": ("application/json",),
    "upload": (),
    "raw": (),
}


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    ``path`` has parameters: ``{name}`` is one segment, ``{name:path}`` the rest. ``who`` is the roles that may call it,
    ``"signed in"`` (whoever it is), or ``"public"``. ``reach`` says where these roles must have been given: in the ``project``
    of the call; the same, and it must be the one that is ``served`` here (what works on what this server alone holds); or for
    every project of the ``server``. ``kind`` says how body and answer travel: ``json`` (a body read whole, a value back),
    ``upload`` (the handler reads the body in chunks), ``stream`` (the answer comes in chunks), ``events`` (server-sent events),
    ``page`` (HTML), ``raw`` (an ASGI application behind the checks). ``speaks`` names the protocol, which shapes its errors.
    ``blocking`` handlers run in a thread. ``accepts`` are the media types a body may have (empty: any); ``max_body`` bytes.
    ``encodings`` are those that the handler unpacks by itself. One that ``searches`` may take long: it waits for others of its kind.
    """

    method: str
    path: str
    handler: Callable[..., Any]
    who: Who
    kind: Kind = "json"
    speaks: str = "ninefold"
    summary: str = ""
    blocking: bool = False
    body: Any = None
    query: Any = None
    answer: Any = None
    accepts: tuple[str, ...] = ()
    max_body: int | None = None
    params: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    reach: Reach = "project"
    encodings: tuple[str, ...] = ()
    searches: bool = False

    @property
    def fixed(self) -> bool:
        """Whether the path has no parameters."""
        return "{" not in self.path


def route(
    method: str,
    path: str,
    handler: Callable[..., Any],
    *,
    who: Iterable[str] | Literal["public", "signed in"],
    kind: Kind = "json",
    speaks: str = "ninefold",
    summary: str = "",
    blocking: bool = False,
    accepts: tuple[str, ...] | None = None,
    max_body: int | None = None,
    body: Any = None,
    query: Any = None,
    answer: Any = None,
    reach: Reach = "project",
    encodings: tuple[str, ...] = (),
    searches: bool = False,
) -> Route:
    """Declare a route. What the handler takes is read from its signature: a first parameter for the call, then by name
    ``body`` (decoded into its annotation), ``query`` (a Struct), and the path's parameters.

    >>> import msgspec
    >>> class New(msgspec.Struct):
    ...     name: str
    >>> def create(call, body: New) -> dict[str, str]:
    ...     "Make one."
    ...     return {"name": body.name}
    >>> made = route("POST", "/things/{group}", create, who={"scientist"})
    >>> made.body is New, made.params, made.summary
    (True, ('group',), 'Make one.')
    """
    if not path.startswith("/") or "//" in path:
        raise DeclarationError(f"the route path {path!r} is wrong", hint='it starts with "/" and has no empty segment')
    params = tuple(part.split(":")[0] for part in _between(path))
    hints, names = _signature(handler, kind)
    unknown = [name for name in names if name not in {"body", "query", *params}]
    if unknown:
        raise DeclarationError(f"{method} {path}: the handler asks for {unknown[0]!r}", hint=f"it can have: body, query, {', '.join(params)}")
    return Route(
        method.upper(),
        path,
        handler,
        "public" if who == "public" else "signed in" if who == "signed in" else frozenset(who),
        kind,
        speaks,
        summary or (inspect.getdoc(handler) or "").split("\n")[0],
        blocking,
        body or hints.get("body"),
        query or hints.get("query"),
        answer or hints.get("return"),
        _ACCEPTS[kind] if accepts is None else accepts,
        max_body,
        params,
        tuple(names),
        reach,
        encodings,
        searches,
    )


def _between(path: str) -> list[str]:
    return [piece.split("}")[0] for piece in path.split("{")[1:]]


def _signature(handler: Callable[..., Any], kind: Kind) -> tuple[dict[str, Any], list[str]]:
    if kind == "raw":
        return {}, []
    names = [p.name for p in list(inspect.signature(handler).parameters.values())[1:] if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    try:
        hints = typing.get_type_hints(handler)
    except (NameError, TypeError):
        # a type known only to the type checker: body= and query= say it instead
        hints = {}
    return hints, names
