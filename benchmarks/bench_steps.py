"""What a step costs: against plain calls, a pickle file a step, and an interpreter that does nothing.

Prints ratios. CPU seconds where a whole process is measured, since load does not change them much.
"""

import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

from ninefold.engine import Output, Runner, Step
from ninefold.ledger import Ledger

STEPS = 100
CACHED = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from bench_steps import chain
from ninefold.engine import Runner
from ninefold.ledger import Ledger
home = Path({home!r})
with Ledger.open(f"sqlite:///{{home / 'ledger.db'}}", home=home, anchors=home / "anchors") as ledger:
    assert len(Runner(ledger, home, "bench").run(chain()).hits) == {steps}
"""


def chain() -> list[Step]:
    """A chain of steps that do nothing."""

    def work(number: int) -> Callable[[Mapping[str, Output]], Output]:
        return lambda needs: Output(str(number))

    return [Step(str(i), work(i), needs=(str(i - 1),) if i else (), parts={"param:i": str(i)}) for i in range(STEPS)]


def cold(home: Path) -> tuple[float, float]:
    """Milliseconds a step, from nothing: until its record is on disk, and of CPU."""
    with Ledger.open(f"sqlite:///{home / 'ledger.db'}", home=home, anchors=home / "anchors") as ledger:
        runner, steps = Runner(ledger, home, "bench"), chain()
        start, cpu = time.perf_counter(), time.process_time()
        runner.run(steps)
        return (time.perf_counter() - start) * 1000 / STEPS, (time.process_time() - cpu) * 1000 / STEPS


def fsyncs(folder: Path) -> float:
    """Milliseconds of an append with fsync: nothing durable is quicker on this disk."""
    with (folder / "log").open("ab", buffering=0) as file:
        start = time.perf_counter()
        for _ in range(STEPS):
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
        return (time.perf_counter() - start) * 1000 / STEPS


def cached(home: Path) -> float:
    """Milliseconds a step when all are found."""
    with Ledger.open(f"sqlite:///{home / 'ledger.db'}", home=home, anchors=home / "anchors") as ledger:
        runner, steps = Runner(ledger, home, "bench"), chain()
        start = time.perf_counter()
        runner.run(steps)
        return (time.perf_counter() - start) * 1000 / STEPS


def pickles(folder: Path) -> float:
    """The lean lower limit: each result a pickle file, renamed into place, no ledger and no fsync."""
    start = time.perf_counter()
    for i in range(STEPS):
        path = folder / f"{i}.tmp"
        path.write_bytes(pickle.dumps(str(i)))
        path.rename(folder / f"{i}.pickle")
    return (time.perf_counter() - start) * 1000 / STEPS


def process(*args: str, times: int = 5) -> float:
    """CPU seconds of a Python process, the median of some."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *args], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return median(once() for _ in range(times))


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        homes = [folder / str(i) for i in range(5)]
        for home in homes:
            home.mkdir()
        times = [(*cold(home), fsyncs(folder), pickles(folder)) for home in homes]
        step, cpu, sync, lean = (median(column) for column in zip(*times, strict=True))
        hit = median(cached(homes[0]) for _ in range(5))
        print(f"a step, cold, on disk:  {step:6.3f} ms   (aim 1)      {step / sync:5.1f} x one fsync, {sync:.3f} ms")
        print(f"a step, cold, CPU:      {cpu:6.3f} ms                {cpu / lean:5.1f} x a pickle file a step, without record or sync, {lean:.3f} ms")
        print(f"a step, found:          {hit:6.3f} ms                {hit / lean:5.1f} x")
        plain = process("-c", "pass")
        program = CACHED.format(here=str(Path(__file__).parent), home=str(homes[0]), steps=STEPS)
        for label, aim, args in (
            ("import ninefold:", 0.15, ("-c", "import ninefold")),
            ("ninefold --help:", 0.15, ("-c", "import sys; from ninefold.cli import main; sys.argv = ['ninefold', '--help']; main()")),
            (f"{STEPS} steps found, all:", 0.3, ("-c", program)),
        ):
            seconds = process(*args)
            print(f"{label:<23} {seconds:6.3f} s CPU (aim {aim})   {seconds / plain:5.1f} x plain Python, {plain:.3f} s")


if __name__ == "__main__":
    main()
