"""Answers on their way out: whole, in chunks, as events; always with the headers that keep browsers out of trouble."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any

from ninefold.web.call import Call, GoneError, ServerEvent

Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY: Headers = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_USUAL: Headers = [*SECURITY, (b"cache-control", b"no-store")]
_NAMES = frozenset(name for name, _ in _USUAL)
_END = object()


def cross_origin(origin: str) -> Headers:
    """The headers that let the page of another site, which is on the list, read the answer."""
    return [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin")]


class Reply:
    """One answer. ``started`` once its head is out; ``status`` as sent."""

    __slots__ = ("_head", "_send", "extra", "started", "status")

    def __init__(self, send: Send, head: bool) -> None:
        self._send, self._head = send, head
        self.started, self.status = False, 0
        self.extra: Headers = []

    async def start(self, status: int, kind: str | None, headers: Headers) -> None:
        """Send status and headers. What the handler says wins over the security headers of the same name."""
        named = {name for name, _ in headers}
        whole = [*headers, *self.extra, *(_USUAL if named.isdisjoint(_NAMES) else [pair for pair in _USUAL if pair[0] not in named])]
        if kind is not None:
            whole.append((b"content-type", kind.encode("latin-1")))
        self.started, self.status = True, status
        await self._send({"type": "http.response.start", "status": status, "headers": whole})

    async def whole(self, status: int, body: bytes, kind: str | None, headers: Headers | None = None) -> None:
        """Send an answer at once."""
        length = [] if status == 204 else [(b"content-length", str(len(body)).encode())]
        await self.start(status, kind, [*length, *(headers or [])])
        await self._send({"type": "http.response.body", "body": b"" if self._head else body})

    async def chunks(
        self, status: int, body: AsyncIterator[bytes] | Iterator[bytes], kind: str | None, headers: Headers, call: Call, threads: Executor
    ) -> None:
        """Send an answer as its chunks come, until the client goes; a plain iterator is read in a thread, since it may wait for a disk."""
        await self.start(status, kind, headers)
        if not self._head:
            gone = asyncio.ensure_future(call.gone())
            try:
                async for chunk in body if isinstance(body, AsyncIterator) else _in_thread(body, threads):
                    if gone.done():
                        raise GoneError
                    await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
            finally:
                gone.cancel()
                await _close(body)
        await self._send({"type": "http.response.body", "body": b""})

    async def events(self, events: AsyncIterator[ServerEvent], call: Call, ping: float, draining: asyncio.Event) -> None:
        """Send events until they end, the client goes, or the server stops; a comment every ``ping`` seconds keeps proxies awake."""
        await self.start(200, "text/event-stream", [(b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")])
        ends = [asyncio.ensure_future(call.gone()), asyncio.ensure_future(draining.wait())]
        following: asyncio.Future[Any] | None = None
        try:
            while not self._head:
                following = following or asyncio.ensure_future(_next(events))
                done, _ = await asyncio.wait([following, *ends], timeout=ping, return_when=asyncio.FIRST_COMPLETED)
                if any(end in done for end in ends):
                    break
                if following not in done:
                    await self._send({"type": "http.response.body", "body": b": still here\n\n", "more_body": True})
                    continue
                event = following.result()
                following = None
                if event is _END:
                    break
                await self._send({"type": "http.response.body", "body": event.encoded(), "more_body": True})
            await self._send({"type": "http.response.body", "body": b""})
        finally:
            for task in [*ends, *([following] if following is not None else [])]:
                task.cancel()
                with suppress(asyncio.CancelledError, StopAsyncIteration):
                    await task
            close = getattr(events, "aclose", None)
            if close is not None:
                await close()

    async def pass_on(self, app: Callable[..., Awaitable[None]], call: Call) -> None:
        """Let another ASGI application answer; the security headers are added to its own."""

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                named = {name.lower() for name, _ in message.get("headers", [])}
                message["headers"] = [*message.get("headers", []), *self.extra, *(pair for pair in SECURITY if pair[0] not in named)]
                self.started, self.status = True, message["status"]
            await self._send(message)

        await app(call.scope, call.receive, send)


async def _close(body: Any) -> None:
    """Let go of what a body holds open."""
    if hasattr(body, "aclose"):
        await body.aclose()
    elif hasattr(body, "close"):
        with suppress(ValueError):  # a thread is in it still, and lets go of it
            body.close()


async def _next(events: AsyncIterator[ServerEvent]) -> Any:
    return await anext(events, _END)


async def _in_thread(body: Iterator[Any], threads: Executor) -> AsyncIterator[Any]:
    loop = asyncio.get_running_loop()
    while (chunk := await loop.run_in_executor(threads, next, body, _END)) is not _END:
        yield chunk
