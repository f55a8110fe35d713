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

from ninefold.errors import DeniedError, HeldError, NinefoldError, UsageError
from ninefold.web.protocol import LimitedProtocol

_log = logging.getLogger("ninefold.web")
_SPARE = 256  # descriptors that are left for files and databases
_DESCRIPTORS = 65_536  # more of them are not asked for
_CLOSE = (b"connection", b"close")
_COLLECT = 10_000  # objects that are made between two collections of the youngest


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
    head_seconds: float = LimitedProtocol.head_seconds,
    stall_seconds: float = LimitedProtocol.stall_seconds,
) -> None:
    """Serve an ASGI application until SIGTERM or Ctrl-C, then drain: idle connections are kept ``drain`` seconds, running
    requests ``grace`` more. ``on_ready`` is told the address and the port (also where the port asked for was 0). ``proxies``
    are the addresses whose X-Forwarded headers are believed, separated by commas. A connection is closed if a request's head
    takes longer than ``head_seconds``, or if its client takes hardly anything of an answer for ``stall_seconds``. UsageError if the
    port is taken.
    """

    class Protocol(LimitedProtocol):
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
