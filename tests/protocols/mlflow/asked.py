"""The protocol's endpoints over a home, called as a server would: ASGI messages in, ASGI messages out."""

import asyncio
import json
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from ninefold.accounts.caller import LOCAL
from ninefold.project.home import Home
from ninefold.protocols.mlflow import errors
from ninefold.protocols.mlflow.routes import routes
from ninefold.protocols.mlflow.tracking import Tracking
from ninefold.web import App
from ninefold.web.call import Call

API = "/api/2.0/mlflow/"
FILES = "/api/2.0/mlflow-artifacts/"


class Said(NamedTuple):
    """An answer: status, headers by name, body as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of an error, which has to be a caller's mistake with a message."""
        assert 400 <= self.status < 500, (self.status, self.body)
        assert self.json["message"]
        return str(self.json["error_code"])


class Asked:
    """An application with all endpoints; whoever calls may do everything."""

    def __init__(self, home: Home) -> None:
        def permit(call: Call) -> None:
            call.who = LOCAL

        self.home = home
        self.app = App(routes(Tracking(home)), permit=permit, shapes={"mlflow": errors.shape})

    def call(self, verb: str, path: str, body: bytes = b"", kind: str = "application/json", **headers: str) -> Said:
        """Any request; ``path`` is below the API unless it is absolute, percent-encoded as it shall travel."""
        return asyncio.run(self._send(verb, path if path.startswith("/") else API + path, body, kind, headers))

    def get(self, path: str, /, **query: Any) -> Said:
        """A GET with a query."""
        return self.call("GET", f"{path}?{urlencode(query, doseq=True)}")

    def post(self, path: str, /, **body: Any) -> Said:
        """A POST of JSON."""
        return self.call("POST", path, json.dumps(body).encode())

    def done(self, path: str, /, **body: Any) -> Any:
        """A POST that has to succeed: its answer."""
        said = self.post(path, **body)
        assert said.status == 200, said.body
        return said.json

    def begin(self, **given: Any) -> str:
        """The id of a new run."""
        return str(self.done("runs/create", **{"experiment_id": "0", "start_time": 1_700_000_000_000, **given})["run"]["info"]["run_id"])

    def run(self, id: str) -> Any:
        """A run, as it is read."""
        return self.get("runs/get", run_id=id).json["run"]

    def metrics(self, id: str) -> dict[str, Any]:
        """The newest value of each metric of a run."""
        return {metric["key"]: metric["value"] for metric in self.run(id)["data"].get("metrics", [])}

    async def _send(self, verb: str, path: str, body: bytes, kind: str, headers: dict[str, str]) -> Said:
        parts = urlsplit(path)
        named = [(b"host", b"localhost"), (b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        named += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http", "method": verb, "path": parts.path, "raw_path": parts.path.encode(), "query_string": parts.query.encode(),
            "headers": named, "client": ("127.0.0.1", 1), "server": None, "scheme": "http",
        }  # fmt: skip
        sent: list[dict[str, Any]] = []

        whole = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            return next(whole, None) or await asyncio.Event().wait()  # the client stays, and says nothing more

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Said(sent[0]["status"], head, b"".join(message.get("body", b"") for message in sent[1:]))
