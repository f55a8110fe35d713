"""The server process: listen, serve, and stop without losing a request.

Stopping in the usual order loses requests: a server that first announces that it will stop sees told clients come back to a
listener that is still open, and one that closes idle connections meets requests that are already on their way. So the
listener closes first (a refused connection may always be tried again), every further answer says ``connection: close``, and
idle connections are kept until they have been told, or until ``drain`` seconds are over.
"""

import asyncio
import errno
import gc
import logging
import resource
import socket
import time
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ninefold.errors import DeniedError, HeldError, NinefoldError, UsageError
from ninefold.web.call import ARRIVED

_log = logging.getLogger("ninefold.web")
_HEAD = 64 * 1024  # bytes of request line and headers
_UNREAD = 64 * 2**20  # bytes of a refused body that are read and dropped, so that the client gets to see the refusal
_RATE = 1024  # bytes a second of an answer that a client takes at least
_SPARE = 256  # descriptors that are left for files and databases
_DESCRIPTORS = 65_536  # more of them are not asked for
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"
_CLOSE = (b"connection", b"close")


_COLLECT = 10_000  # objects that are made between two collections of the youngest
_JOINED = 16_384  # bytes of an answer's body that go out together with its head


class _Joining:
    """A transport that holds an answer's head back until its body is written, at most for one turn of the loop: for most answers one
    system call, one packet, and one wake-up of the client, instead of two of each. All but ``write`` is the transport's own.
    """

    __slots__ = ("_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop, self._held = transport, loop, b""

    def write(self, data: bytes) -> None:
        if self._held:
            data, self._held = self._held + data if len(data) <= _JOINED else self._sent(data), b""
            self._transport.write(data)
        elif data.startswith(b"HTTP/1.1 "):
            self._held = data
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _sent(self, data: bytes) -> bytes:
        self._transport.write(self._held)
        return data

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Protocol(HttpToolsProtocol):
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
        self.transport = _Joining(transport, self.loop)  # type: ignore[assignment]
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


class _Server(uvicorn.Server):
    """uvicorn's server with another way to stop."""

    def __init__(self, config: uvicorn.Config, app: Any, drain: float, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._app, self._drain, self._on_ready = app, drain, on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # one turn of the loop accepts what the kernel has queued; a reset there would be a lost request
        await asyncio.sleep(0)
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        self.server_state.default_headers.append(_CLOSE)
        getattr(self._app, "drain", lambda: None)()
        limit = time.monotonic() + self._drain
        while self.server_state.connections and not self.force_exit and time.monotonic() < limit:  # noqa: ASYNC110  # uvicorn offers no event for it
            await asyncio.sleep(0.02)
        await super().shutdown(sockets=[])


def serve(
    app: Any,
    host: str = "127.0.0.1",
    port: int = 9009,
    *,
    drain: float = 5.0,
    on_ready: Callable[[str, int], None] | None = None,
    proxies: str = "",
    grace: int = 10,
    head_seconds: float = _Protocol.head_seconds,
    stall_seconds: float = _Protocol.stall_seconds,
) -> None:
    """Serve an ASGI application until SIGTERM or Ctrl-C, then drain: idle connections are kept ``drain`` seconds, running
    requests ``grace`` more. ``on_ready`` is told the address and the port (also where the port asked for was 0). ``proxies``
    are the addresses whose X-Forwarded headers are believed, separated by commas. A connection is closed if a request's head
    takes longer than ``head_seconds``, or if its client takes hardly anything of an answer for ``stall_seconds``. UsageError if the
    port is taken.
    """

    class Protocol(_Protocol):
        pass

    Protocol.head_seconds, Protocol.stall_seconds, Protocol.most = head_seconds, stall_seconds, _descriptors() - _SPARE
    listener = _listen(host, port)
    bound = listener.getsockname()[1]
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="auto",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=grace,
        backlog=2048,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
    )
    server = _Server(config, app, drain, lambda: on_ready(host, bound) if on_ready else None)
    # what was loaded stays: a collection need not look through it again, and one for each twenty requests is too many
    gc.freeze()
    gc.set_threshold(_COLLECT, *gc.get_threshold()[1:])
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # uvicorn has drained and then raises the signal again: a stop that was asked for is no error
    finally:
        listener.close()


def _descriptors() -> int:
    """How many files and connections this process may have open, after asking for more than the usual 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return _DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # macOS has a smaller limit than it says
        return soft
    return wanted


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror:
        raise UsageError(f'"{host}" is no address of this machine', hint="give 127.0.0.1, ::1, 0.0.0.0 or a name that resolves") from None
    listener = socket.socket(family, kind, proto)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise _not_bound(error, host, port) from None
    listener.setblocking(False)
    return listener


def _not_bound(error: OSError, host: str, port: int) -> NinefoldError:
    """Why nobody can listen there. A taken port is nothing that was used wrongly: at another time it is free."""
    said = f"port {port} on {host} cannot be used: {(error.strerror or str(error)).lower()}"
    free = f"take a free port: --port {port + 1 if port < 65535 else 0} (0: any)"
    if error.errno == errno.EADDRINUSE:
        return HeldError(said, hint=f"another server has it; stop that one, or {free}")
    if isinstance(error, PermissionError):
        return DeniedError(said, hint=f"ports below 1024 are for root; {free}")
    return UsageError(said, hint="give an address of this machine: 127.0.0.1, ::1, or a name that resolves to one")
