"""The asynchronous way into a journal: one group, and one wake-up of the event loop, per turn of the loop."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from ninefold.errors import NinefoldError

Done = Callable[[NinefoldError | None], None]


class LoopTurns:
    """Collects what the coroutines of one turn append and hands it over together when the turn ends."""

    def __init__(self, enqueue: Callable[[list[bytes], Done], None]) -> None:
        self._enqueue = enqueue
        # by loop: each thread of a process may run its own
        self._turns: dict[asyncio.AbstractEventLoop, tuple[list[bytes], list[asyncio.Future[None]]]] = {}

    def add(self, framed: list[bytes]) -> "asyncio.Future[None]":
        """Frames for this turn; the future is done when they are acknowledged."""
        loop = asyncio.get_running_loop()
        turn = self._turns.get(loop)
        if turn is None:
            turn = self._turns[loop] = ([], [])
            loop.call_soon(self._end, loop)
        future: asyncio.Future[None] = loop.create_future()
        turn[0].extend(framed)
        turn[1].append(future)
        return future

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        framed, waiting = self._turns.pop(loop)

        def done(error: NinefoldError | None) -> None:
            # in the journal's thread, or here at once if the journal refuses
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more; the rows are on disk all the same
                loop.call_soon_threadsafe(_resolve, waiting, error)

        self._enqueue(framed, done)


def _resolve(waiting: list["asyncio.Future[None]"], error: NinefoldError | None) -> None:
    for future in waiting:
        if future.cancelled():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
