"""HTTP on one connection, within limits: heads, bodies that nobody wants, answers that nobody takes, and how many connections there are."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ninefold.web.call import ARRIVED
from ninefold.web.joining import Joining

_HEAD = 64 * 1024  # bytes of request line and headers
_UNREAD = 64 * 2**20  # bytes of a refused body that are read and dropped, so that the client gets to see the refusal
_RATE = 1024  # bytes a second of an answer that a client takes at least
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with the limits that it lacks: the size of a request's head, the time it may take, unread bodies, answers that
    nobody takes, and how many connections there are.
    """

    head_seconds = 15.0
    stall_seconds = 20.0
    most = 0
    _stall_timer: asyncio.TimerHandle | None = None
    _unsent = 0
    _head_size = 0
    _unread = 0
    _in_head = True
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.write(_FULL)
            transport.close()
            return
        self.transport = Joining(transport, self.loop)  # type: ignore[assignment]
        self._head_timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._stop_stall()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            # counted before parsing: the parser hands a header over only when it is whole
            self._head_size += len(data)
        super().data_received(data)
        if self._in_head and self._head_size and self._head_timer is None:  # most heads come whole, and need no timer
            self._head_timer = self.loop.call_later(self.head_seconds, self._too_slow)
        if self._in_head and self._head_size > _HEAD:
            self._too_large()

    def on_headers_complete(self) -> None:
        # what came at once may be a small head with a large body after it
        if self._head_size > _HEAD and len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > _HEAD:
            self._too_large()
            raise ValueError("the head is too large")  # the parser stops
        self._in_head, self._head_size = False, 0
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self.cycle.response_complete:
            self._unread += len(body)
            if self._unread > _UNREAD:
                self.transport.close()

    def on_message_complete(self) -> None:
        self._in_head = True
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]  # a mark of our own
        scope[ARRIVED] = True
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        self._stop_stall()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        if self._stall_timer is not None:  # the answer is on its way, as fast as its client takes it
            self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        elif self.transport.get_write_buffer_size():
            self.transport.abort()  # a close would wait, with the answer in memory, for a client that does not read it
        else:
            super().timeout_keep_alive_handler()

    def _watch(self) -> None:
        self._stop_stall()
        self._unsent = self.transport.get_write_buffer_size()
        self._stall_timer = self.loop.call_later(self.stall_seconds, self._stalled)

    def _stalled(self) -> None:
        taken = self._unsent - self.transport.get_write_buffer_size()
        if taken < self.stall_seconds * _RATE:
            self.transport.abort()
        else:
            self._watch()

    def _stop_stall(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_large(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()
