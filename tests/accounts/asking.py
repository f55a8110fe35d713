"""A server's application, asked without a socket in between: its own routes, its own permit, its own ledger."""

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from ninefold.accounts import Accounts
from ninefold.web.app import App

HOST = "localhost:9009"
HERE = f"http://{HOST}"
PASSWORD = "correct horse battery"


class Got(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    @property
    def cookie(self) -> str:
        """The session's cookie, as a browser sends it back."""
        return self.header("set-cookie").split(";")[0]


class Client:
    """Calls an application; all calls share one event loop, as a server's do."""

    def __init__(self, app: App) -> None:
        self.app, self.loop = app, asyncio.new_event_loop()

    def close(self) -> None:
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()

    def __call__(self, method: str, path: str, body: Any = None, *, scheme: str = "http", client: str = "127.0.0.1", **headers: str) -> Got:
        return self.loop.run_until_complete(_call(self.app, method, path, body, scheme, client, headers))

    def form(self, path: str, fields: Mapping[str, str], *, client: str = "127.0.0.1", scheme: str = "http", **headers: str) -> Got:
        """Send a form as a browser's page does."""
        given = {"content_type": "application/x-www-form-urlencoded", "origin": f"{scheme}://{headers.get('host', HOST)}", **headers}
        return self("POST", path, urlencode(fields).encode(), client=client, scheme=scheme, **given)


async def _call(app: App, method: str, path: str, body: Any, scheme: str, client: str, headers: dict[str, str]) -> Got:
    plain, _, query = path.partition("?")
    sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    told = {"host": HOST, "content-length": str(len(sent)), **({"content-type": "application/json"} if sent else {})}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": "http",
        "method": method,
        "path": plain,
        "raw_path": plain.encode(),
        "query_string": query.encode(),
        "scheme": scheme,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in told.items()],
        "server": ("127.0.0.1", 9009),
        "client": (client, 1),
    }
    waiting = [{"type": "http.request", "body": sent, "more_body": False}]
    out: list[dict[str, Any]] = []
    never = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        await never.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        out.append(message)

    await asyncio.wait_for(app(scope, receive, send), 20)
    head = [(name.decode().lower(), value.decode("latin-1")) for name, value in out[0].get("headers", [])]
    return Got(out[0]["status"], head, b"".join(message.get("body", b"") for message in out[1:]))


def bearer(accounts: Accounts, name: str, **scope: Any) -> dict[str, str]:
    """The header of a new token of an account."""
    return {"authorization": "Bearer " + accounts.tokens.create(name, "test", **scope)[1]}


def basic(name: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def member(accounts: Accounts, name: str, role: str, project: str) -> dict[str, str]:
    """The header of a new program with one role in one project."""
    accounts.people.add(name, kind="service")
    accounts.grants.give(name, role, project)
    return bearer(accounts, name)
