"""What `nf.track` costs a script, beside a bare write() of the same bytes, in one run.

    python benchmarks/bench_track.py [CALLS]

The limit: one write() of the same bytes to a file, which is what outlives the death of a process at the least. Ours numbers,
checks and frames each entry, and a thread delivers it to a ledger meanwhile; "alone" is without that thread, as in an outage.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ENTRY = b'{"do":"log","run":"01a1fe06-7453-71f5-bb1d-b7e0b28670e2","step":12345,"at":1380621600000000,"values":{"loss":0.123456}}'
_TRACK = """
import sys, time
import ninefold as nf
calls = int(sys.argv[1])
with nf.track("bench", strict=sys.argv[2] == "strict") as run:
    time.sleep(1)
    wall, cpu = time.perf_counter(), time.thread_time()
    for step in range(calls):
        run.log(loss=0.123456, step=step)
    print((time.perf_counter() - wall) / calls * 1e6, (time.thread_time() - cpu) / calls * 1e6)
"""


def bare(folder: Path, calls: int) -> float:
    """Microseconds for each write()."""
    fd = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    began = time.thread_time()
    for _ in range(calls):
        os.write(fd, ENTRY)
    took = (time.thread_time() - began) / calls * 1e6
    os.close(fd)
    return took


def tracked(folder: Path, calls: int, mode: str, **variables: str) -> tuple[float, float]:
    """Wall and CPU microseconds for each call, in a process of its own."""
    environment = {**os.environ, "NINEFOLD_SPOOL": str(folder / "spool"), "NINEFOLD_ANCHOR": str(folder / "anchors"), **variables}
    command = [sys.executable, "-c", _TRACK, str(calls), mode]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    wall, cpu = done.stdout.split()
    return float(wall), float(cpu)


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".ninefold").mkdir()
        limit = bare(folder, calls)
        print(f"{'':34}{'wall µs':>9}{'CPU µs':>9}{'of a write()':>14}")
        print(f"{'one write()':34}{'':9}{limit:9.1f}{1.0:13.1f}×")
        rows = [
            ("log, delivered to a ledger beside", calls, "fast", {}),
            ("log, alone (the server is away)", calls, "fast", {"NINEFOLD_URI": "http://127.0.0.1:9"}),
            ("log, strict: on disk each", calls // 20, "strict", {"NINEFOLD_URI": "http://127.0.0.1:9"}),
        ]
        for label, count, mode, variables in rows:
            wall, cpu = tracked(folder, count, mode, **variables)
            print(f"{label:34}{wall:9.1f}{cpu:9.1f}{cpu / limit:13.1f}×")


if __name__ == "__main__":
    main()
