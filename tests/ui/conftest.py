"""Pages of a project in which everything has happened, and of one in which nothing has."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

import msgspec
import pytest

from ninefold import config
from ninefold.project.home import Home
from ninefold.ui.pages import refused, routes
from ninefold.web.app import App


class Got(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Get(Protocol):
    """GET of a path; ``accept`` is what the caller takes."""

    def __call__(self, path: str, accept: str = "") -> Got: ...


def getter(home: Home, permit: Any = lambda call: None) -> Get:
    """GET on the pages of a home, without a socket in between."""
    app = App(routes(home), permit=permit, shown=refused)

    def get(path: str, accept: str = "") -> Got:
        return asyncio.run(_call(app, path, accept))

    return get


async def _call(app: App, path: str, accept: str) -> Got:
    plain, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": unquote(plain),
        "raw_path": plain.encode(),
        "query_string": query.encode(),
        "scheme": "http",
        "headers": [(b"host", b"localhost:9009"), *([(b"accept", accept.encode())] if accept else [])],
        "server": ("127.0.0.1", 9009),
        "client": ("127.0.0.1", 1),
    }
    sent: list[dict[str, Any]] = []
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        # the client stays and says nothing more
        return next(asked, None) or await asyncio.Event().wait()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    headers = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    return Got(sent[0]["status"], headers, b"".join(m.get("body", b"") for m in sent[1:]))


@pytest.fixture(scope="session")
def folder(tiny_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project: run, released, asked, with an incident and a work item."""
    import happening

    found = Path(shutil.copytree(tiny_project, tmp_path_factory.mktemp("pages") / "parcels"))
    happening.happen(found)
    return found


@pytest.fixture(scope="session")
def filled(folder: Path) -> Iterator[Get]:
    """GET on the pages of the small project."""
    with Home(config.load(folder), "parcels") as home:
        yield getter(home)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Get]:
    """GET on the pages of a home in which nothing has run."""
    with Home(config.load(tmp_path), "nothing") as home:
        yield getter(home)
