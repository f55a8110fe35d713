"""The tracking server beside ``mlflow server`` on SQLite: rates, CPU, searches, histories, artifacts, start and memory.

    make clients; python benchmarks/bench_tracking.py [--folder F] [--seconds 6] [--write] [--json]

The peer runs as it comes (four workers), without its job runner. Both get the same bytes from the same clients over HTTP; ours
is on disk before it answers. The floor writes the same rows through the same group commit and does nothing else.
"""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    folder = Path(__file__).parent / "tracking"
    sys.path.insert(0, str(folder))
    runpy.run_path(str(folder / "bench.py"), run_name="__main__")
