"""One spool and one courier for all runs that a process tracks at one target."""

import atexit
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import msgspec

from ninefold import clock
from ninefold.errors import LimitError, NinefoldError, StoppedError
from ninefold.runs.tracking import code, environment
from ninefold.runs.tracking import folder as spools
from ninefold.runs.tracking.courier import Courier
from ninefold.runs.tracking.operations import Begin, End, Log, Save, Tags, is_id
from ninefold.runs.tracking.resources import Sampler, Samples
from ninefold.runs.tracking.spool import Mode, Spool
from ninefold.runs.tracking.target import target_of

CURRENT: ContextVar[str | None] = ContextVar("ninefold_run", default=None)  # the innermost run of this thread or task
RUN = "NINEFOLD_RUN"  # what a process that a run starts finds its parent under
INHERITED = inherited if is_id(inherited := os.environ.get(RUN, "")) else None  # a run must not be refused for what lies in the environment
STILL, LONGEST = 5.0, 120.0  # seconds that the end of a script waits: without anything being taken, and at most
AFTER_END = 5.0  # seconds that the end of a run waits for its delivery, where the target answers
_encode = msgspec.json.encode
_log = logging.getLogger("ninefold.track")


class Process:
    """What the runs of one process share. Not for a child made by fork: it makes its own with :func:`process`."""

    def __init__(self, target: str, folder: Path, mode: Mode) -> None:
        self.key, self.pid, self.alive = (target, folder, mode), os.getpid(), True
        self.spool = Spool(folder, target=target, mode=mode)
        self.courier = Courier(self.spool, target_of(target))
        self.sampler = Sampler()
        self._open: dict[str, threading.Thread | None] = {}
        self._attached: set[str] = set()
        self._around: list[tuple[str, str | None]] = []
        self._warned = False
        self._described: dict[str, str] | None = None
        self._describing = threading.Lock()

    # a run's life

    def begin(self, begin: Begin) -> None:
        """A run of this process begins."""
        self.spool.begun(begin.run)
        self._attached.add(begin.run)
        self.say(begin.run, _encode(begin), needed=True)
        describing = threading.Thread(target=self._describe, args=(begin.run,), name="ninefold-describe", daemon=True)
        self._opened(begin.run, describing)
        describing.start()

    def go_on(self, run: str, entry: bytes) -> None:
        """A run that is there already goes on in this process."""
        self.spool.begun(run)
        self._attached.add(run)
        self.say(run, entry, needed=True)
        self._opened(run, None)

    def attach(self, run: str, experiment: str, name: str) -> None:
        """The process, a child made by fork, says something of its parent's run: it must be there, whoever is delivered first."""
        if run not in self._attached:
            self._attached.add(run)
            self.say(run, _encode(Begin(run, experiment, clock.now(), name)), needed=True)

    def end(self, run: str, entry: bytes) -> None:
        """A run ends; where the target answers, what it said is there when this returns."""
        self.sampler.remove(run)
        describing = self._open.pop(run, None)
        if describing is not None:
            describing.join(2.0)
        self.say(run, entry, needed=True)
        self.spool.ended(run)
        self.courier.flush(AFTER_END)

    def _opened(self, run: str, describing: threading.Thread | None) -> None:
        self._open[run], began = describing, time.monotonic()

        def sampled(sample: Samples) -> None:
            # the steps of what the machine does are seconds
            self.say(run, _encode(Log(run, round(time.monotonic() - began), clock.now(), dict(sample))))

        self.sampler.add(run, sampled)

    # what is said

    def say(self, run: str, entry: bytes, *, needed: bool = False) -> None:
        """Keep an entry for delivery; where the disk does not take it, say so once and go on."""
        if not self.spool.add(run, entry, needed=needed) and not self._warned:
            self._warned = True
            reason = self.spool.stopped or "the disk is full, or too much waits for its server"
            _log.warning("what is said of run %s is lost (%s). The script goes on, and the run is marked incomplete", run, reason)
        self.courier.wake()

    def save(self, run: str, data: bytes | Path, entry: Callable[[str, int, str], bytes]) -> None:
        """Keep a file's content, and the entry that names it."""
        try:
            digest, size, name = self.spool.keep(data)
        except (LimitError, StoppedError) as error:
            self.spool.lose(run)
            _log.warning("a file of run %s is lost (%s). The script goes on, and the run is marked incomplete", run, error)
            return
        self.say(run, entry(digest, size, name), needed=True)

    def flush(self, timeout: float) -> bool:
        """Wait until all is delivered."""
        self.spool.flush()
        return self.courier.flush(timeout, patient=True)

    def enter(self, run: str) -> None:
        """Processes that are started from now on are parts of this run."""
        self._around.append((run, os.environ.get(RUN)))
        os.environ[RUN] = run

    def leave(self, run: str) -> None:
        """The end of :meth:`enter`."""
        for place, (one, before) in enumerate(self._around):
            if one == run:
                del self._around[place]
                if os.environ.get(RUN) == run:
                    os.environ.pop(RUN)
                    os.environ.update({RUN: before} if before else {})
                return

    def _describe(self, run: str) -> None:
        """Beside the script: what takes a moment to find out."""
        try:
            with self._describing:
                if self._described is None:
                    self._described = code.commit(Path(code.script()).parent if code.script() else Path.cwd())
            if self._described:
                self.say(run, _encode(Tags(run, self._described)))  # type: ignore[arg-type]
            packages = msgspec.json.format(_encode(environment.full()))
            self.save(run, packages, lambda digest, size, name: _encode(Save(run, "environment.json", digest, size, name)))
        except (OSError, NinefoldError) as error:  # what only describes must not harm the run
            _log.warning("the environment of run %s is not known: %s", run, error)

    # the end

    def close(self) -> None:
        """The process ends: end what is open, deliver what goes quickly, keep the rest."""
        status = _ending()
        for run in list(self._open):
            self._open.pop(run)
            self.sampler.remove(run)
            self.say(run, _encode(End(run, status, clock.now())), needed=True)
            self.spool.ended(run)
        done = self._drain()
        self.spool.close()
        if done:
            spools.remove(self.spool.folder)
        else:
            where = self.courier.target.name
            _log.warning(
                "what this script said is not all delivered to %s. It is kept, and goes with the next nf.track() or: ninefold runs deliver", where
            )

    def _drain(self) -> bool:
        """Deliver for as long as the target takes something."""
        until = time.monotonic() + LONGEST
        while time.monotonic() < until:
            before = self.courier.applied
            if self.courier.flush(STILL, patient=True):
                break
            if self.courier.applied == before and not self.courier.uploading:
                break
        return self.courier.close()


def _ending() -> Any:
    """What became of runs that nobody ended: the script came to its end, or died of an exception that nobody caught."""
    kind = getattr(sys, "last_type", None)
    return "done" if kind is None or hasattr(sys, "ps1") else "killed" if issubclass(kind, KeyboardInterrupt) else "failed"


_processes: dict[Any, Process] = {}
_of_parent: list[Process] = []  # kept, so that a child does not close what is its parent's
_lock = threading.Lock()


def process(like: Process | None = None, *, target: str = "", folder: Path = Path(), mode: Mode = "fast") -> Process:
    """The one of this process for a target, made where there is none."""
    key = like.key if like is not None else (target, folder, mode)
    with _lock:
        if key not in _processes:
            _processes[key] = Process(*key)
            util = sys.modules.get("multiprocessing.util")
            if util is not None and sys.modules["multiprocessing"].parent_process() is not None:
                util.Finalize(None, close_all, exitpriority=0)  # a child of multiprocessing ends without atexit
        return _processes[key]


def close_all() -> None:
    """Close all of this process's; what is tracked later opens anew."""
    with _lock:
        ending = list(_processes.values())
        _processes.clear()
    for one in ending:
        one.alive = False
        one.close()


def _forked() -> None:
    global _lock
    _lock = threading.Lock()
    for one in _processes.values():
        one.alive = False
        one.spool.abandon()
        _of_parent.append(one)
    _processes.clear()


atexit.register(close_all)
os.register_at_fork(after_in_child=_forked)
