"""The floor: a server that writes the same rows as ninefold, in the same database through the same group commit, and does nothing else.

No routes, no checks of Host, Origin, names or limits, no accounts. Started by the benchmark: ``floor.py FOLDER PORT``.
"""

import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from ninefold.ids import new_id
from ninefold.ledger import Ledger, Tx

_RUN = (
    "insert into runs (id, project, experiment, name, status, started, updated, root, actor) values (?, 'default', 0, ?, 'running', ?, ?, ?, 'local')"
)
_SERIES = (
    "insert into series (run, key, project, experiment, step, at, value, nan) values (?, ?, 'default', 0, ?, ?, ?, 0) "
    "on conflict (run, key) do update set step = excluded.step, at = excluded.at, value = excluded.value, writes = series.writes + 1 returning id"
)
_POINT = "insert into points (series, step, at, value, nan) values (?, ?, ?, ?, 0) on conflict do nothing"


class Metric(msgspec.Struct):
    """A point as it travels."""

    key: str
    value: float
    timestamp: int
    step: int = 0
    run_id: str = ""


class Batch(msgspec.Struct):
    """Points of one run."""

    run_id: str
    metrics: list[Metric]


class Floor:
    """The application."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder / "anchors")
        self.metric, self.batch = msgspec.json.Decoder(Metric), msgspec.json.Decoder(Batch)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        answer = await self.answer(scope["path"], body)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(answer)).encode())]})
        await send({"type": "http.response.body", "body": answer})

    async def answer(self, path: str, body: bytes) -> bytes:
        if path.endswith("/log-metric"):
            point = self.metric.decode(body)
            await self.ledger.awaited(lambda tx: points(tx, point.run_id, [point]))
        elif path.endswith("/log-batch"):
            batch = self.batch.decode(body)
            await self.ledger.awaited(lambda tx: points(tx, batch.run_id, batch.metrics))
        elif path.endswith("/runs/create"):
            run = new_id()
            await self.ledger.awaited(lambda tx: begin(tx, run))
            return msgspec.json.encode({"run": {"info": {"run_id": run}}})
        return b"{}"


def begin(tx: Tx, run: str) -> None:
    now = time.time_ns() // 1000
    tx.execute(_RUN, run, run[:8], now, now, f"mlflow-artifacts:/0/{run}/artifacts")
    tx.execute("insert into tags (run, key, value) values (?, 'mlflow.runName', ?)", run, run[:8])
    tx.fact("run.started", f"default/run/{run}", {"experiment": 0, "name": run[:8], "parent": None}, run=run)


def points(tx: Tx, run: str, metrics: list[Metric]) -> None:
    newest: dict[str, Metric] = {}
    for point in metrics:
        known = newest.get(point.key)
        if known is None or (point.step, point.timestamp, point.value) > (known.step, known.timestamp, known.value):
            newest[point.key] = point
    series = {}
    for key, point in newest.items():
        row = tx.one(_SERIES, run, key, point.step, point.timestamp * 1000, point.value)
        assert row is not None
        series[key] = row[0]
    tx.many(_POINT, [(series[p.key], p.step, p.timestamp * 1000, p.value) for p in metrics])


if __name__ == "__main__":
    uvicorn.run(Floor(Path(sys.argv[1])), port=int(sys.argv[2]), http="httptools", ws="none", lifespan="off", access_log=False, log_level="warning")
