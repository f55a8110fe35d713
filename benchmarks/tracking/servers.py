"""Servers as processes: started, waited for, asked what they have cost, stopped."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PEER = Path(os.environ.get("NINEFOLD_PEER", ROOT / ".venv-mlflow3")) / "bin"
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Server:
    """A running server: what it is called, where it answers, seconds until it did."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    started: float

    def cpu(self) -> float:
        """Seconds of CPU of the process and of all its children, also of those that have ended."""
        return sum(_times(pid) for pid in _tree(self.process.pid)) / _TICK

    def memory(self) -> int:
        """Bytes that are this tree's alone or its share of (PSS), so that pages shared by workers count once."""
        return sum(_pss(pid) for pid in _tree(self.process.pid))

    def stop(self) -> None:
        pids = _tree(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        for pid in pids[1:]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def ninefold(folder: Path, ledger: str | None = None) -> Server:
    """``ninefold up`` in an empty folder: SQLite unless ``ledger`` is another database's URL, artifacts on disk, every answer fsynced."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [sys.executable, "-m", "ninefold", "up", "--port", str(port)]
    extra = {"XDG_STATE_HOME": str(folder / "state")}
    return _start("ninefold", command, folder, port, extra if ledger is None else {**extra, "NINEFOLD_LEDGER": ledger})


def peer(folder: Path, database: Path | None = None) -> Server:
    """``mlflow server`` on SQLite as it comes, without its job runner, whose idle processes would be counted as work."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [str(PEER / "mlflow"), "server", "--port", str(port), "--backend-store-uri", f"sqlite:///{database or folder / 'mlflow.db'}"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    return _start("mlflow", command, folder, port, quiet, patience=240)


def floor(folder: Path) -> Server:
    """The least that writes the same rows through the same group commit: no checks, no accounts, no protocol."""
    folder.mkdir(parents=True)
    port = free_port()
    return _start("floor", [sys.executable, str(HERE / "floor.py"), str(folder), str(port)], folder, port, {})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(name: str, command: Sequence[str], folder: Path, port: int, extra: dict[str, str], patience: float = 30) -> Server:
    begin = time.perf_counter()
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **extra}, stdout=log, stderr=log)
    while time.perf_counter() - begin < patience:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
            return Server(name, port, process, time.perf_counter() - begin)
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.01)
    process.kill()
    sys.exit(f"{name} did not start:\n{(folder / 'server.log').read_text()[-2000:]}")


def _tree(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += children.get(one, [])
    return found


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []


def _times(pid: int) -> int:
    fields = _stat(pid)
    return sum(int(t) for t in fields[11:15]) if fields else 0


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:")), 0)
