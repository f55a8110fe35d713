"""A server in a process of its own, as a person would start it."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Live:
    """``ninefold up`` in a folder, on a free port."""

    def __init__(self, folder: Path, *more: str) -> None:
        command = [sys.executable, "-m", "ninefold", "up", "--port", "0", "--json", *more]
        environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate()[1])
        said = json.loads(line)
        if "url" not in said:
            self.process.wait(20)
            raise AssertionError(said)
        self.port = int(said["url"].rpartition(":")[2])
        self._local = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)
        self.process.communicate()

    def stop(self, how: int) -> int:
        """End it by a signal; its exit code."""
        self.process.send_signal(how)
        return self.process.wait(30)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON; each thread has its own connection."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        told = {"content-type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        connection.request(method, path, None if body is None else json.dumps(body), told)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """The JSON of an answer that has to be good."""
        status, answer = self.call("POST", path, body, **headers)
        assert status == 200, answer
        return answer
