"""The ledger against the bare fsync limit of the same disk, in one run.

    python benchmarks/bench_ledger.py [FOLDER]

The limit: appending the same bytes to a file with one fdatasync each. Alone: one thread records fact after fact. Grouped: many
requests stand in line and share transactions. CPU is of the whole process, in microseconds a fact.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ninefold.ledger import Ledger

BODY = {"rows": 336_776, "digest": "0123456789abcdef" * 4, "by": "a benchmark"}


def measured(work: Callable[[], int]) -> tuple[float, float]:
    """(wall, CPU) microseconds for each of the things that ``work`` counts."""
    wall, cpu = time.perf_counter(), time.process_time()
    count = work()
    return (time.perf_counter() - wall) / count * 1e6, (time.process_time() - cpu) / count * 1e6


def bare(folder: Path, count: int, size: int) -> int:
    fd = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for _ in range(count):
        os.write(fd, b"x" * size)
        getattr(os, "fdatasync", os.fsync)(fd)
    os.close(fd)
    return count


def alone(ledger: Ledger, count: int) -> int:
    for i in range(count):
        ledger.record("table.written", f"p/table/t@{i}", BODY)
    return count


def grouped(ledger: Ledger, count: int, together: int) -> int:
    for first in range(0, count, together):
        futures = [ledger.submit(lambda tx: tx.fact("table.written", "p/table/t", BODY)) for _ in range(first, first + together)]
        for future in futures:
            future.result()
    return count


def main() -> None:
    folder = Path(tempfile.mkdtemp(dir=sys.argv[1] if len(sys.argv) > 1 else None))
    url = f"sqlite:///{folder}/ledger.db"
    with Ledger.open(url, anchors=folder / "anchors") as ledger:
        ledger.record("warm.up", "p/t", BODY)
        rows = {"bare write + fdatasync": measured(lambda: bare(folder, 500, 450)), "facts, one by one": measured(lambda: alone(ledger, 500))}
        for together in (8, 64, 1000):
            rows[f"facts, {together} together"] = measured(lambda together=together: grouped(ledger, 4000, together))  # type: ignore[misc]
        rows["bare write + fdatasync, again"] = measured(lambda: bare(folder, 500, 450))
        head = ledger.head()
        rows["verify, a fact"] = measured(lambda: ledger.verify().facts)
        rows["head()"] = measured(lambda: sum(ledger.head() > 0 for _ in range(2000)))
    limit = (rows["bare write + fdatasync"][0] + rows["bare write + fdatasync, again"][0]) / 2  # before and after: the disk may be shared
    print(f"{'':32}{'wall µs':>10}{'CPU µs':>10}{'a second':>12}{'x limit':>10}")
    for name, (wall, cpu) in rows.items():
        print(f"{name:32}{wall:10.1f}{cpu:10.1f}{1e6 / wall:12,.0f}{limit / wall:10.2f}")
    began = time.perf_counter()
    with Ledger.open(url, anchors=folder / "anchors") as ledger:
        assert ledger.head() == head
        print(f"open and read: {(time.perf_counter() - began) * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
