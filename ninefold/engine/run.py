"""Running steps: hits are found in the calling thread, what must run runs as soon as its needs are there."""

import queue
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ninefold.engine.cache import Cache, Used, measured
from ninefold.engine.plan import Planned, make_plan
from ninefold.engine.progress import Event, Kind, Listener, Result, RunError, failure
from ninefold.engine.step import Output, Step, in_order, key_of
from ninefold.errors import UsageError, closest

if TYPE_CHECKING:
    from ninefold.ledger import Ledger

_GRACE = 2.0  # seconds that running steps get to finish after Ctrl-C


class Runner:
    """Runs the steps of a project, at most ``workers`` at once, each key once across all processes of a home.

    Running again is resuming: finished steps are found. A failed step skips those that need it; the others finish.
    ``run`` (an id) goes into the facts.
    """

    def __init__(
        self, ledger: "Ledger", home: Path, project: str, *, workers: int = 2, on_event: Listener | None = None, run: str | None = None
    ) -> None:
        self.cache = Cache(ledger, Path(home), project)
        self.ledger, self.project, self.workers, self.on_event, self.run_id = ledger, project, max(1, workers), on_event, run

    def plan(self, steps: Sequence[Step], *, targets: Sequence[str] | None = None, force: Collection[str] = ()) -> list[Planned]:
        """What a run would do, step by step, without running anything."""
        return make_plan(self.cache, in_order(steps, targets), force)

    def run(self, steps: Sequence[Step], *, targets: Sequence[str] | None = None, force: Collection[str] = (), check: bool = True) -> Result:
        """Run what has no stored output. Raises RunError (its ``result`` says what was done) unless ``check`` is false."""
        if unknown := sorted(set(force) - {step.name for step in steps}):
            raise UsageError(f'there is no step "{unknown[0]}" to run again', hint=closest(unknown[0], [step.name for step in steps]))
        result = _Run(self, in_order(steps, targets), frozenset(force)).all()
        if check and result.failed:
            raise RunError(result)
        return result


class _Run:
    """One run: its state is touched by the calling thread alone; worker threads hand results over a queue."""

    def __init__(self, runner: Runner, steps: list[Step], force: frozenset[str]) -> None:
        self.runner, self.cache, self.force, self.total = runner, runner.cache, force, len(steps)
        self.waiting = {step.name: step for step in steps}
        self.index = {step.name: i for i, step in enumerate(steps, 1)}
        self.missing = {step.name: len(set(step.needs)) for step in steps}
        self.needed_by: dict[str, list[str]] = {}
        for step in steps:
            for need in set(step.needs):
                self.needed_by.setdefault(need, []).append(step.name)
        self.ready = [step.name for step in steps if not step.needs]
        self.result, self.running, self.threads = Result(), 0, list[threading.Thread]()
        self.done: queue.SimpleQueue[tuple[Step, Output | None, BaseException | None, float, bool]] = queue.SimpleQueue()
        self.stopped = threading.Event()

    def all(self) -> Result:
        start = time.perf_counter()
        try:
            while self.ready or self.running:
                while self.ready and self.running < self.runner.workers:
                    self._start(self.ready.pop(0))
                if self.running:
                    self._finish(*self.done.get())
        except BaseException:  # also Ctrl-C: what runs is stopped first, then it goes on to the caller
            self._stop()
            raise
        self.result.seconds = time.perf_counter() - start
        return self.result

    def _start(self, name: str) -> None:
        step = self.waiting.pop(name)
        needs = {need: self.result.outputs[need] for need in step.needs}
        try:
            parts = self.cache.parts(step, needs)
            key = key_of(parts)
            found = None if name in self.force else self.cache.find(step, key)
        except Exception as error:  # a part that cannot be computed is this step's failure, not the run's
            self._failed(step, error, 0.0)
            return
        if found is not None:
            self._succeeded(step, found, "hit", 0.0)
            return
        self._tell("started", name, detail=step.uncacheable or "")
        self.running += 1
        if not self.ready and self.running == 1:
            # nothing else can start before this one ends: stay in this thread, so that Ctrl-C and debuggers reach the step
            self._work(step, needs, parts, key)
        else:
            thread = threading.Thread(target=self._work, args=(step, needs, parts, key), name=f"step {name}", daemon=True)
            self.threads.append(thread)
            thread.start()

    def _work(self, step: Step, needs: dict[str, Output], parts: dict[str, str], key: str) -> None:
        start = time.perf_counter()
        try:
            output, found = self._once(step, needs, parts, key)
            self.done.put((step, output, None, time.perf_counter() - start, found))
        except (Exception, SystemExit) as error:  # whatever a user's step raises is that step's failure
            self.done.put((step, None, error, time.perf_counter() - start, False))
        except KeyboardInterrupt as error:
            if threading.current_thread() is threading.main_thread():
                raise
            self.done.put((step, None, error, time.perf_counter() - start, False))

    def _once(self, step: Step, needs: dict[str, Output], parts: dict[str, str], key: str) -> tuple[Output, bool]:
        """Run the step under its key's lock, unless somebody else just did."""
        lock = self.cache.lock(step.name)
        if not lock.acquire(0, who=f"step {step.name}"):
            holder = lock.holder()
            self._tell("waiting", step.name, detail=f"process {holder.pid} runs it" if holder else "another process runs it")
            lock.acquire(None, who=f"step {step.name}")
        try:
            if step.name not in self.force and (found := self.cache.find(step, key)) is not None:
                return found, True
            output, used = measured(lambda: step.run(needs))
            self._record(step, key, parts, output, used)
            return output, False
        finally:
            lock.release()

    def _record(self, step: Step, key: str, parts: dict[str, str], output: Output, used: Used) -> None:
        if not isinstance(output, Output):
            raise TypeError(f"the step returned {type(output).__name__}, expected an Output")
        if self.stopped.is_set():
            raise RuntimeError("the run was stopped")
        self.cache.record(step, key, parts, output, used, self.runner.run_id)

    def _finish(self, step: Step, output: Output | None, error: BaseException | None, seconds: float, found: bool) -> None:
        self.running -= 1
        if output is not None:
            self._succeeded(step, output, "hit" if found else "done", seconds)
        elif error is not None:
            self._failed(step, error, seconds)

    def _succeeded(self, step: Step, output: Output, kind: Kind, seconds: float) -> None:
        self.result.outputs[step.name] = output
        (self.result.hits if kind == "hit" else self.result.ran).append(step.name)
        self._tell(kind, step.name, seconds)
        for name in self.needed_by.get(step.name, ()):
            self.missing[name] -= 1
            if not self.missing[name] and name in self.waiting:
                self.ready.append(name)

    def _failed(self, step: Step, error: BaseException, seconds: float) -> None:
        told = failure(step.name, error)
        self.result.failed[step.name] = told
        body = {"step": step.name, "error": type(error).__name__, "message": str(error)[:2000]}
        self.runner.ledger.record("step.failed", step.subject or f"{self.runner.project}/step/{step.name}", body, run=self.runner.run_id)
        self._tell("failed", step.name, seconds, told.message)
        self._skip(step.name)

    def _skip(self, failed: str) -> None:
        stack = list(self.needed_by.get(failed, ()))
        while stack:
            name = stack.pop()
            if self.waiting.pop(name, None) is not None:
                self.result.skipped[name] = f'"{failed}" failed'
                self._tell("skipped", name, detail=f'"{failed}" failed')
                stack.extend(self.needed_by.get(name, ()))

    def _stop(self) -> None:
        """Give running steps a moment to record what they finish; what comes later is dropped and will run again."""
        limit = time.monotonic() + _GRACE
        for thread in self.threads:
            thread.join(max(0.0, limit - time.monotonic()))
        self.stopped.set()

    def _tell(self, kind: Kind, name: str, seconds: float = 0.0, detail: str = "") -> None:
        if self.runner.on_event is not None:
            self.runner.on_event(Event(kind, name, self.index[name], self.total, seconds, detail))
