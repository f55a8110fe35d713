"""The pages of a project, served for the browser tests."""

import socket
from pathlib import Path

import uvicorn

from ninefold import config
from ninefold.project.home import Home
from ninefold.ui.pages import refused, routes
from ninefold.web.app import App


def serve(folder: str) -> None:
    """Serve the project in ``folder`` on a free port, which is printed."""
    home = Home(config.load(Path(folder)), "parcels")
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    app = App(routes(home), permit=lambda call: None, shown=refused)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)).run(sockets=[listening])
