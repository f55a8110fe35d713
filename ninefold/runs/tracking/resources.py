"""What a process takes: processors, memory, and the machine's GPUs, sampled while runs go on."""

import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable

EVERY = 5.0  # seconds between two samples
_GPU = ("--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits")
Samples = dict[str, float]


class Sampler:
    """A thread that gives a sample every few seconds to every taker, as long as there is one."""

    def __init__(self, every: float = EVERY) -> None:
        self._every = every
        self._takers: dict[str, Callable[[Samples], None]] = {}
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, run: str, take: Callable[[Samples], None]) -> None:
        """Give samples to ``take`` from now on."""
        with self._lock:
            self._takers[run] = take
            if self._thread is None:
                self._stop = threading.Event()
                self._thread = threading.Thread(target=self._run, args=(self._stop,), name="ninefold-resources", daemon=True)
                self._thread.start()

    def remove(self, run: str) -> None:
        """No more samples."""
        with self._lock:
            self._takers.pop(run, None)
            if not self._takers:
                self._stop.set()
                self._thread = None

    def _run(self, stop: threading.Event) -> None:
        meter = Meter()
        while not stop.wait(self._every):
            sample = meter.sample()
            with self._lock:
                takers = list(self._takers.values())
            for take in takers:
                take(sample)


class Meter:
    """Measures since it was last asked."""

    def __init__(self) -> None:
        self._cpu, self._at = _cpu(), time.monotonic()
        self._smi = shutil.which("nvidia-smi")

    def sample(self) -> Samples:
        """Processors in use (2.0: two of them all the time), memory in bytes, and of all GPUs the share in use and the bytes.

        >>> sorted(Meter().sample())[:2]
        ['system/cpu', 'system/memory']
        """
        cpu, at = _cpu(), time.monotonic()
        sample = {"system/cpu": (cpu - self._cpu) / max(1e-6, at - self._at), "system/memory": memory()}
        self._cpu, self._at = cpu, at
        return sample | (self._gpu() if self._smi else {})

    def _gpu(self) -> Samples:
        try:
            done = subprocess.run([self._smi or "", *_GPU], capture_output=True, timeout=10, check=True, text=True)  # noqa: S603  found on the path
            rows = [[float(cell) for cell in line.split(",")] for line in done.stdout.splitlines()]
        except (OSError, ValueError, subprocess.SubprocessError):
            self._smi = None  # no GPU, or none that says anything
            return {}
        return {"system/gpu": sum(row[0] for row in rows) / 100, "system/gpu_memory": sum(row[1] for row in rows) * 2**20} if rows else {}


def _cpu() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def memory() -> float:
    """Bytes of memory that the process holds."""
    try:
        with open("/proc/self/statm", "rb") as stream:
            return float(int(stream.read().split()[1]) * resource.getpagesize())
    except OSError:  # no Linux: the most that it held
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
