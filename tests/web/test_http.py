"""Requests over real connections: answers, errors, headers, and what hostile clients send."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from ninefold.web import ServerEvent

Raw = Callable[..., tuple[int, str]]


@pytest.fixture
def client(port: int) -> httpx2.Client:
    return httpx2.Client(base_url=f"http://127.0.0.1:{port}")


def error(answer: httpx2.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()["error"]
    assert set(found) == {"code", "message", "hint", "where"}
    return found


def test_a_typed_body_and_a_path_parameter_reach_the_handler(client: httpx2.Client) -> None:
    assert client.post("/orders/north", json={"shop": "rome", "units": 3}).json() == {"group": "north", "units": 3}


def test_a_wrong_body_is_told_with_its_place(client: httpx2.Client) -> None:
    answer = client.post("/orders/north", json={"shop": "rome", "units": "3"})
    assert (answer.status_code, error(answer)["where"]) == (400, "$.units")


def test_the_query_is_a_struct(client: httpx2.Client) -> None:
    assert client.get("/orders?limit=3&tag=a&tag=b").json() == {"limit": 3, "tag": ["a", "b"]}
    assert error(client.get("/orders?limit=many"))["where"] == "$.limit"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/refuse/missing", 404, "not_found"),
        ("/refuse/busy", 503, "busy"),
        ("/refuse/twice", 409, "conflict"),
        ("/secret", 401, "sign_in"),
        ("/ordres", 404, "not_found"),
    ],
)
def test_each_error_has_its_status_and_the_one_shape(client: httpx2.Client, path: str, status: int, code: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, error(answer)["code"]) == (status, code)


def test_busy_says_when_to_come_back_and_a_wrong_path_which_is_near(client: httpx2.Client) -> None:
    assert client.get("/refuse/busy").headers["retry-after"] == "7"
    assert error(client.get("/ordres"))["hint"] == 'did you mean "/orders"?'


def test_an_unforeseen_error_gives_an_id_and_no_trace(client: httpx2.Client) -> None:
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text and "Traceback" not in answer.text
    assert len(error(answer)["where"]) == 36


def test_a_wrong_method_says_which_there_are(client: httpx2.Client) -> None:
    answer = client.delete("/orders")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_head_and_options_follow_from_the_routes(client: httpx2.Client) -> None:
    assert (client.head("/orders").status_code, client.head("/orders").content) == (200, b"")
    assert client.options("/orders/x").headers["allow"] == "OPTIONS, POST"


def test_every_answer_carries_the_security_headers(client: httpx2.Client) -> None:
    for path in ("/orders", "/page", "/nowhere", "/broken", "/chunks"):
        headers = client.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("header", [{"host": "evil.example"}, {"host": "localhost:1"}, {"origin": "https://evil.example"}, {"origin": "null"}])
def test_foreign_hosts_and_origins_are_refused_for_every_verb(client: httpx2.Client, method: str, header: dict[str, str]) -> None:
    assert client.request(method, "/orders", headers=header).status_code == 403


def test_a_page_of_another_site_may_link_here_but_not_call(client: httpx2.Client) -> None:
    assert client.get("/page", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}).status_code == 200
    assert client.get("/page", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}).status_code == 403
    assert client.delete("/page", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}).status_code == 403


def test_an_origin_on_the_list_may_call_and_is_told_so(client: httpx2.Client) -> None:
    answer = client.get("/orders", headers={"origin": "https://shop.example.com"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "https://shop.example.com")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_form_cannot_pass_for_json(client: httpx2.Client, kind: str) -> None:
    assert client.post("/orders/x", content=b'{"shop": "a", "units": 1}', headers={"content-type": kind}).status_code == 415


@pytest.mark.parametrize("path", ["../etc/passwd", "..%2f..%2fetc/passwd", "%2e%2e/x", "a/%2e%2e%2fb", "..%5cx", "a%00b", "a%0d%0ab", "%ff%fe"])
def test_paths_that_lead_out_are_refused(raw: Raw, port: int, path: str) -> None:
    status, _ = raw(f"GET /files/{path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n".encode())
    assert status == 400


def test_a_path_is_decoded_once(raw: Raw, port: int) -> None:
    _, text = raw(f"GET /files/%252e%252e%252fx HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n".encode())
    assert json.loads(text.split("\r\n\r\n", 1)[1]) == {"path": "%2e%2e%2fx"}


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_read(raw: Raw, port: int) -> None:
    head = f"POST /orders/x HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\ncontent-length: 99999999999\r\n\r\n"
    assert raw(head.encode())[0] == 413


def test_a_body_that_turns_out_too_large_is_refused(client: httpx2.Client) -> None:
    def endless() -> Any:
        for _ in range(20):
            yield b"x" * 10_000

    assert client.post("/orders/x", content=endless(), headers={"content-type": "application/json"}).status_code == 413


BAD = [b"", b"{", b"\xff\xfe", b"nul", b'{"shop": "a"}', b'{"shop": "a", "units": 1, "admin": true}', b'{"shop":"\\ud800","units":1}']


@pytest.mark.parametrize("body", BAD)
def test_bad_json_is_a_clear_400(client: httpx2.Client, body: bytes) -> None:
    answer = client.post("/orders/x", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, error(answer)["code"]) == (400, "usage")


def test_deep_json_is_refused_but_brackets_in_a_text_are_not_depth(client: httpx2.Client) -> None:
    headers = {"content-type": "application/json"}
    assert client.post("/orders/x", content=b'{"tags":' + b"[" * 40_000, headers=headers).status_code == 413
    assert client.post("/orders/x", json={"shop": "[" * 100, "units": 1}).status_code == 200


def test_a_slow_body_is_cut_off(raw: Raw, port: int) -> None:
    start = time.monotonic()
    head = f"POST /orders/x HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 50\r\n\r\n{{"
    assert raw(head.encode())[0] == 408
    assert time.monotonic() - start < 3


@pytest.mark.parametrize(
    "data",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /orders HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET /orders HTTP/1.1\r\n: x\r\n\r\n",
        b"POST /orders/x HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /orders/x HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
    ],
)
def test_garbage_gets_a_400_and_the_server_goes_on(raw: Raw, client: httpx2.Client, data: bytes) -> None:
    assert raw(data)[0] == 400
    assert client.get("/slow").status_code == 200


def test_two_hosts_are_refused(raw: Raw, port: int) -> None:
    assert raw(f"GET /orders HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nhost: evil\r\nconnection: close\r\n\r\n".encode())[0] == 400


def test_a_head_that_is_too_large_is_refused_also_where_it_comes_at_once(raw: Raw, port: int) -> None:
    assert raw(b"GET /slow HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nx: %s\r\n\r\n" % (port, b"a" * 100_000))[0] == 431


def test_a_small_head_with_a_body_that_comes_at_once_is_none_that_is_too_large(raw: Raw, port: int) -> None:
    head = b"POST /upload HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nconnection: close\r\ncontent-length: 200000\r\n\r\n" % port
    assert raw(head + b"a" * 200_000)[0] == 200


def test_a_head_without_end_is_cut_off(raw: Raw, port: int) -> None:
    status, _ = raw(f"GET /orders HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n".encode() + b"x: " + b"y" * 200_000)
    assert status in (431, 0)  # 0: the connection was reset before the answer could be read


@pytest.fixture(scope="module")
def impatient(start: Any) -> Iterator[int]:
    """The port of a server that waits half a second for the head of a request."""
    process, port = start(head=0.5)
    yield port
    process.terminate()
    process.wait(10)


@pytest.mark.parametrize("first", [b"", b"GET /slow HTTP/1.1\r\n", b"GET /slow HTTP/1.1\r\nhost: 127.0.0.1\r\n"])
def test_a_head_that_trickles_in_is_cut_off(impatient: int, first: bytes) -> None:
    with socket.create_connection(("127.0.0.1", impatient), timeout=0.1) as connection:
        connection.sendall(first)
        for _ in range(200):  # every byte is a sign of life, and none of them buys more time
            try:
                if first:
                    connection.sendall(b"x")
                if connection.recv(100) == b"":
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return
    raise AssertionError("the connection stayed open")


def test_the_second_head_on_a_connection_has_no_more_time_than_the_first(impatient: int) -> None:
    whole = f"GET /slow HTTP/1.1\r\nhost: 127.0.0.1:{impatient}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", impatient), timeout=20) as connection:
        for _ in range(2):
            connection.sendall(whole)
            answer = b""
            while not answer.endswith(b'"done"'):
                answer += connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200")
            time.sleep(0.8)  # between requests the connection may rest
        connection.sendall(whole[:9])
        assert connection.recv(4096) == b""


def test_an_upload_is_counted_and_limited(client: httpx2.Client) -> None:
    assert client.post("/upload", content=b"x" * 500_000).json() == {"bytes": 500_000}
    assert client.post("/upload", content=b"x" * 1_500_000).status_code == 413


def test_events_arrive_one_by_one(client: httpx2.Client) -> None:
    with client.stream("GET", "/ticks") as answer:
        lines = answer.iter_lines()
        assert [next(lines) for _ in range(3)] == ["id: 0", 'data: {"n":0}', ""]


def test_the_data_of_an_event_stays_one_document_whatever_is_in_its_texts() -> None:
    said = {"text": "a\u2028b\x85c\x0cd"}
    lines = ServerEvent(said).encoded().decode().split("\n")
    assert [json.loads(line.removeprefix("data: ")) for line in lines if line] == [said]


def test_chunks_make_one_answer(client: httpx2.Client) -> None:
    assert client.get("/chunks").text == "a" * 10 + "b" * 10


def test_a_project_may_stand_before_the_path(client: httpx2.Client) -> None:
    assert client.get("/~flights/orders").status_code == 200
    assert client.options("/~flights/ticks").headers["allow"] == "GET, HEAD, OPTIONS"


def test_a_client_that_goes_away_harms_nobody(port: int, client: httpx2.Client) -> None:
    for _ in range(20):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(f"POST /orders/x HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: 50\r\n\r\n{{".encode())
        connection.close()
    assert client.get("/slow").json() == "done"
