"""What runs beside the requests goes on: a look at the releases that fails is made again."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ninefold.config import load
from ninefold.errors import BusyError
from ninefold.loop.loop import Loop
from ninefold.project.home import Home
from ninefold.server import app
from ninefold.server.app import Beside
from ninefold.server.runtime import Runtime


@dataclass(slots=True)
class Counted(Runtime):
    """Counts how often the releases were looked at; the first time fails."""

    looks: int = 0

    def reload(self) -> None:
        self.looks += 1
        if self.looks == 1:
            raise BusyError("another program keeps the ledger locked")


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    monkeypatch.setattr(app, "WATCH_EVERY", 0.01)
    monkeypatch.setattr(app, "AGAIN_AFTER", 0.01, raising=False)
    with Home(load(tmp_path), "shop") as home:
        yield Counted(home)


def following(runtime: Counted, until: Callable[[], bool]) -> None:
    async def follow() -> None:
        beside = Beside(runtime, Loop(runtime))
        beside.start()
        runtime.home.ledger.record("release.started", "shop/endpoint/desk")
        async with asyncio.timeout(5):
            while not until():  # noqa: ASYNC110  the loop offers no event for it
                await asyncio.sleep(0.01)
        await beside.stop()

    asyncio.run(follow())


def test_releases_that_could_not_be_loaded_are_loaded_at_the_next_look(runtime: Counted) -> None:
    following(runtime, lambda: runtime.looks == 2)


def test_a_ledger_that_cannot_be_read_once_does_not_end_the_looks(runtime: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, calls = runtime.home.ledger, []

    def head() -> int:
        calls.append(1)
        if len(calls) == 2:  # the first is at the start
            raise BusyError("another program keeps the ledger locked")
        return len(ledger.facts())

    monkeypatch.setattr(ledger, "head", head)
    following(runtime, lambda: runtime.looks == 2)


def test_a_loop_that_was_stopped_does_not_take_the_role_again(runtime: Counted) -> None:
    loop = Loop(runtime)
    loop.stop()
    runtime.graph = object()  # type: ignore[assignment]
    assert loop.tick(0) == []
    assert loop._role is None
