"""Journal and lake against the bare fsync limit of the same disk, in one run.

    python benchmarks/bench_durable.py [FOLDER]

The limit: appending the same bytes to a file with one fdatasync each. A journal shares an fsync between the rows that stand in
line; a commit of the lake flushes a data file, its folder, the log entry and the log's folder. Every row that is counted was
acknowledged as being on disk.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from ninefold.journal import Journal
from ninefold.lake import Lake

ROW = b'{"id":"01a1fe06-7453-71f5-bb1d-b7e0b28670e2","page":"/a/b","at":1380621600000000}' * 3


def measured(work: Callable[[], int]) -> tuple[float, float]:
    """(wall, CPU) microseconds for each of the rows that ``work`` counts."""
    wall, cpu = time.perf_counter(), time.process_time()
    count = work()
    return (time.perf_counter() - wall) / count * 1e6, (time.process_time() - cpu) / count * 1e6


def bare(folder: Path, count: int) -> int:
    fd = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for _ in range(count):
        os.write(fd, ROW)
        getattr(os, "fdatasync", os.fsync)(fd)
    os.close(fd)
    return count


def journalled(journal: Journal, count: int, together: int) -> int:
    """``together`` callers, each waiting for its own row to be on disk before it sends the next."""
    for _ in range(count // together):
        for future in [journal.append([ROW]) for _ in range(together)]:
            future.result()
    return count


def committed(lake: Lake, name: str, commits: int, rows: int) -> int:
    table = lake.table(name)
    frame = pl.DataFrame({"id": range(rows), "value": [float(i) for i in range(rows)], "text": ["abcdef"] * rows})
    for _ in range(commits):
        table.write(frame, mode="append")
    return commits * rows


def main() -> None:
    folder = Path(tempfile.mkdtemp(dir=sys.argv[1] if len(sys.argv) > 1 else None))
    lake = Lake(folder / "lake")
    committed(lake, "warm", 1, 10)
    rows = {"bare write + fdatasync": measured(lambda: bare(folder, 500))}
    with Journal(folder / "strict", mode="strict") as journal:
        for together in (1, 64, 1000):
            rows[f"journal, {together} in line"] = measured(lambda together=together: journalled(journal, max(500, together * 20), together))  # type: ignore[misc]
    with Journal(folder / "fast", mode="fast") as journal:
        rows["journal, 64 in line, fast"] = measured(lambda: journalled(journal, 6400, 64))
    for size in (1, 1_000, 100_000):
        rows[f"lake, commits of {size:,}"] = measured(lambda size=size: committed(lake, f"t{size}", 20, size))  # type: ignore[misc]
    rows["bare write + fdatasync, again"] = measured(lambda: bare(folder, 500))
    limit = (rows["bare write + fdatasync"][0] + rows["bare write + fdatasync, again"][0]) / 2  # before and after: the disk may be shared
    print(f"{'':32}{'wall µs/row':>12}{'CPU µs/row':>12}{'rows a second':>16}{'x limit':>10}")
    for name, (wall, cpu) in rows.items():
        print(f"{name:32}{wall:12.2f}{cpu:12.2f}{1e6 / wall:16,.0f}{limit / wall:10.2f}")


if __name__ == "__main__":
    main()
