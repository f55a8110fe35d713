"""Warm worker processes, forked from a server that has loaded the libraries already: a task costs a fraction of a millisecond.

A worker runs one task at a time, so a task that takes too long, too much memory, or was cancelled is killed with its worker
and nothing else; another worker takes its place.
"""

import multiprocessing
import multiprocessing.connection
import os
import pickle
import queue
import resource
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from multiprocessing import spawn
from types import TracebackType
from typing import Any, Self

from ninefold.errors import NinefoldError, StepError

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
# idle OpenMP threads that spin instead of sleeping take the processors from the other workers
_ENVIRONMENT = {"OMP_WAIT_POLICY": "passive", **_ONE_THREAD}


_starting = threading.Lock()


class KilledError(StepError):
    """The task's process was ended: too slow, too large, cancelled, or by the system."""

    code = "killed"


class _Task:
    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], timeout: float | None, memory: int | None) -> None:
        try:
            self.payload = pickle.dumps((function, args, memory))
        except (TypeError, AttributeError) as error:  # what pickle says of locks, lambdas and inner classes
            raise pickle.PicklingError(str(error)) from error
        self.timeout, self.memory = timeout, memory
        self.future: Future[Any] = Future()


class Pool:
    """``workers`` processes with ``preload`` modules loaded. Functions and arguments travel by pickle: pass paths and versions, not frames.

    >>> with Pool(1) as pool:
    ...     pool.submit(divmod, 7, 2).result()
    (3, 1)
    """

    def __init__(self, workers: int = 2, *, preload: Sequence[str] = ()) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["ninefold.engine.pool", *preload])
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._running: set[Any] = set()
        self._lock, self._closed = threading.Lock(), False
        self._threads = [threading.Thread(target=self._tend, name=f"pool {i}", daemon=True) for i in range(max(1, workers))]
        for thread in self._threads:
            thread.start()

    def submit(self, function: Callable[..., Any], *args: Any, timeout: float | None = None, memory: int | None = None) -> "Future[Any]":
        """Run ``function(*args)`` in a worker; the future has its result or its error. ``timeout`` in seconds and ``memory`` in
        bytes (of address space, on top of what the worker has) end it with KilledError or MemoryError.
        """
        if self._closed:
            raise StepError("the pool is closed", hint="open another one")
        task = _Task(function, args, timeout, memory)
        self._tasks.put(task)
        return task.future

    def kill(self) -> None:
        """End every running task now; waiting ones are cancelled."""
        self._closed = True
        while True:
            try:
                waiting = self._tasks.get_nowait()
            except queue.Empty:
                break
            if waiting is not None:
                waiting.future.cancel()
        with self._lock:
            for process in self._running:
                process.kill()
        for _ in self._threads:
            self._tasks.put(None)

    def close(self) -> None:
        """Wait for what was submitted, then end the workers."""
        self._closed = True
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self.close()
        else:
            self.kill()

    def _tend(self) -> None:
        """One thread for each worker: it hands over a task, waits for the result or the end, and replaces a dead worker."""
        worker: _Worker | None = None
        while (task := self._tasks.get()) is not None:
            if not task.future.set_running_or_notify_cancel():
                continue
            try:
                if worker is None or not worker.process.is_alive():
                    worker = self._start()
                result = worker.run(task)
            except BaseException as error:  # whatever it is belongs to the caller, and this thread must go on
                task.future.set_exception(error)
            else:
                task.future.set_result(result)
            if worker is not None and worker.dead:
                self._forget(worker)
                worker = None
        if worker is not None:
            worker.end()
            self._forget(worker)

    def _start(self) -> "_Worker":
        with self._lock:
            worker = _Worker(self._context)
            self._running.add(worker.process)
            return worker

    def _forget(self, worker: "_Worker") -> None:
        with self._lock:
            self._running.discard(worker.process)
        worker.process.join(1)


class _Worker:
    """A process and the pipe to it."""

    def __init__(self, context: Any) -> None:
        self.pipe, theirs = multiprocessing.connection.Pipe()
        before = {name: os.environ.get(name) for name in _ENVIRONMENT}
        # the server that workers are forked from takes its environment from here, once, before the libraries read it
        os.environ.update(_ENVIRONMENT)
        try:
            self.process = context.Process(target=_work, args=(theirs,), daemon=True)
            with _without_main():
                self.process.start()
        finally:
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
        theirs.close()
        self.dead = False

    def run(self, task: _Task) -> Any:
        limit = None if task.timeout is None else time.monotonic() + task.timeout
        try:
            self.pipe.send_bytes(task.payload)
            if not self.pipe.poll(None if limit is None else max(0.0, limit - time.monotonic())):
                self._kill()
                raise KilledError(f"it took longer than {task.timeout:g} seconds", hint="give it more time, or less to do")
            ok, value, trace = pickle.loads(self.pipe.recv_bytes())  # noqa: S301  # our own worker wrote it
        except (EOFError, OSError):
            self._kill()
            raise KilledError(f"its process ended ({_ending(self.process.exitcode)})", hint="too little memory is the usual reason") from None
        if ok:
            return value
        if isinstance(value, MemoryError) and task.memory is not None:
            raise KilledError(f"it needs more than {task.memory} bytes of memory", hint="raise the limit: nf.on(candidate, memory=...)")
        value.add_note(trace)
        raise value

    def end(self) -> None:
        self.pipe.close()
        self.process.join(2)
        if self.process.is_alive():
            self._kill()

    def _kill(self) -> None:
        self.dead = True
        self.process.kill()
        self.process.join(2)
        self.pipe.close()


@contextmanager
def _without_main() -> Iterator[None]:
    """A worker runs functions of modules. By default it would run the user's script again first, to find what is defined there."""
    with _starting:
        prepared = spawn.get_preparation_data
        spawn.get_preparation_data = lambda name: {k: v for k, v in prepared(name).items() if not k.startswith("init_main")}
        try:
            yield
        finally:
            spawn.get_preparation_data = prepared


def _work(pipe: multiprocessing.connection.Connection) -> None:
    """The worker: take a task, run it, send back what came of it; end when the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides what it means
    _die_with_parent()
    while True:
        try:
            function, args, memory = pickle.loads(pipe.recv_bytes())  # noqa: S301  # our own parent wrote it
        except EOFError:
            return
        except Exception as error:  # what cannot be imported here is the caller's error
            _send(pipe, (False, pickle.PicklingError(str(error)), ""))
            continue
        before = resource.getrlimit(resource.RLIMIT_AS)
        try:
            if memory is not None:
                resource.setrlimit(resource.RLIMIT_AS, (_address_space() + memory, before[1]))
            answer: tuple[bool, Any, str] = (True, function(*args), "")
        except BaseException as error:  # it is sent to the caller, who raises it
            answer = (False, error, traceback.format_exc())
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)
        _send(pipe, answer)


def _send(pipe: multiprocessing.connection.Connection, answer: tuple[bool, Any, str]) -> None:
    try:
        data = pickle.dumps(answer)
        pickle.loads(data)  # noqa: S301  # an error whose class cannot be made again would break the parent instead
    except Exception:  # results and errors are of any class, and pickling runs its code
        what = answer[1]
        told = StepError(f"{type(what).__name__}: {what}" if isinstance(what, BaseException) else f"a {type(what).__name__} cannot be sent back")
        data = pickle.dumps((False, _plain(told), answer[2]))
    pipe.send_bytes(data)


def _plain(error: NinefoldError) -> Exception:
    return RuntimeError(str(error))


def _die_with_parent() -> None:
    """End a worker that is in the middle of a task when its parent dies: it would compute for nobody."""

    def watch() -> None:
        waiting = multiprocessing.connection.wait([_parent_sentinel()])
        if waiting:
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _parent_sentinel() -> Any:
    parent = multiprocessing.parent_process()
    assert parent is not None  # only workers come here
    return parent.sentinel


def _address_space() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0  # macOS has no such file, and does not enforce the limit either


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
