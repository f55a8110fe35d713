"""``/api/runs`` and ``/api/experiments`` of a server without a project: once under a key, whole or not at all, and no page is hidden."""

import hashlib
import http.client
from collections.abc import Iterator
from typing import Any

import pytest
from live import Live


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "ninefold.toml").write_text("")
    with Live(folder) as live:
        yield live


def begun(server: Live, **more: Any) -> str:
    return str(server.post("/api/runs", {"experiment": "trees", "name": "a run", **more})["id"])


def test_a_run_that_is_begun_twice_under_one_key_is_one_run(server: Live) -> None:
    body = {"experiment": "twice", "params": {"leaves": "31"}}
    ids = {server.post("/api/runs", body, idempotency_key="begin-1")["id"] for _ in range(3)}
    assert len(ids) == 1
    assert len(server.post("/api/runs/search", {"experiment": "twice"})["runs"]) == 1
    status, said = server.call("POST", "/api/runs", {"experiment": "other"}, idempotency_key="begin-1")
    assert (status, said["error"]["code"]) == (409, "conflict")


def test_what_is_logged_comes_back_as_it_went_in(server: Live) -> None:
    run = begun(server)
    values = [0.5, "NaN", "Infinity", "-Infinity", 1.7976931348623157e308]
    metrics = [{"key": "loss", "value": value, "step": step, "at": step} for step, value in enumerate(values)]
    for _ in range(2):
        assert server.post(f"/api/runs/{run}/batch", {"params": {"a": "1"}, "metrics": metrics, "tags": {"t": "x"}}) == {}
    detail = server.call("GET", f"/api/runs/{run}/detail")[1]
    assert (detail["params"], detail["tags"], detail["metrics"]["loss"]["value"]) == ({"a": "1"}, {"t": "x"}, values[-1])
    status, page = server.call("GET", f"/api/runs/{run}/metrics?key=loss&limit=3")
    rest = server.call("GET", f"/api/runs/{run}/metrics?key=loss&limit=3&after={page['after']}")[1]
    assert (status, [p[2] for p in page["points"] + rest["points"]], rest["after"]) == (200, values, None)
    assert len(server.call("GET", f"/api/runs/{run}/metrics/sampled?key=loss&limit=2")[1]["points"]) == 2


WRONG: list[Any] = [
    {"metrics": [{"key": "good", "value": 1.0}, {"key": "bad", "value": "abc"}]},
    {"metrics": [{"key": "good", "value": 1.0}, {"key": "", "value": 1.0}]},
    {"metrics": [{"key": "good", "value": 1.0}, {"key": "bad", "value": 1.0, "step": 2**63}]},
    {"metrics": [{"key": "good", "value": 1.0}, {"key": "bad", "value": 10**400}]},
    {"metrics": [{"key": "good", "value": 1.0}, {"key": "zero\0", "value": 1.0}]},
    {"metrics": [{"key": "good", "value": 1.0}], "params": {"a": 1}},
    {"metrics": [{"key": "good", "value": 1.0}], "unknown": 1},
    {"metrics": {"good": 1.0}},
]


@pytest.mark.parametrize("body", WRONG, ids=range(len(WRONG)))
def test_a_wrong_batch_is_the_callers_mistake_and_leaves_nothing(server: Live, body: Any) -> None:
    run = begun(server)
    status, said = server.call("POST", f"/api/runs/{run}/batch", body)
    assert (status, bool(said["error"]["message"])) == (400, True)
    assert server.call("GET", f"/api/runs/{run}/detail")[1]["metrics"] == {}


def test_a_run_ends_is_deleted_and_comes_back(server: Live) -> None:
    run = begun(server)
    assert server.call("PATCH", f"/api/runs/{run}", {"status": "done", "ended": 7, "name": "b"})[1]["ended"] == 7
    assert server.call("PATCH", f"/api/runs/{run}", {"status": "over"})[0] == 400
    assert _status(server, "DELETE", f"/api/runs/{run}") == 204
    assert server.call("POST", f"/api/runs/{run}/batch", {"tags": {"a": "b"}})[0] == 409
    assert _status(server, "POST", f"/api/runs/{run}/restore") == 204
    assert server.call("POST", f"/api/runs/{run}/batch", {"tags": {"a": "b"}})[0] == 200
    assert _status(server, "DELETE", f"/api/runs/{run}/tags/a") == 204
    assert {server.call(m, f"/api/runs/nobody{p}", b)[0] for m, p, b in [("GET", "/detail", None), ("POST", "/batch", {}), ("PATCH", "", {})]} == {
        404
    }


@pytest.mark.parametrize("times", [0, 1, 4000])
def test_a_file_goes_up_and_comes_down_verified(server: Live, times: int) -> None:
    run, content = begun(server), bytes(range(256)) * times
    digest = hashlib.sha256(content).hexdigest()
    for told, wanted in (("0" * 64, 422), (digest, 200)):
        assert _sent(server, "PUT", f"/api/runs/{run}/artifacts/model/w%20x.bin", content, told)[0] == wanted
    assert [e["path"] for e in server.call("GET", f"/api/runs/{run}/artifacts?path=model")[1]] == ["model/w x.bin"]
    status, back, headers = _sent(server, "GET", f"/api/runs/{run}/artifacts/model/w%20x.bin")
    assert (status, back == content, headers["x-content-sha256"]) == (200, True, digest)
    assert "attachment" in headers["content-disposition"]
    for hostile in ("..%2F..%2Fledger.db", "%2Fetc%2Fpasswd", "a%5Cb", "a%00b"):
        assert 400 <= _sent(server, "GET", f"/api/runs/{run}/artifacts/{hostile}")[0] < 500
    assert server.call("DELETE", f"/api/runs/{run}/artifacts/model")[1] == {"deleted": 1}
    assert _sent(server, "GET", f"/api/runs/{run}/artifacts/model/w%20x.bin")[0] == 404


def test_experiments_are_made_changed_listed(server: Live) -> None:
    made = server.post("/api/experiments", {"name": "made here", "tags": {"a": "1", "b": "2"}})
    changed = server.call("PATCH", f"/api/experiments/{made['id']}", {"name": "renamed", "tags": {"a": None, "c": "3"}})[1]
    assert (changed["experiment"]["name"], changed["tags"]) == ("renamed", {"b": "2", "c": "3"})
    listed = server.call("GET", "/api/experiments?limit=1000")[1]["experiments"]
    assert changed in listed
    assert _status(server, "DELETE", f"/api/experiments/{made['id']}") == 204
    assert changed["experiment"]["id"] not in {e["experiment"]["id"] for e in server.call("GET", "/api/experiments")[1]["experiments"]}
    assert (server.call("GET", "/api/experiments/x")[0], server.call("GET", "/api/experiments/999")[0]) == (404, 404)


def test_the_pages_of_runs_are_still_there_and_the_document_has_the_types(server: Live) -> None:
    run = begun(server)
    assert [server.call("GET", path)[0] for path in ("/api/runs", f"/api/runs/{run}")] == [200, 200]
    document = server.call("GET", "/api/openapi.json")[1]
    body = document["paths"]["/api/runs/{id}/batch"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["$ref"].rpartition("/")[2] == "Batch"


def _status(server: Live, method: str, path: str) -> int:
    return _sent(server, method, path)[0]


def _sent(server: Live, method: str, path: str, body: bytes | None = None, digest: str = "") -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, body, {"x-content-sha256": digest} if digest else {})
        answer = connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()
