"""Stopping the server: nobody loses a request."""

import http.client
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from ninefold.errors import UsageError
from ninefold.web.drain import serve

Start = Callable[[], "tuple[subprocess.Popen[str], int]"]


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


def test_a_port_in_use_says_what_to_do(port: int) -> None:
    with pytest.raises(UsageError, match=f"port {port}") as caught:
        serve(None, port=port)
    assert "--port" in caught.value.hint
