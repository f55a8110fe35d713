"""A server in its own process, for tests: prints its port when it is ready."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator

import msgspec

from ninefold.errors import BusyError, ConflictError, NotFoundError
from ninefold.web import Answer, App, Call, Limits, Route, ServerEvent, route
from ninefold.web.drain import serve


class Order(msgspec.Struct, forbid_unknown_fields=True):
    shop: str
    units: int
    tags: list[str] = []


class Page(msgspec.Struct):
    limit: int = 10
    tag: list[str] = []


def create(call: Call, body: Order, group: str) -> dict[str, object]:
    """Take an order."""
    return {"group": group, "units": body.units}


async def slow(call: Call) -> str:
    """Answer after a moment."""
    await asyncio.sleep(0.02)
    return "done"


def listing(call: Call, query: Page) -> Page:
    """List."""
    return query


def broken(call: Call) -> None:
    """Fail."""
    raise RuntimeError("the password is hunter2")


def refuse(call: Call, why: str) -> None:
    """Raise what is asked for."""
    raise {"missing": NotFoundError("no such order"), "busy": BusyError("later", retry_after=7), "twice": ConflictError("there is one")}[why]


async def upload(call: Call) -> dict[str, int]:
    """Count bytes."""
    return {"bytes": sum([len(chunk) async for chunk in call.stream()])}


async def held(call: Call) -> dict[str, int]:
    """A handler that waits for whoever called it, as no other does."""
    return await upload(call)


async def ticks(call: Call) -> AsyncIterator[ServerEvent]:
    """Count for ever."""
    number = 0
    while True:
        yield ServerEvent({"n": number}, id=str(number))
        number += 1
        await asyncio.sleep(0.01)


def endless(call: Call) -> Answer:
    """Stream for ever; what is let go of is noted."""

    def zeros() -> Iterator[bytes]:
        try:
            while True:
                yield bytes(65536)
        finally:
            print("let go", flush=True)

    return Answer(zeros(), type="application/octet-stream")


def chunks(call: Call) -> Answer:
    """Stream."""
    return Answer(iter([b"a" * 10, b"b" * 10]), type="text/plain")


ROUTES: list[Route] = [
    route("POST", "/orders/{group}", create, who="public", blocking=True),
    route("GET", "/orders", listing, who="public"),
    route("GET", "/slow", slow, who="public"),
    route("GET", "/broken", broken, who="public"),
    route("GET", "/refuse/{why}", refuse, who="public"),
    route("PUT", "/files/{path:path}", lambda call, path: {"path": path}, who="public", kind="json", accepts=()),
    route("GET", "/files/{path:path}", lambda call, path: {"path": path}, who="public"),
    route("POST", "/upload", upload, who="public", kind="upload", max_body=1_000_000),
    route("GET", "/held", held, who="public"),
    route("GET", "/endless", endless, who="public", kind="stream"),
    route("GET", "/ticks", ticks, who="public", kind="events"),
    route("GET", "/chunks", chunks, who="public", kind="stream"),
    route("GET", "/page", lambda call: "<h1>hello</h1>", who="public", kind="page"),
    route("GET", "/secret", slow, who={"viewer"}),
]


def make(**limits: float) -> App:
    return App(ROUTES, origins={"https://shop.example.com"}, limits=Limits(body=100_000, depth=16, seconds=0.5, **limits))


class Short(msgspec.Struct, kw_only=True):
    """What a test makes shorter than it is by default; given as JSON."""

    port: int = 0
    drain: float = 3.0
    head: float = 15.0
    pause: float = 0.5
    stall: float = 20.0
    in_flight: int = 256
    arriving: int = 1024
    uploads: int = 128
    held: int = 256 << 20
    rate: int = 1024


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.argv[1], type=Short)
    bounds = {name: getattr(asked, name) for name in ("in_flight", "arriving", "uploads", "held", "rate", "pause")}
    app = make(**bounds)
    serve(
        app,
        port=asked.port,
        drain=asked.drain,
        head_seconds=asked.head,
        stall_seconds=asked.stall,
        on_ready=lambda host, port: print(port, flush=True),
    )
