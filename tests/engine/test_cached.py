"""A run in which everything is found: it loads no engine, and costs next to nothing."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_a_cached_run_loads_no_engine() -> None:
    program = "import sys, ninefold.engine, ninefold.ledger; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", program], text=True).split())
    engines = "polars duckdb pyarrow numpy sqlalchemy alembic sklearn lightgbm starlette uvicorn deltalake obstore rich"
    assert loaded & set(engines.split()) == set()


def test_a_hundred_steps_that_are_found_cost_a_process_at_most_three_tenths_of_a_second_of_cpu(tmp_path: Path) -> None:
    sys.path.append(str(BENCHMARKS))
    try:
        bench: Any = importlib.import_module("bench_steps")
    finally:
        sys.path.remove(str(BENCHMARKS))
    bench.cold(tmp_path)
    program = bench.CACHED.format(here=str(BENCHMARKS), home=str(tmp_path), steps=bench.STEPS)
    assert bench.STEPS == 100
    # of CPU, and the least of some: what else the machine does counts little
    assert min(bench.process("-c", program, times=1) for _ in range(3)) <= 0.3
