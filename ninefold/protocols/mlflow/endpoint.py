"""One table declares each endpoint once; routes, aliases and the page of the docs are read from it."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ninefold.errors import NinefoldError
from ninefold.protocols.mlflow.errors import INVALID, worded
from ninefold.protocols.mlflow.wire import Message, decode
from ninefold.web.call import Call
from ninefold.web.route import Kind, Route, route

if TYPE_CHECKING:
    from ninefold.protocols.mlflow.tracking import Place, Tracking

READS = ("viewer", "scientist", "operator", "approver", "auditor", "administrator", "service")
WRITES = ("scientist", "operator", "administrator", "service")
MLFLOW = ("/api/2.0/mlflow/", "/ajax-api/2.0/mlflow/", "/api/3.0/mlflow/", "/ajax-api/3.0/mlflow/")
ARTIFACTS = ("/api/2.0/mlflow-artifacts/", "/ajax-api/2.0/mlflow-artifacts/")
ROOT = ("/",)

Roles = tuple[str, ...] | Literal["public"]
Handler = Callable[["Place", Any, Call], Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of the protocol.

    ``path`` begins below each of the prefixes ``under``; the first is its own, the others are aliases. ``handler(place, message,
    call)`` gives what becomes JSON, or an Answer; one that is no coroutine runs in a thread. ``takes`` is the message, from the
    body or (GET) the query. ``searches`` as of a Route. ``conflict`` is the code of a ConflictError. ``need`` is how much clients depend on it.
    """

    verb: str
    path: str
    handler: Handler
    takes: type[Message] = Message
    roles: Roles = READS
    need: Literal["core", "nice"] = "core"
    under: tuple[str, ...] = MLFLOW
    kind: Kind = "json"
    conflict: str = INVALID
    max_body: int | None = None
    encodings: tuple[str, ...] = ()
    searches: bool = False

    @property
    def summary(self) -> str:
        """The first line of the handler's docstring."""
        return (inspect.getdoc(self.handler) or "").split("\n")[0]

    def routes(self, tracking: "Tracking") -> list[Route]:
        """Its routes, one below each prefix."""
        serve = self._async(tracking) if inspect.iscoroutinefunction(self.handler) else self._threaded(tracking)
        body = self.takes if self.verb != "GET" and self.kind == "json" else None
        return [
            route(
                self.verb,
                prefix + self.path,
                serve,
                who=self.roles,
                kind=self.kind,
                speaks="mlflow",
                summary=self.summary,
                blocking=not inspect.iscoroutinefunction(serve),
                body=body,
                max_body=self.max_body,
                encodings=self.encodings,
                searches=self.searches,
                query=None if body is not None or self.takes is Message else self.takes,
            )
            for prefix in self.under
        ]

    def _async(self, tracking: "Tracking") -> Callable[[Call], Awaitable[Any]]:
        handler, message, conflict = self.handler, self._message, self.conflict

        async def serve(call: Call) -> Any:
            try:
                return await handler(tracking.of(call), message(call), call)
            except NinefoldError as error:
                raise worded(error, conflict) from None

        return serve

    def _threaded(self, tracking: "Tracking") -> Callable[[Call], Any]:
        handler, message, conflict = self.handler, self._message, self.conflict

        def serve(call: Call) -> Any:
            try:
                return handler(tracking.of(call), message(call), call)
            except NinefoldError as error:
                raise worded(error, conflict) from None

        return serve

    def _message(self, call: Call) -> Any:
        if self.verb == "GET" or self.kind != "json":
            return call.query(self.takes)
        return decode(self.takes, call.body)
