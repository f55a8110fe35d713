"""Clients of the tracking server that write whatever happens to it, and remember what was acknowledged."""

import hashlib
import http.client
import json
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

API, ARTIFACTS = "/api/2.0/mlflow/", "/api/2.0/mlflow-artifacts/artifacts/"
PAUSE = 0.02  # seconds between two tries
Point = tuple[str, int, float]


class Client(threading.Thread):
    """Begins runs and logs all kinds of things to them; each request again, under the same key, until it is acknowledged.

    ``port`` says where the server is now. It ends after a whole run, so that everything it has asked for was acknowledged.
    """

    def __init__(self, port: Callable[[], int], number: int) -> None:
        super().__init__(name=f"client {number}")
        self._port, self._number = port, number
        self._connection: HTTPConnection | None = None
        self.over = threading.Event()
        self.acknowledged = self.failed = 0
        self.points: dict[str, set[Point]] = {}
        self.params: dict[str, dict[str, str]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.files: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.error: BaseException | None = None

    @property
    def model(self) -> str:
        """The registered model that is this client's."""
        return f"model {self._number}"

    def run(self) -> None:
        try:
            self._model()
            turn = 0
            while not self.over.is_set():
                self._turn(turn)
                turn += 1
        except BaseException as error:  # the test says it
            self.error = error

    def _model(self) -> None:
        """Registered models have no key: whoever asks again hears that it is there."""
        self._acknowledged("POST", f"{API}registered-models/create", {"name": self.model}, also=("RESOURCE_ALREADY_EXISTS",))

    def _turn(self, turn: int) -> None:
        key = f"{self._number}-{turn}"
        id = f"r{self._number}n{turn}"
        begun = {"experiment": "load", "id": id, "name": key}
        assert self._acknowledged("POST", "/api/runs", begun, key=key)["id"] == id
        batch = [("loss", step, step / 8) for step in range(5)]
        params = {f"p{n}": key * n for n in range(3)}
        tags = {"turn": str(turn)}
        self._acknowledged("POST", f"{API}runs/log-batch", {"run_id": id, "metrics": [_metric(p) for p in batch], **_pairs(params=params, tags=tags)})
        self.points[id], self.params[id], self.tags[id] = set(batch), params, tags
        single = ("auc", turn, turn / 4)
        self._acknowledged("POST", f"{API}runs/log-metric", {"run_id": id, **_metric(single)})
        self.points[id].add(single)
        self._acknowledged("POST", f"{API}runs/set-tag", {"run_id": id, "key": "more", "value": key})
        tags["more"] = key
        self._acknowledged("POST", f"{API}runs/log-parameter", {"run_id": id, "key": "last", "value": key})
        params["last"] = key
        content = (key * (turn * 997 % 50_000 + 1)).encode()
        self._acknowledged("PUT", f"{ARTIFACTS}{quote(f'load/{id}/a.bin')}", content)
        self.files[f"load/{id}/a.bin"] = hashlib.sha256(content).hexdigest()
        wanted = {"name": self.model, "source": f"s3://elsewhere/{key}"}
        made = self._acknowledged("POST", f"{API}model-versions/create", wanted, key=f"v{key}")["model_version"]
        self.versions[f"s3://elsewhere/{key}"] = int(made["version"])

    def _acknowledged(self, method: str, path: str, body: Any, *, key: str = "", also: tuple[str, ...] = ()) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        headers = {"content-type": kind, **({"idempotency-key": key} if key else {})}
        while True:
            try:
                status, answer = self._ask(method, path, content, headers)
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                self._connection = None  # this thread's connection is of a server that is gone
            else:
                if status == 200 or answer.get("error_code") in also:
                    self.acknowledged += 1
                    return answer
                assert status >= 500 or status == 429, (method, path, status, answer)
            self.failed += 1
            time.sleep(PAUSE)

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self._port(), timeout=30)
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())


def _metric(point: Point) -> dict[str, Any]:
    key, step, value = point
    return {"key": key, "value": value, "timestamp": 1_700_000_000_000 + step, "step": step}


def _pairs(**labels: dict[str, str]) -> dict[str, list[dict[str, str]]]:
    return {kind: [{"key": key, "value": value} for key, value in some.items()] for kind, some in labels.items()}
