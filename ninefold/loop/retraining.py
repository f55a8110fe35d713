"""Retraining: the frozen code runs in a process of its own, on the same home; what becomes of the version is the gate's decision."""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Any

import msgspec

from ninefold.clock import iso
from ninefold.errors import StepError
from ninefold.project.home import Home
from ninefold.project.live.freeze import MANIFEST, thaw

KILL_AFTER = 10.0  # seconds between asking a run to stop and ending it


@dataclass(frozen=True, slots=True)
class Retrained:
    """What a retraining cost: seconds by the clock and of CPU, and what the run answered."""

    seconds: float
    cpu: float
    answer: dict[str, Any]


class Trainer:
    """Runs frozen code; one at a time. ``stop`` ends a run that is under way."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop: what it was doing did not fail."""
        return self._stopped.is_set()

    def run(self, frozen: str, as_of: int, reason: str) -> Retrained:
        """``ninefold run`` of frozen code as of an instant. Raises StepError where it fails or is stopped."""
        began = time.monotonic()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            if self.stopped:
                raise StepError("the loop was stopped", hint="the next server takes it up")
            # a process group of its own, so that stopping it stops the workers that it has
            self._child = subprocess.Popen(  # noqa: S603 (our own interpreter, arguments as a list)
                self._command(frozen, as_of, reason),
                stdout=out,
                stderr=err,
                stdin=subprocess.DEVNULL,
                env=self._environment(),
                cwd=self.home.settings.root,
                start_new_session=True,
            )
            if self.stopped:
                self.stop()  # it was told so meanwhile, and saw no child
            try:
                code, cpu = self._wait(self._child)
            finally:
                self._child = None
            out.seek(0)
            err.seek(0)
            said, complained = out.read(), err.read()
        if code != 0:
            raise StepError(f"the retraining ended with {code}: {_error(said, complained)}", hint="ninefold status")
        return Retrained(time.monotonic() - began, cpu, _last(said))

    def stop(self) -> None:
        """Ask a run to end, and make it."""
        self._stopped.set()
        child = self._child
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, 15)
            threading.Timer(KILL_AFTER, _kill, [child]).start()

    def _command(self, frozen: str, as_of: int, reason: str) -> list[str]:
        manifest = thaw(self.home, frozen).parent
        folder = self.home.path("frozen", frozen)
        main = msgspec.json.decode((folder / MANIFEST).read_bytes())["main"]
        # the project's own place tells where its settings are; its file may be gone, or be another one by now: only frozen code runs
        place = self.home.settings.root / main
        known = place if place.exists() else manifest / place.name
        return [
            sys.executable,
            "-m",
            "ninefold",
            "run",
            str(known),
            "--frozen",
            frozen,
            "--as-of",
            iso(as_of),
            "--reason",
            reason,
            "--in",
            self.home.settings.environment,
            "--json",
        ]

    def _environment(self) -> dict[str, str]:
        settings = self.home.settings
        named = {"HOME": str(settings.home), "LEDGER": settings.ledger, "LAKE": settings.lake, "ARTIFACTS": settings.artifacts}
        return {**os.environ, **{f"NINEFOLD_{name}": value for name, value in named.items()}, "OMP_WAIT_POLICY": "passive"}

    def _wait(self, child: "subprocess.Popen[bytes]") -> tuple[int, float]:
        """Until it ends; its exit code and the CPU seconds of it and its children."""
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        return child.returncode, used.ru_utime + used.ru_stime


def _kill(child: "subprocess.Popen[bytes]") -> None:
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, 9)


def _last(said: bytes) -> dict[str, Any]:
    """The last JSON document of a command's output."""
    for line in reversed(said.decode("utf-8", "replace").splitlines()):
        with contextlib.suppress(msgspec.DecodeError):
            found = msgspec.json.decode(line)
            if isinstance(found, dict):
                return found
    return {}


def _error(said: bytes, complained: bytes) -> str:
    error = _last(said).get("error")
    if isinstance(error, dict):
        return str(error.get("message", ""))
    lines = complained.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
