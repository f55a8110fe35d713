"""Stopping the server: nobody loses a request."""

import http.client
import random
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from ninefold.errors import HeldError
from ninefold.web.drain import serve

Start = Callable[..., "tuple[subprocess.Popen[str], int]"]


class Visitor(threading.Thread):
    """A client that keeps its connection, thinks, asks again, and counts answers and losses until new connections are refused."""

    def __init__(self, port: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.port, self.random, self.answered, self.lost = port, random.Random(seed), 0, 0

    def run(self) -> None:
        connection: http.client.HTTPConnection | None = None
        while True:
            time.sleep(self.random.uniform(0, 0.2))
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                try:
                    connection.connect()
                except OSError:
                    return  # refused: nothing was asked, nothing is lost
            try:
                connection.request("GET", "/slow")
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                self.lost += 1
                return
            self.answered += 1
            if answer.will_close:
                connection.close()
                connection = None


def test_a_hundred_clients_lose_nothing_when_the_server_stops(start: Start) -> None:
    process, port = start()
    visitors = [Visitor(port, seed) for seed in range(100)]
    for visitor in visitors:
        visitor.start()
    time.sleep(1.0)
    process.send_signal(signal.SIGTERM)
    for visitor in visitors:
        visitor.join(10)
    process.wait(10)
    assert sum(v.lost for v in visitors) == 0
    assert sum(v.answered for v in visitors) > 200


def test_an_open_event_stream_does_not_hold_the_server_up(start: Start) -> None:
    process, port = start()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", "/ticks")
        answer = connection.getresponse()
        answer.read(20)
        process.send_signal(signal.SIGINT)
        assert answer.read().endswith(b"\n\n")
    assert process.wait(3) is not None


def ask(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    connection.request("GET", "/slow")
    answer = connection.getresponse()
    answer.read()
    return answer


def until(port: int, status: int) -> http.client.HTTPResponse:
    """The first answer with this status; the connection stays with it."""
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        if (answer := ask(connection)).status == status:
            return answer
        connection.close()


def closes(port: int) -> None:
    """Wait until new connections are refused."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=20).close()
        except ConnectionError:
            return
        time.sleep(0.01)


def test_too_many_requests_at_once_get_503_also_while_the_server_stops_and_those_in_flight_are_answered(start: Start) -> None:
    process, port = start(in_flight=1, pause=60.0, drain=30.0)
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as other, closing(socket.create_connection(("127.0.0.1", port))) as held:
        assert ask(other).status == 200
        held.sendall(f"GET /held HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: 4\r\n\r\nab".encode())
        busy = until(port, 503)
        assert busy.getheader("retry-after")
        process.send_signal(signal.SIGTERM)
        closes(port)
        told = ask(other)  # opened before the listener closed: told, not cut off
        assert (told.status, told.will_close) == (503, True)
        held.sendall(b"cd")
        assert b'{"bytes":4}' in b"".join(iter(lambda: held.recv(4096), b""))
    assert process.wait(20) is not None


def test_a_port_in_use_says_what_to_do(port: int) -> None:
    with pytest.raises(HeldError, match=f"port {port}") as caught:
        serve(None, port=port)
    assert "--port" in caught.value.hint
