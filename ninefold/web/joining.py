"""Head and body of an answer in one packet."""

import asyncio
from typing import Any

_JOINED = 16_384  # bytes of an answer's body that go out together with its head


class Joining:
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
