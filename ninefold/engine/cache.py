"""Outputs that were recorded: looked up by key, written last. No row, no result."""

import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.clock import now
from ninefold.engine.step import Output, Step, all_parts
from ninefold.ids import digest
from ninefold.storage.durable import FileLock

if TYPE_CHECKING:
    from ninefold.ledger import Ledger, Tx

_FIND = "select content, ref from steps where key = ?"
_FORGET = "delete from steps where key = ?"
_SECONDS = "select seconds from steps where project = ? and name = ? order by at desc limit 1"
_LAST = "select key, parts, at from steps where project = ? and name = ? order by at desc limit ?"


class Cache:
    """The stored outputs of one project's steps."""

    def __init__(self, ledger: "Ledger", home: Path, project: str) -> None:
        self.ledger, self.home, self.project = ledger, home, project

    def parts(self, step: Step, needs: Mapping[str, Output]) -> dict[str, str]:
        """Everything that the key is made of, the step's own name included: two steps never share a place to write to."""
        return all_parts(step, needs) | {"step": f"{self.project}/{step.name}"}

    def find(self, step: Step, key: str) -> Output | None:
        """The output recorded under that key, if it may be trusted and is still there."""
        if step.uncacheable:
            return None
        row = self.ledger.one(_FIND, key)
        if row is None:
            return None
        output = Output(row["content"], msgspec.json.decode(row["ref"], type=dict[str, Any]))
        return output if step.exists is None or step.exists(output) else None

    def record(self, step: Step, key: str, parts: Mapping[str, str], output: Output, used: "Used", run: str | None) -> None:
        """Write the output's row and its fact in one transaction: from here on the step is done."""
        subject = step.subject or f"{self.project}/step/{step.name}"

        def write(tx: "Tx") -> None:
            before = tx.one(_FIND, key)
            tx.execute(_FORGET, key)
            row = {
                "key": key,
                "project": self.project,
                "name": step.name,
                "kind": step.kind,
                "revision": step.revision,
                "subject": subject,
                "content": output.content,
                "ref": msgspec.json.encode(output.ref).decode(),
                "parts": msgspec.json.encode(dict(parts)).decode(),
                "run": run,
                "at": now(),
                "seconds": used.seconds,
                "cpu": used.cpu,
                "memory": used.memory,
            }
            tx.add("steps", [row])
            body: dict[str, Any] = {"content": output.content, "seconds": used.seconds, "step": step.name}
            if before is not None and before["content"] != output.content:
                body["differs_from"] = before["content"]  # the same key gave another answer: the step depends on something it does not name
            tx.fact("step.done", subject, body, run=run, key=key)
            if step.facts is not None:
                step.facts(tx, output)

        self.ledger.write(write)

    def seconds(self, name: str) -> float | None:
        """How long the step took when it last ran."""
        row = self.ledger.one(_SECONDS, self.project, name)
        return None if row is None else float(row["seconds"])

    def last_parts(self, name: str, count: int = 2) -> list[tuple[str, dict[str, str], int]]:
        """Key, parts and time of the newest recorded outputs of a step, newest first."""
        rows = self.ledger.all(_LAST, self.project, name, count)
        return [(row["key"], msgspec.json.decode(row["parts"], type=dict[str, str]), row["at"]) for row in rows]

    def lock(self, name: str) -> FileLock:
        """The lock of a step: one process runs it, the others wait and find its output. By name, so that lock files do not pile up."""
        return FileLock(self.home / "locks" / f"step-{digest(f'{self.project}/{name}'.encode())[:24]}")


class Used(msgspec.Struct, frozen=True):
    """What a step used: seconds of wall clock and CPU, the process's peak memory in bytes."""

    seconds: float
    cpu: float
    memory: int


def measured(work: Callable[[], Output]) -> tuple[Output, Used]:
    """Run the work and say what it used."""
    wall, cpu = time.perf_counter(), time.thread_time()
    output = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return output, Used(time.perf_counter() - wall, time.thread_time() - cpu, peak)
