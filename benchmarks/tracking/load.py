"""Load over real HTTP: the same bytes to each server, by threads that do as little as a client can."""

import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from servers import Server

API = "/api/2.0/mlflow"
Requests = Callable[[int], Iterator[bytes]]


@dataclass(frozen=True)
class Measured:
    """Requests a second, milliseconds (median, 99th percentile), milliseconds of server CPU a request."""

    rate: float
    median: float
    p99: float
    cpu: float


class Client:
    """One connection, kept alive. Any status but 200 is an error."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._left = b""

    def ask(self, request: bytes) -> bytes:
        self._socket.sendall(request)
        return self.answer()

    def answer(self) -> bytes:
        while b"\r\n\r\n" not in self._left:
            self._left += self._more()
        head, _, rest = self._left.partition(b"\r\n\r\n")
        low = head.lower()
        if b" 20" not in head[:16]:
            raise RuntimeError((head + rest).decode("utf-8", "replace")[:600])
        if b"chunked" in low:
            return self._chunked(rest)
        start = low.find(b"content-length:")
        length = int(low[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
        parts, have = [rest], len(rest)
        while have < length:
            parts.append(self._more())
            have += len(parts[-1])
        body = b"".join(parts)
        self._left = body[length:]
        return body[:length]

    def _chunked(self, rest: bytes) -> bytes:
        body: list[bytes] = []
        while True:
            while b"\r\n" not in rest:
                rest += self._more()
            size, _, rest = rest.partition(b"\r\n")
            wanted = int(size, 16) + 2
            parts, have = [rest], len(rest)
            while have < wanted:
                parts.append(self._more())
                have += len(parts[-1])
            rest = b"".join(parts)
            body.append(rest[: wanted - 2])
            rest = rest[wanted:]
            if wanted == 2:
                self._left = rest
                return b"".join(body)

    def _more(self) -> bytes:
        data = self._socket.recv(1 << 20)
        if not data:
            raise RuntimeError("the server closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()


def post(path: str, body: Any) -> bytes:
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    return head.encode() + data


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\n\r\n".encode()


def put(path: str, data: bytes) -> bytes:
    head = f"PUT {path} HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\ncontent-type: application/octet-stream\r\ncontent-length: {len(data)}\r\n\r\n"
    return head.encode() + data


def ask(server: Server, request: bytes) -> Any:
    """One request on a connection of its own; its answer as JSON."""
    client = Client(server.port)
    try:
        return json.loads(client.ask(to(server, request)) or b"{}")
    finally:
        client.close()


def to(server: Server, request: bytes) -> bytes:
    return request.replace(b"PORT", str(server.port).encode(), 1)


def drive(server: Server, requests: Requests, clients: int, seconds: float = 6.0) -> Measured:
    """Each client sends its requests one after the other, until ``seconds`` are over or it has no more."""
    took: list[list[float]] = [[] for _ in range(clients)]
    errors: list[BaseException] = []
    gate = threading.Barrier(clients + 1)

    def work(number: int) -> None:
        try:
            client, own = Client(server.port), took[number]
            prepared = requests(number)
            gate.wait()
            end = time.perf_counter() + seconds
            for request in prepared:
                begin = time.perf_counter()
                client.ask(to(server, request))
                now = time.perf_counter()
                own.append(now - begin)
                if now > end:
                    break
            client.close()
        except BaseException as error:
            errors.append(error)
            gate.abort()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(clients)]
    for thread in threads:
        thread.start()
    gate.wait()
    begin, cpu = time.perf_counter(), server.cpu()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - begin
    if errors:
        raise RuntimeError(f"{server.name}: {errors[0]}") from errors[0]
    cpu = server.cpu() - cpu
    each = sorted(t for own in took for t in own)
    return Measured(len(each) / wall, statistics.median(each) * 1e3, each[int(len(each) * 0.99)] * 1e3, cpu / len(each) * 1e3)
