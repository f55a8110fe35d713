"""One release of MLflow's clients in an environment of its own, run as its users run it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from live import Live

ROOT = Path(__file__).parents[4]


class Client:
    """One release of the clients, told of a server by the variables that its users set."""

    def __init__(self, environment: Path, server: Live, folder: Path) -> None:
        self.environment, self.server, self.folder = environment, server, folder
        self.url = f"http://127.0.0.1:{server.port}"
        told = {"MLFLOW_TRACKING_URI": self.url, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
        quiet = {"PYTHONWARNINGS": "ignore", "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "1", "PATH": f"{environment}/bin:{os.environ['PATH']}"}
        self.variables = {**{name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}, **told, **quiet}

    def has(self, module: str) -> bool:
        """Whether the environment has a library."""
        found = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
        return self._run(str(self.environment / "bin" / "python"), "-c", found).returncode == 0

    def python(self, script: Path, *words: str) -> Any:
        """What a script prints last, as JSON; a script that fails shows why."""
        return json.loads(self.output(str(self.environment / "bin" / "python"), str(script), *words).splitlines()[-1])

    def output(self, *command: str) -> str:
        """What a command prints."""
        done = self._run(*command)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
        return done.stdout

    def _run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(command, cwd=self.folder, env=self.variables, capture_output=True, text=True, timeout=400, check=False)
