"""Answers for event loops: all that one commit has to say to a loop wakes it once."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

Told = tuple["asyncio.Future[Any]", Any, BaseException | None]  # who waits, and the result or the error


def tell(answers: Iterable[Told]) -> None:
    """Answers from another thread. A loop that has ended has nobody left who waits."""
    loops: dict[asyncio.AbstractEventLoop, list[Told]] = {}
    for each in answers:
        loops.setdefault(each[0].get_loop(), []).append(each)
    for loop, told in loops.items():
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, told)


def _settle(answers: list[Told]) -> None:
    for future, result, error in answers:
        if future.done():  # who asked was cancelled
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
