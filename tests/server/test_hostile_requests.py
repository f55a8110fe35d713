"""Requests that are malformed, huge or hostile: each gets a clear answer, and the server is as well as before."""

import http.client
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

QUESTION = {"parcel_id": "x1", "promised_at": "2026-11-25T10:00:00Z", "depot": "north", "region": "hills", "weight": 3.0}
ID = "01a1fe8d-f7f6-7713-9941-1b50ce733f4d"


def changed(**values: Any) -> bytes:
    return json.dumps({**QUESTION, **values}).encode()


@pytest.fixture(autouse=True)
def well(live: Any) -> Any:
    """Whatever a test sends, the server answers the next sound question."""
    yield
    assert live.post("/predict/dispatch", QUESTION).status == 200


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        pytest.param(b"", 400, "truncated", id="empty"),
        pytest.param(b'{"a":', 400, "truncated", id="half"),
        pytest.param(b"null", 400, "object", id="null"),
        pytest.param(b"3", 400, "object", id="number"),
        pytest.param(b"[]", 400, "0 questions", id="no questions"),
        pytest.param(b"[[]]", 400, "object", id="lists of lists"),
        pytest.param(b"{}", 400, "parcel_id", id="no columns"),
        pytest.param(b'{"parcel_id":"\xff"}', 400, "UTF-8", id="not UTF-8"),
        pytest.param(b'{"parcel_id":"\\ud800 and more"}', 400, "surrogate", id="half a character"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, 413, "deeper", id="deep"),
        pytest.param(b"[" + b"1," * 9_000_000 + b"1]", 413, "bytes", id="huge"),
        pytest.param(b'{"weight": NaN}', 400, "malformed", id="NaN"),
        pytest.param(b'{"weight": 1e999}', 400, "range", id="beyond floats"),
        pytest.param(changed(weight="heavy"), 400, "a number", id="text for a number"),
        pytest.param(changed(weight=True), 400, "a number", id="truth for a number"),
        pytest.param(changed(weight=[1]), 400, "a number", id="list for a number"),
        pytest.param(changed(depot=3), 400, "a text", id="number for a text"),
        pytest.param(changed(promised_at="soon"), 400, "no time", id="no time"),
        pytest.param(changed(promised_at=True), 400, "a time", id="truth for a time"),
        pytest.param(changed(promised_at="0001-01-01T00:00:00+14:00"), 400, "years", id="before the calendar"),
        pytest.param(changed(promised_at="2026-03-29T02:30:00"), 400, "does not exist", id="an hour that the clocks skip"),
        pytest.param(changed(promised_at="2026-10-25T02:30:00"), 400, "happens twice", id="an hour that happens twice"),
        pytest.param(changed(promised_at=10**30), 400, "promised_at", id="beyond times"),
        pytest.param(changed(parcel_id=None), 400, "parcel_id", id="null key"),
        pytest.param(changed(asked_at="2024-01-01T00:00:00Z"), 400, "asked_at", id="a moment of their own"),
        pytest.param(json.dumps([QUESTION] * 10_001).encode(), 400, "10001", id="too many"),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(live: Any, body: bytes, status: int, said: str) -> None:
    answer = live.post("/predict/dispatch", body)
    assert (answer.status, said in answer.error["message"]) == (status, True), answer


def test_an_unknown_column_gets_the_nearest_one(live: Any) -> None:
    answer = live.post("/predict/dispatch", {**QUESTION, "wieght": 3})
    assert (answer.status, answer.error["hint"], answer.error["where"]) == (400, 'did you mean "weight"?', ".wieght")


def test_one_wrong_question_among_many_is_named(live: Any) -> None:
    answer = live.post("/predict/dispatch", [QUESTION, {**QUESTION, "weight": "x"}])
    assert (answer.status, answer.error["where"]) == (400, "[1].weight")


@pytest.mark.parametrize("text", ["\u0000", "é\u202e", "' or 1=1 --", "<script>alert(1)</script>", "a" * 100_000, "../../etc/passwd", "{{7*7}}"])
def test_any_text_may_be_a_key(live: Any, text: str) -> None:
    assert live.post("/predict/dispatch", {**QUESTION, "parcel_id": text}).status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"])
def test_only_json_is_taken(live: Any, kind: str) -> None:
    answer = live.post("/predict/dispatch", QUESTION, {"content-type": kind})
    assert (answer.status, "application/json" in answer.error["hint"]) == (415, True)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_told_which_there_are(live: Any, method: str) -> None:
    answer = live(method, "/predict/dispatch")
    assert (answer.status, "POST" in answer.error["hint"]) == (405, True)


@pytest.mark.parametrize(
    "headers",
    [{"host": "evil.com"}, {"host": "localhost.evil.com:80"}, {"origin": "http://evil.com"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}],
    ids=str,
)
def test_pages_of_other_sites_are_refused_on_every_door(live: Any, headers: dict[str, str]) -> None:
    doors = ["/predict/dispatch", "/tables/parcels", "/events/calls", "/outcomes/dispatch", "/decisions/dispatch", "/-/clock"]
    assert {live.post(door, QUESTION, headers).status for door in doors} == {403}


TRAVERSALS = [
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2fx",
    "%252e%252e%252fetc",
    "a%00b",
    "a%0ab",
    "a\\..\\b",
    ";x",
    "%ff",
    "a" * 5000,
    "file:%2f%2f%2fetc%2fpasswd",
    "C:%5cx",
    "..%5c..%5cx",
    "x#y",
    "%2f%2fevil.com",
    "*",
    "%25",
]


@pytest.mark.parametrize("text", TRAVERSALS, ids=lambda t: t[:20])
def test_no_path_leads_out(live: Any, text: str) -> None:
    posted = {live.post(base + text, QUESTION).status for base in ("/predict/", "/tables/", "/events/", "/outcomes/", "/decisions/")}
    read = [
        live("GET", base + text)
        for base in ("/", "/tables/", "/models/forecast/", "/api/tables/", "/api/models/", "/endpoints/", "/predictions/", "/~x/")
    ]
    assert posted <= {400, 404, 405}
    assert {answer.status for answer in read} <= {400, 404, 405}
    assert not any("root:" in str(answer.json) for answer in read)


@pytest.mark.parametrize("header", [{}, {"x-ninefold-replay": "guess"}, {"x-ninefold-replay": ""}], ids=["none", "wrong", "empty"])
def test_nobody_sets_the_clock_of_a_server_that_is_in_no_replay(live: Any, header: dict[str, str]) -> None:
    assert live.post("/-/clock", {"at": "2024-01-01T00:00:00Z"}, header).status == 403


def test_a_wrong_replay_token_chooses_no_moment(live: Any) -> None:
    answer = live.post("/predict/dispatch", {**QUESTION, "asked_at": "2024-01-01T00:00:00Z"}, {"x-ninefold-replay": "guess"})
    assert answer.status == 403


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"minutes_late": 3}, "parcel_id"),
        ({"parcel_id": None}, "parcel_id"),
        ({"parcel_id": "z", "minuts_late": 3}, "minuts_late"),
        ({"parcel_id": "z", "__k": 3}, "__k"),
        ({"parcel_id": "z", "minutes_late": 2.5}, "whole number"),
        ({"parcel_id": "z", "minutes_late": 10**30}, "minutes_late"),
        ({"parcel_id": "z", "minutes_late": True}, "whole number"),
        ({"parcel_id": "z", "delivered_at": "soon"}, "no time"),
        ({"parcel_id": "z", "delivered_at": 10**30}, "delivered_at"),
        ({"parcel_id": "z", "delivered_at": "9999-12-31T23:59:59Z"}, "years"),
        ({"parcel_id": "z", "delivered_at": "0001-01-01T00:00:00Z"}, "years"),
        ([{"parcel_id": "z"}, {"parcel_id": "z", "minutes_late": "x"}], "minutes_late"),
    ],
    ids=str,
)
def test_a_wrong_update_is_refused_whole(live: Any, body: Any, said: str) -> None:
    answer = live.post("/tables/parcels", body)
    assert (answer.status, said in answer.error["message"]) == (400, True), answer


@pytest.mark.parametrize(
    "body",
    [
        {},
        3,
        [None],
        {"key": {}},
        {"key": {"parcel_id": "x1"}},
        {"key": {"parcel_id": None}, "value": True},
        {"key": {"parcel_id": ["a"]}, "value": True},
        {"key": {"parcel_id": "x1"}, "value": True, "at": "soon"},
        {"key": {"parcel_id": "x1"}, "value": True, "at": [1]},
        {"key": {"parcel_id": "x1"}, "value": True, "at": 10**30},
        {"key": {"parcel_id": "x1"}, "value": {"a": []}},
        {"key": {"parcel_id": "x1", "colour": 1}, "value": True},
        {"key": {"parcel_id": "x1"}, "value": "perhaps"},
    ],
    ids=str,
)
def test_a_wrong_outcome_is_refused(live: Any, body: Any) -> None:
    answer = live.post("/outcomes/dispatch", body)
    assert (answer.status, bool(answer.error["message"])) == (400, True), answer


@pytest.mark.parametrize(
    "body",
    [
        {},
        3,
        [None],
        {"prediction": 3, "action": "called"},
        {"prediction": "x", "action": "called"},
        {"prediction": ID, "action": "called", "by": [1]},
    ],
    ids=str,
)
def test_a_wrong_decision_is_refused(live: Any, body: Any) -> None:
    assert live.post("/decisions/dispatch", body).status == 400


def test_a_body_that_never_comes_holds_up_nobody(live: Any) -> None:
    slow = socket.create_connection(("127.0.0.1", live.port))
    slow.sendall(
        f"POST /predict/dispatch HTTP/1.1\r\nhost: localhost:{live.port}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{".encode()
    )
    begun = time.monotonic()
    assert live.post("/predict/dispatch", QUESTION).status == 200
    assert time.monotonic() - begun < 2
    slow.close()


def test_two_hundred_open_connections_hold_up_nobody(live: Any) -> None:
    idle = [socket.create_connection(("127.0.0.1", live.port)) for _ in range(200)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: live.post("/predict/dispatch", QUESTION).status, range(40)))
    for each in idle:
        each.close()
    assert set(answers) <= {200, 503}
    assert answers.count(200) >= 20


@pytest.mark.parametrize(
    "raw", [b"\x00" * 100, b"GET / HTTP/9.9\r\n\r\n", b"POST /predict/dispatch HTTP/1.1\r\ncontent-length: -5\r\n\r\n", b"A" * 70_000]
)
def test_what_is_no_http_is_closed(live: Any, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        try:
            answer = connection.recv(100)
        except ConnectionResetError:
            answer = b""
    assert not answer or answer.split()[1] in {b"400", b"403", b"431"}


def test_two_lengths_in_one_request_are_refused(live: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=10)
    connection.putrequest("POST", "/predict/dispatch")
    for name, value in (("content-type", "application/json"), ("content-length", "5"), ("transfer-encoding", "chunked")):
        connection.putheader(name, value)
    connection.endheaders(b"0\r\n\r\nGET /health HTTP/1.1\r\n\r\n")
    assert connection.getresponse().status == 400
    connection.close()
