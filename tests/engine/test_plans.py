"""Plans found by the digests of files."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ninefold.engine.plans import file_digests, load_plan, plan_digest, store_plan
from ninefold.errors import NotFoundError
from ninefold.ledger import Ledger

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.py"
    path.write_text("x = 1")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def test_a_plan_is_found_until_a_file_changes(ledger: Ledger, file: Path) -> None:
    store_plan(ledger, "shop", plan_digest(ledger, [file]), {"steps": ["a"]})
    assert load_plan(ledger, "shop", plan_digest(ledger, [file])) == {"steps": ["a"]}
    file.write_text("x = 2")
    assert load_plan(ledger, "shop", plan_digest(ledger, [file])) is None


def test_a_lock_and_settings_count_too(ledger: Ledger, file: Path, tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("polars==2")
    digests = {plan_digest(ledger, [file]), plan_digest(ledger, [file], lock=lock), plan_digest(ledger, [file], settings={"lake": "s3://x"})}
    assert len(digests) == 3


def test_a_file_that_did_not_change_is_not_read_again(ledger: Ledger, file: Path) -> None:
    before = file_digests(ledger, [file])
    stat = file.stat()
    file.write_text("y = 1")  # same size; with the same time it passes for unchanged
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert file_digests(ledger, [file]) == before


def test_a_file_that_was_just_written_is_not_trusted_by_its_time(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "new.py"
    path.write_text("x = 1")
    before, stat = file_digests(ledger, [path]), path.stat()
    path.write_text("y = 1")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert file_digests(ledger, [path]) != before


def test_a_missing_file_is_named(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"gone\.py"):
        plan_digest(ledger, [tmp_path / "gone.py"])


def test_a_cached_run_loads_no_engine() -> None:
    program = "import sys, ninefold.engine, ninefold.engine.plans, ninefold.ledger; print(*sys.modules)"
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
