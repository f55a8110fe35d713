"""A real server process and raw connections to it."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SERVED = Path(__file__).with_name("served.py")


def _start(**short: float) -> tuple["subprocess.Popen[str]", int]:
    process = subprocess.Popen([sys.executable, str(SERVED), json.dumps(short)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.strip().isdigit(), process.communicate()[1]
    return process, int(line)


@pytest.fixture(scope="session")
def start() -> "Callable[..., tuple[subprocess.Popen[str], int]]":
    """Starts another server, with limits of its own (see served.Short): the process and its port."""
    return _start


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    process, port = _start()
    yield port
    process.terminate()
    process.wait(10)


@pytest.fixture
def raw(port: int) -> Callable[..., tuple[int, str]]:
    """Send bytes as they are, read the answer to its end: status and text."""

    def send(data: bytes, timeout: float = 5.0) -> tuple[int, str]:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
            connection.sendall(data)
            got = b""
            try:
                while chunk := connection.recv(65536):
                    got += chunk
            except ConnectionResetError:
                pass
        head = got.split(b"\r\n", 1)[0].split(b" ")
        return (int(head[1]) if len(head) > 1 else 0), got.decode("latin-1")

    return send
