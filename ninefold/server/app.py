"""The server of one home: routes of the doors, the API and the pages, and what runs beside them."""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Any

from ninefold import __version__
from ninefold.accounts import Accounts
from ninefold.accounts.oidc.flow import Flow
from ninefold.accounts.oidc.settings import oidc_settings
from ninefold.accounts.permit import Permit
from ninefold.clock import iso, micros
from ninefold.errors import DeniedError, UsageError
from ninefold.ledger.patience import hurry
from ninefold.loop.loop import Loop
from ninefold.protocols.mlflow import errors as mlflow_errors
from ninefold.protocols.mlflow.registering.told import Told
from ninefold.protocols.mlflow.routes import ENDPOINTS
from ninefold.protocols.mlflow.routes import routes as mlflow_routes
from ninefold.protocols.mlflow.server import SPEAKS
from ninefold.protocols.mlflow.tracking import Tracking
from ninefold.runs.meant import DEFAULT
from ninefold.server import approving, asking, delivering, doors, experimenting
from ninefold.server import tracking as runs
from ninefold.server.runtime import Runtime
from ninefold.ui.accounts.routes import routes as account_routes
from ninefold.ui.accounts.signing import SIGN_IN
from ninefold.ui.pages import refused
from ninefold.ui.pages import routes as page_routes
from ninefold.web.app import App
from ninefold.web.call import Call
from ninefold.web.openapi import openapi
from ninefold.web.route import Route, route

_log = logging.getLogger("ninefold.server")
ROLL_EVERY = 60.0  # seconds between two moves of the journals into the lake
READ = 10.0  # seconds that a request's statements may read: a search that was made to be slow ends
WATCH_EVERY = 0.5  # seconds between two looks at the ledger for releases of other processes
AGAIN_AFTER = 5.0  # seconds more after a look that failed: its reason seldom goes at once, and each try is in the log


def build(runtime: Runtime, *, hosts: Collection[str] = (), origins: Collection[str] = ()) -> App:
    """The application of a runtime. While there are no accounts, whoever reaches it may do everything: it serves this machine only.

    ``hosts`` are the names that it is called by besides its address, ``origins`` other sites whose pages may call it.
    """
    loop = Loop(runtime)
    loop.courier.tongues.append(Told())
    accounts, provider = Accounts(runtime.home.ledger), oidc_settings(runtime.home.settings.oidc)
    flow = None if provider is None else Flow(accounts, provider)
    project = runtime.home.project or DEFAULT
    permit = Permit(accounts, project=project, replay=runtime.replay, foreign=None if flow is None else flow.bearer)
    beside = Beside(runtime, loop)
    tracking = Tracking(runtime.home)
    tracked = [*mlflow_routes(tracking), *delivering.routes(tracking), *runs.routes(tracking), *experimenting.routes(tracking)]
    routes = [
        *doors.routes(runtime),
        *asking.routes(runtime),
        *_own(runtime, loop),
        *tracked,
        *approving.routes(runtime.home),
        *account_routes(permit, flow),
        *page_routes(runtime.home),
    ]

    def described(call: Call) -> dict[str, Any]:
        """The OpenAPI document of everything that is served here."""
        return openapi(routes, title="ninefold", version=__version__)

    def described_mlflow(call: Call) -> dict[str, Any]:
        """The OpenAPI document of what MLflow's clients call, each endpoint under its first address."""
        own = [each.routes(tracking)[0] for each in ENDPOINTS]
        return openapi(own, title="MLflow REST API of ninefold", version=SPEAKS, speaks="mlflow", error=mlflow_errors.Body)

    routes.append(route("GET", "/api/openapi.json", described, who="public"))
    routes.append(route("GET", "/api/openapi/mlflow.json", described_mlflow, who="public"))
    shapes = {"mlflow": mlflow_errors.shape}
    hooks: Any = {"on_start": [beside.start], "on_stop": [beside.stop], "in_thread": lambda: hurry(READ)}
    return App(routes, hosts=hosts, origins=origins, permit=permit, shown=refused, sign_in=SIGN_IN, shapes=shapes, **hooks)


def _own(runtime: Runtime, loop: Loop) -> list[Route]:
    def health(call: Call) -> dict[str, Any]:
        """Whether the server is well, and what an acknowledged answer means."""
        stopped = {s: j.stopped for s, j in list(runtime.journals.items()) if j.stopped}
        logs = {name: "strict" if runtime.strict(name) else "fast" for name in list(runtime.services)}
        said = {"status": "stopped" if stopped else "ok", "version": __version__}
        # where people have to sign in, nobody learns the names of endpoints without
        return said if call.who is None else {**said, "project": runtime.home.project, "log": logs, "stopped": stopped}

    def advance(call: Call, body: Any) -> dict[str, Any]:
        """Move the clock of a replay; what is due by then is done before the answer. ``last``: nothing comes any more."""
        if not doors.in_replay(runtime, call):
            raise DeniedError("only a replay moves the clock, and says so with its token", hint="ninefold replay starts a server of its own")
        if not isinstance(body, dict) or not isinstance(body.get("at"), str):
            raise UsageError("the clock needs a time", hint='{"at": "2013-10-01T00:00:00Z"}')
        at = micros(body["at"])
        runtime.clock.set(at)  # type: ignore[attr-defined]
        return {"at": iso(at), "done": loop.tick(at, last=body.get("last") is True)}

    moves = ("service", "operator", "administrator")
    return [
        route("GET", "/health", health, who="public", summary="Whether the server is well."),
        route("POST", "/-/clock", advance, who=moves, summary="Move the clock of a replay.", blocking=True, body=Any, reach="served"),
    ]


class Beside:
    """What runs beside the requests: moving journals into the lake, following releases, ticks of the loop."""

    def __init__(self, runtime: Runtime, loop: Loop) -> None:
        self.runtime, self.loop = runtime, loop
        self._tasks: list[asyncio.Task[None]] = []
        self._head = 0

    def start(self) -> None:
        self._head = self.runtime.home.ledger.head()
        self._tasks = [asyncio.get_running_loop().create_task(t) for t in (self._roll(), self._follow(), self._tick())]

    async def stop(self) -> None:
        await asyncio.to_thread(self.loop.stop)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self.runtime.stop)

    async def _roll(self) -> None:
        while True:
            await asyncio.sleep(ROLL_EVERY)
            if self.runtime.replay is None:
                await _quietly("moving journals into the lake", self.runtime.roll_all)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(WATCH_EVERY)
            if not await _quietly("following releases", self._catch_up):
                await asyncio.sleep(AGAIN_AFTER)

    def _catch_up(self) -> None:
        head = self.runtime.home.ledger.head()
        if head != self._head:
            self.runtime.reload()
            self._head = head  # only now: what failed is tried again

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            if self.runtime.replay is None:
                await _quietly("looking at monitors", lambda: self.loop.tick(self.runtime.clock.now()))


async def _quietly(what: str, work: Callable[[], object]) -> bool:
    """Do it in a thread; a failure is logged, and tried again at the next turn: the server goes on. Whether it was done."""
    try:
        await asyncio.to_thread(work)
    except Exception:  # whatever fails beside the requests must not end them
        _log.exception("%s failed; it is tried again", what)
        return False
    return True
