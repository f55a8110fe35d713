"""Clients that are slow, and too many at once: told so, cut off, and nobody else waits for them."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

Start = Callable[..., tuple[Any, int]]


@pytest.fixture
def begun(start: Start) -> Iterator[Callable[..., tuple[Any, int]]]:
    """Starts servers of the test's own."""
    with ExitStack() as stack:

        def begin(**short: float) -> tuple[Any, int]:
            process, port = start(**short)
            stack.callback(process.communicate)
            stack.callback(process.kill)
            return process, port

        yield begin


def ask(port: int, method: str = "GET", path: str = "/slow", body: Any = None) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body)
    answer = connection.getresponse()
    answer.body = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


def half(port: int, path: str, sent: bytes = b"a", length: int = 1000) -> socket.socket:
    """A request whose body never comes to its end."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    kind = b"content-type: application/json\r\n" if "orders" in path else b""
    connection.sendall(b"POST %s HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n%scontent-length: %d\r\n\r\n%s" % (path.encode(), port, kind, length, sent))
    return connection


def status(connection: socket.socket) -> bytes:
    return connection.recv(65536).split(b"\r\n")[0]


def test_bodies_and_uploads_on_their_way_take_no_place_of_others(begun: Start) -> None:
    _, port = begun(in_flight=1, pause=10.0)
    with ExitStack() as stack:
        for path in ("/orders/g", "/upload") * 20:
            stack.enter_context(half(port, path))
        assert ask(port).status == 200


@pytest.mark.parametrize(("path", "bound"), [("/orders/g", "arriving"), ("/upload", "uploads")])
def test_of_slow_clients_there_are_only_so_many(begun: Start, path: str, bound: str) -> None:
    _, port = begun(pause=10.0, **{bound: 2})
    with ExitStack() as stack:
        waiting = [stack.enter_context(half(port, path)) for _ in range(2)]
        time.sleep(0.1)
        with half(port, path) as third:
            assert b"503" in status(third)
        assert ask(port).status == 200
        waiting[0].sendall(b"a" * 999)  # whoever goes makes room
        status(waiting[0])
        stack.enter_context(half(port, path)).settimeout(0.2)


def test_all_bodies_together_take_so_much_memory(begun: Start) -> None:
    _, port = begun(held=50_000)
    order = json.dumps({"shop": "s" * 40_000, "units": 1}).encode()
    with half(port, "/orders/g", b"a" * 20_000, 90_000):
        time.sleep(0.1)
        refused = ask(port, "POST", "/orders/g", order)
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    time.sleep(0.7)  # the half one was given up
    for _ in range(3):
        assert ask(port, "POST", "/orders/g", order).status == 200


def test_an_upload_that_dribbles_is_given_up(begun: Start) -> None:
    _, port = begun(rate=1024, pause=0.5)
    with half(port, "/upload", length=100_000) as connection:
        for _ in range(12):
            time.sleep(0.1)
            try:
                connection.sendall(b"a")
            except ConnectionError:
                break
        assert b"408" in status(connection)


def test_an_answer_that_nobody_takes_is_given_up_and_let_go_of(begun: Start) -> None:
    process, port = begun(stall=0.5)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n\r\n" % port)
        assert b"200" in status(connection)
        assert process.stdout.readline() == "let go\n"


def test_an_answer_is_not_read_on_for_a_client_that_went(begun: Start) -> None:
    process, port = begun()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n\r\n" % port)
        status(connection)
    assert process.stdout.readline() == "let go\n"


def test_two_thousand_connections_are_not_too_many(begun: Start) -> None:
    _, port = begun()
    with ExitStack() as stack:
        for _ in range(1500):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
        assert ask(port).status == 200
