"""How much is going on: what is being answered, what is still arriving, what is on its way out, each with a bound of its own.

A client that is slow costs a place among the slow ones, never one of those that handlers have: nobody waits for it.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from ninefold.errors import BusyError
from ninefold.web.limits import Limits

T = TypeVar("T")


class Load:
    """Counts of one application. ``handling`` is what is being answered, ``held`` the bytes of bodies that were read whole."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.handling = self.held = 0
        self._slow = {"arriving": 0, "uploads": 0, "downloads": 0, "streams": 0}
        self._most = {name: int(getattr(limits, name)) for name in self._slow}

    def check(self) -> None:
        """BusyError where too much is being answered."""
        if self.handling > self.limits.in_flight:
            raise BusyError("too many requests at once", hint="try again in a moment")

    @contextmanager
    def aside(self, what: str) -> Iterator[None]:
        """While a client is waited for, its request takes no place among those that are being answered. BusyError where too many wait so."""
        if self._slow[what] >= self._most[what]:
            raise BusyError(f"too many {what} at once", hint="try again in a moment", retry_after=10 if what == "streams" else 1)
        self._slow[what] += 1
        self.handling -= 1
        try:
            yield
        finally:
            self._slow[what] -= 1
            self.handling += 1

    def hold(self, size: int) -> None:
        """Counts bytes of a body as they arrive; BusyError where all bodies together take too much memory."""
        if self.held + size > self.limits.held:
            raise BusyError("too many large requests at once", hint="try again in a moment, or send smaller ones")
        self.held += size


class Lane:
    """Threads of one kind of handlers, and how many may wait for one: what is slow holds up its own kind alone."""

    def __init__(self, name: str, threads: int, waiting: int, begin: Callable[[], None] | None = None) -> None:
        self.name, self.executor, self._begin = name, ThreadPoolExecutor(threads, thread_name_prefix=name), begin or _nothing
        self._here, self._most = 0, threads + waiting

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` gives, done in a thread of the lane. BusyError where too many wait for one."""
        if self._here >= self._most:
            raise BusyError(f"too many requests wait for a thread ({self.name})", hint="try again in a moment", retry_after=2)

        def begun() -> T:
            self._begin()
            return work()

        self._here += 1
        task = asyncio.get_running_loop().run_in_executor(self.executor, begun)
        task.add_done_callback(self._left)
        return await task

    def _left(self, _: object) -> None:
        self._here -= 1

    def close(self) -> None:
        self.executor.shutdown(wait=False, cancel_futures=True)


def _nothing() -> None:
    """Nothing to prepare in a thread."""
