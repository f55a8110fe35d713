"""A request as a handler sees it, and the answers that a handler gives."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ninefold.errors import LimitError, UsageError
from ninefold.web.limits import Limits, check_depth
from ninefold.web.load import Load
from ninefold.web.route import Route
from ninefold.web.shapes import MediaTypeError, SlowError

Receive = Callable[[], Awaitable[dict[str, Any]]]
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
_SMALLER = "send it in several requests"
_LINE_END = re.compile("\r\n|\n|\r")
_FORM = "application/x-www-form-urlencoded"
ARRIVED = "ninefold.arrived"  # in a scope: all of the request is here


class GoneError(Exception):
    """The client closed the connection; nobody is left to answer."""


class Answer:
    """An answer that is not just a value: a status, headers, a media type; ``body`` is bytes, text, an iterator of bytes
    (``stream``), or any value that becomes JSON.

    >>> Answer({"id": "7"}, status=201).encoded()
    (b'{"id":"7"}', 'application/json')
    """

    __slots__ = ("body", "headers", "status", "type")

    def __init__(
        self, body: Any = b"", *, status: int = 200, type: str | None = None, headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()
    ) -> None:
        self.body, self.status, self.type = body, status, type
        self.headers = list(headers.items()) if isinstance(headers, Mapping) else list(headers)

    def encoded(self) -> tuple[bytes, str]:
        """The body's bytes and media type."""
        if isinstance(self.body, bytes):
            return self.body, self.type or "application/octet-stream"
        if isinstance(self.body, str):
            return self.body.encode(), self.type or "text/plain; charset=utf-8"
        return msgspec.json.encode(self.body), self.type or "application/json"


class ServerEvent(msgspec.Struct, frozen=True):
    """One server-sent event: ``data`` becomes JSON (text stays text); ``id`` is what a client sends back to go on from."""

    data: Any
    name: str = ""
    id: str = ""

    def encoded(self) -> bytes:
        r"""The event as it travels.

        >>> ServerEvent({"n": 1}, "head", "7").encoded()
        b'id: 7\nevent: head\ndata: {"n":1}\n\n'
        """
        text = self.data if isinstance(self.data, str) else msgspec.json.encode(self.data).decode()
        lines = [f"id: {_line(self.id)}"] if self.id else []
        lines += [f"event: {_line(self.name)}"] if self.name else []
        # only these end a line of the stream; what else Python takes for a line's end may stand inside of JSON
        lines += [f"data: {line}" for line in _LINE_END.split(text)]
        return ("\n".join(lines) + "\n\n").encode()


def _line(text: str) -> str:
    return " ".join(text.splitlines())


class Call:
    """A request: ``params`` of the path, ``headers`` (lower-case names), ``body`` bytes once read, ``who`` is calling
    (what the application's ``permit`` put there), ``project`` of a ``/~project`` path, ``client`` address.
    """

    __slots__ = ("_headers", "body", "client", "limits", "method", "params", "path", "project", "read_at", "receive", "route", "scope", "who")

    def __init__(self, scope: dict[str, Any], receive: Receive, route: Route, params: dict[str, str], limits: Limits) -> None:
        self.scope, self.receive, self.route, self.params, self.limits = scope, receive, route, params, limits
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.client: str = (scope.get("client") or ("", 0))[0]
        self.project: str | None = None
        self.who: Any = None
        self.body = b""
        self.read_at = time.perf_counter()
        self._headers: dict[str, str] | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Headers by lower-case name; the first wins where one came twice."""
        if self._headers is None:
            self._headers = {}
            for name, value in self.scope["headers"]:
                self._headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
        return self._headers

    @property
    def arrived(self) -> bool:
        """Whether all of it has come, so that reading it waits for nobody."""
        return ARRIVED in self.scope

    def json(self, kind: Any = Any) -> Any:
        """The body, decoded and checked. UsageError whose ``where`` is the place in the JSON."""
        decoder = _decoders.get(kind)
        if decoder is None:
            decoder = _decoders[kind] = msgspec.json.Decoder(kind)
        check_depth(self.body, self.limits.depth)
        try:
            return decoder.decode(self.body)
        except msgspec.MsgspecError as error:
            raise _told(error, "the body") from None
        except UnicodeDecodeError as error:
            raise UsageError(f"the body is not UTF-8: {error.reason} at byte {error.start}", hint="encode it as UTF-8") from None
        except RecursionError:
            raise LimitError("the JSON is nested too deeply", hint="send it flatter") from None

    def query(self, kind: Any = dict[str, str]) -> Any:
        """The query string as a Struct (fields that are lists take every value of a name), or as a dictionary of texts."""
        try:
            pairs = parse_qsl(
                self.scope["query_string"].decode("ascii"), keep_blank_values=True, strict_parsing=False, errors="strict", max_num_fields=200
            )
        except (UnicodeDecodeError, ValueError):
            raise UsageError("the query string cannot be read", hint="at most 200 fields, percent-encoded UTF-8") from None
        if kind == dict[str, str]:
            return dict(pairs)
        several: dict[str, list[str]] = {}
        for name, value in pairs:
            several.setdefault(name, []).append(value)
        many = {field.encode_name for field in msgspec.structs.fields(kind) if _is_list(field.type)}
        try:
            return msgspec.convert({n: v if n in many else v[-1] for n, v in several.items()}, kind, strict=False)
        except msgspec.ValidationError as error:
            raise _told(error, "the query") from None

    async def form(self) -> dict[str, str]:
        """The fields of a posted form. Files come through ``upload`` routes, not through forms."""
        if self.headers.get("content-type", "").split(";")[0].strip().lower() != _FORM:
            raise MediaTypeError("a form was expected", hint=f"send it as {_FORM}")
        try:
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True, errors="strict", max_num_fields=1000))
        except (UnicodeDecodeError, ValueError):
            raise UsageError("the form cannot be read", hint="at most 1000 fields, percent-encoded UTF-8") from None

    async def read(self, load: Load) -> None:
        """Read the whole body, within the limits of size and time, and of what all bodies may take."""
        limit = self.route.max_body or self.limits.body
        if self.length(limit) == 0 and "transfer-encoding" not in self.headers:
            return
        chunks = list[bytes]()
        try:
            # a timer only where somebody is waited for
            async with nullcontext() if self.arrived else asyncio.timeout(self.limits.seconds):
                async for chunk in self._chunks(limit):
                    load.hold(len(chunk))
                    chunks.append(chunk)
        except TimeoutError:
            raise SlowError(f"the body did not arrive within {self.limits.seconds:g} seconds", hint=_SMALLER) from None
        finally:
            # also where it ends early: who answers gives back what is in the body
            self.body = chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def stream(self) -> AsyncIterator[bytes]:
        """The body in chunks, for uploads; within the limits of size, of the pause between two chunks and of the bytes a second."""
        limit = self.route.max_body or self.limits.upload
        self.length(limit)
        chunks, waited, seen = self._chunks(limit), 0.0, 0
        if self.arrived:
            async for chunk in chunks:
                yield chunk
            return
        while True:
            begun = time.perf_counter()
            try:
                async with asyncio.timeout(self.limits.pause):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise SlowError(f"nothing arrived for {self.limits.pause:g} seconds", hint="send without such pauses") from None
            waited, seen = waited + time.perf_counter() - begun, seen + len(chunk)
            # byte by byte it would take its place for ever
            if waited > self.limits.pause and seen < waited * self.limits.rate:
                raise SlowError(f"less than {self.limits.rate} bytes a second arrived for {waited:.0f} seconds", hint="send it faster") from None
            yield chunk

    def length(self, limit: int) -> int:
        """The declared length, 0 if there is none; LimitError before a byte is read if it is too large."""
        text = self.headers.get("content-length", "0")
        if not text.isascii() or not text.isdigit():
            raise UsageError(f'the content-length "{text[:40]}" is no number', hint="give the number of bytes")
        if len(text) > 18 or int(text) > limit:
            raise LimitError(f"the body has {text[:18]} bytes, at most {limit} are taken", hint=_SMALLER)
        return int(text)

    async def _chunks(self, limit: int) -> AsyncIterator[bytes]:
        seen, more = 0, True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise GoneError
            chunk = message.get("body", b"")
            seen, more = seen + len(chunk), message.get("more_body", False)
            if seen > limit:
                raise LimitError(f"the body has more than {limit} bytes", hint=_SMALLER)
            if chunk:
                yield chunk

    def check_type(self) -> None:
        """MediaTypeError if the body has a media type that the route does not take: a form cannot pass for JSON."""
        given = self.headers.get("content-type", "").split(";")[0].strip().lower()
        accepts = self.route.accepts
        if given and accepts and given not in accepts and not (given.endswith("+json") and "application/json" in accepts):
            raise MediaTypeError(f'the body is "{given[:80]}"', hint=f"send {' or '.join(accepts)}")
        if self.headers.get("content-encoding", "identity").strip().lower() not in {"identity", *self.route.encodings}:
            raise MediaTypeError("the body is compressed", hint="send it as it is")

    async def gone(self) -> None:
        """Return when the client has closed the connection."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


def _is_list(kind: Any) -> bool:
    return getattr(kind, "__origin__", kind) in (list, tuple, set, frozenset)


def _told(error: msgspec.MsgspecError, what: str) -> UsageError:
    """Msgspec says "Expected `int`, got `str` - at `$.limit`": the place goes into ``where``."""
    message, _, place = str(error).partition(" - at `")
    said = message if message.startswith("JSON") else message[:1].lower() + message[1:]
    hint = "" if isinstance(error, msgspec.ValidationError) else "send one JSON document"
    return UsageError(f"{what} is wrong: {said}", where=place.rstrip("`"), hint=hint)
