"""The ASGI application: checks, dispatch, permission, the handler, the answer. One instance serves a list of routes."""

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from ninefold.errors import NinefoldError
from ninefold.ids import new_id
from ninefold.web import sending
from ninefold.web.call import Answer, Call, GoneError, Receive
from ninefold.web.dispatch import Dispatcher
from ninefold.web.guard import Guard
from ninefold.web.limits import Limits
from ninefold.web.load import Lane, Load
from ninefold.web.route import Route
from ninefold.web.sending import Headers, Send
from ninefold.web.shapes import ErrorShape, UnexpectedError, UnknownCallerError, headers_of, ours, status_of

_log = logging.getLogger("ninefold.web")
_BODILESS = frozenset({"GET", "HEAD", "DELETE"})

Permit = Callable[[Call], Awaitable[None] | None]
Observe = Callable[[Call | None, int, float], None]
Shown = Callable[[NinefoldError, int], bytes]
Hook = Callable[[], Awaitable[None] | None]


class App:
    """Serves ``routes``. ``permit`` says whether a call may pass (it sets ``call.who`` and raises UnknownCallerError or
    DeniedError); without it only public routes answer. ``shapes`` maps a protocol to the shape of its errors. ``observe`` is
    told the status and the seconds of every answer. ``shown`` makes the page of an error for a browser that asked for one; ``sign_in`` is where it is
    sent when nobody is signed in.
    ``on_start`` and ``on_stop`` run with the server, ``in_thread`` before each handler that runs in a thread, in that.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        hosts: Collection[str] = (),
        origins: Collection[str] = (),
        permit: Permit | None = None,
        shapes: Mapping[str, ErrorShape] | None = None,
        limits: Limits | None = None,
        observe: Observe | None = None,
        shown: Shown | None = None,
        sign_in: str | None = None,
        on_start: Sequence[Hook] = (),
        on_stop: Sequence[Hook] = (),
        in_thread: Callable[[], None] | None = None,
    ) -> None:
        self.routes, self.limits, self.permit, self.observe = tuple(routes), limits or Limits(), permit, observe
        self.shown, self.sign_in = shown, sign_in
        self.dispatcher, self.guard = Dispatcher(routes), Guard(hosts, origins)
        self.shapes: dict[str, ErrorShape] = {"ninefold": ours, **(shapes or {})}
        self.load = Load(self.limits)
        self.draining = asyncio.Event()
        # whatever is in flight may wait for these; a search, which may take long, has its own
        self._threads = Lane("web", self.limits.threads, self.limits.in_flight, in_thread)
        self._searches = Lane("search", self.limits.search_threads, self.limits.search_waiting, in_thread)
        self._hooks: dict[str, tuple[Hook, ...]] = {"startup": tuple(on_start), "shutdown": tuple(on_stop)}
        self._speaks: dict[str, str] = {}
        for route in routes:
            # what a wrong path under /api/2.0/mlflow gets is still an error in the words of that protocol
            self._speaks.setdefault(_family(route.path), route.speaks)

    def drain(self) -> None:
        """Tell open event streams to end; called by the server before it stops."""
        self.draining.set()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._lifespan(receive, send)
        if scope["type"] != "http":
            return None  # a web socket: nothing here speaks it, and to return before accepting refuses it
        start, call = time.perf_counter(), None
        self.load.handling += 1
        reply = sending.Reply(send, scope["method"] == "HEAD")
        try:
            self.load.check()
            foreign = self.guard.check(scope)
            if foreign is not None:
                reply.extra += sending.cross_origin(foreign)
            if scope["method"] == "OPTIONS":
                await self._options(scope, reply, foreign is not None)
            else:
                call = self._find(scope, receive)
                await self._handle(call, reply)
        except GoneError:
            reply.status = 499
        except NinefoldError as error:
            await self._refuse(error, call, scope, reply)
        except Exception as error:  # nothing that a handler raises may end the server or reach the client as a trace
            await self._refuse(_unexpected(error, scope), call, scope, reply)
        finally:
            self.load.handling -= 1
            if call is not None and call.body:
                self.load.held -= len(call.body)
            if self.observe is not None:
                self.observe(call, reply.status or 500, time.perf_counter() - start)

    def _find(self, scope: dict[str, Any], receive: Receive) -> Call:
        project, path = _place(scope)
        route, params = self.dispatcher.find(scope["method"], path)
        call = Call(scope, receive, route, params, self.limits)
        call.project = project
        return call

    async def _handle(self, call: Call, reply: sending.Reply) -> None:
        route = call.route
        if self.permit is not None:
            waiting = self.permit(call)
            if waiting is not None:
                await waiting
        elif route.who != "public":
            raise UnknownCallerError("this needs somebody who is signed in", hint="send a token: Authorization: Bearer ...")
        if route.kind == "raw":
            call.scope["ninefold.call"] = call
            await reply.pass_on(route.handler, call)
            return
        if call.method not in _BODILESS or route.body is not None:
            call.check_type()
            if route.kind != "upload":
                await self._read(call)
        if route.kind == "upload":
            with self.load.aside("uploads"):
                result = await self._call(route, call)
        else:
            result = await self._call(route, call)
        if route.kind == "events":
            await self._events(call, result, reply)
            return
        await self._reply(route, call, result, reply)

    async def _read(self, call: Call) -> None:
        if "content-length" not in call.headers and "transfer-encoding" not in call.headers:
            return
        if call.arrived:
            await call.read(self.load)
            return
        with self.load.aside("arriving"):
            await call.read(self.load)
        self.load.check()

    async def _call(self, route: Route, call: Call) -> Any:
        given: dict[str, Any] = {}
        for name in route.takes:
            given[name] = call.json(route.body) if name == "body" else call.query(route.query) if name == "query" else call.params[name]
        if route.blocking:
            lane = self._searches if route.searches else self._threads
            return await lane.run(lambda: route.handler(call, **given))
        result = route.handler(call, **given)
        return await result if inspect.isawaitable(result) else result

    async def _reply(self, route: Route, call: Call, result: Any, reply: sending.Reply) -> None:
        if not isinstance(result, Answer):
            if route.kind == "json" and result is not None:
                await reply.whole(200, msgspec.json.encode(result), "application/json")
                return
            page = route.kind == "page" and isinstance(result, str)
            result = Answer(status=204) if result is None else Answer(result, type="text/html; charset=utf-8" if page else "application/json")
            if not page and result.status == 200:
                result.body = msgspec.json.encode(result.body)
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in result.headers]
        if hasattr(result.body, "__aiter__") or hasattr(result.body, "__next__"):
            with self.load.aside("downloads"):
                await reply.chunks(result.status, result.body, result.type, headers, call, self._threads.executor)
            return
        body, kind = result.encoded()
        await reply.whole(result.status, body, None if result.status == 204 else kind, headers)

    async def _events(self, call: Call, result: Any, reply: sending.Reply) -> None:
        with self.load.aside("streams"):
            await reply.events(result, call, self.limits.ping, self.draining)

    async def _options(self, scope: dict[str, Any], reply: sending.Reply, foreign: bool) -> None:
        _, path = _place(scope)
        allow = ", ".join(self.dispatcher.allowed(path) or self.dispatcher.methods)
        headers: Headers = [(b"allow", allow.encode())]
        if foreign:
            headers += [(b"access-control-allow-methods", allow.encode()), (b"access-control-allow-headers", b"content-type, authorization")]
        await reply.whole(204, b"", None, headers)

    async def _refuse(self, error: NinefoldError, call: Call | None, scope: dict[str, Any], reply: sending.Reply) -> None:
        if reply.started:
            return  # half an answer is out: returning without the rest closes the connection, which the client notices
        status = status_of(error)
        speaks = call.route.speaks if call is not None else self._speaks.get(_family(_place(scope)[1]), "ninefold")
        if self.sign_in is not None and isinstance(error, UnknownCallerError) and _browses(scope):
            await reply.whole(303, b"", None, [(b"location", f"{self.sign_in}?next={quote(_asked(scope), safe='')}".encode())])
            return
        if self.shown is not None and _browses(scope):
            await reply.whole(status, self.shown(error, status), "text/html; charset=utf-8", headers_of(error))
            return
        shape: ErrorShape = self.shapes.get(speaks) or ours
        await reply.whole(status, msgspec.json.encode(shape(error, status)), "application/json", headers_of(error))

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            event = (await receive())["type"].removeprefix("lifespan.")
            try:
                for hook in self._hooks[event]:
                    if (waiting := hook()) is not None:
                        await waiting
            except Exception as error:  # whatever it is, the server must not run half started
                _log.exception("the server could not %s", "start" if event == "startup" else "stop cleanly")
                await send({"type": f"lifespan.{event}.failed", "message": str(error)})
                return
            await send({"type": f"lifespan.{event}.complete"})
            if event == "shutdown":
                self._threads.close()
                self._searches.close()
                return


def _place(scope: Mapping[str, Any]) -> tuple[str | None, str]:
    """The project that stands before a path (``/~flights/orders``), and the raw path without it."""
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    if not path.startswith("/~"):
        return None, path
    project, _, rest = path[2:].partition("/")
    return project, "/" + rest


def _browses(scope: Mapping[str, Any]) -> bool:
    """Whether a person with a browser asked for a page."""
    if scope["method"] not in {"GET", "HEAD"} or scope["path"].startswith(("/api/", "/-/")):
        return False
    return any(name == b"accept" and b"text/html" in value for name, value in scope.get("headers", ()))


def _asked(scope: Mapping[str, Any]) -> str:
    """Path and query of a request, as they came."""
    path, query = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1"), scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path


def _family(path: str) -> str:
    return "/".join(path.split("/")[:3])


def _unexpected(error: Exception, scope: Mapping[str, Any]) -> UnexpectedError:
    name = new_id()
    _log.error("%s: %s %r", name, scope["method"], scope["path"], exc_info=error)
    return UnexpectedError(f"something went wrong here; the log has it as {name}", hint="report it with this id", where=name)
