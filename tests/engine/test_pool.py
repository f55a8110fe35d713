"""Worker processes: results, errors, limits."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.engine.pool import KilledError, Pool

sys.path.insert(0, str(Path(__file__).parent))
import tasks  # workers import it by this name


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(1) as opened:
        yield opened


def test_a_worker_is_used_again(pool: Pool) -> None:
    assert pool.submit(tasks.pid).result(30) == pool.submit(tasks.pid).result(30)


def test_an_error_comes_back_with_its_trace(pool: Pool) -> None:
    with pytest.raises(ValueError, match="no") as caught:
        pool.submit(tasks.fail).result(30)
    assert "tasks.py" in caught.value.__notes__[0]


def test_an_error_that_cannot_travel_is_told_in_words(pool: Pool) -> None:
    with pytest.raises(RuntimeError, match="Odd: odd"):
        pool.submit(tasks.odd).result(30)


def test_a_task_that_takes_too_long_is_killed_and_the_pool_goes_on(pool: Pool) -> None:
    start = time.monotonic()
    with pytest.raises(KilledError, match=r"longer than 0\.2 seconds"):
        pool.submit(tasks.wait, 60, timeout=0.2).result(30)
    assert time.monotonic() - start < 5
    assert pool.submit(tasks.pid).result(30)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits address space")
def test_a_task_that_takes_too_much_memory_is_told_so(pool: Pool) -> None:
    with pytest.raises(KilledError, match="memory"):
        pool.submit(tasks.grab, 2**30, memory=2**28).result(30)
    assert pool.submit(tasks.grab, 2**20, memory=2**28).result(30) == 2**20


def test_a_worker_that_dies_is_replaced(pool: Pool) -> None:
    with pytest.raises(KilledError, match="exit code 9"):
        pool.submit(tasks.die).result(30)
    assert pool.submit(tasks.pid).result(30)


def test_workers_use_one_thread_each_and_do_not_spin(pool: Pool) -> None:
    assert pool.submit(tasks.threads).result(30) == "1passive"


def test_kill_ends_what_runs_and_cancels_what_waits() -> None:
    pool = Pool(1)
    running, waiting = pool.submit(tasks.wait, 60), pool.submit(tasks.wait, 60)
    while not running.running():
        time.sleep(0.01)
    time.sleep(0.3)
    pool.kill()
    with pytest.raises(KilledError):
        running.result(10)
    assert waiting.cancelled()


def test_workers_die_with_their_parent(tmp_path: Path) -> None:
    program = (
        "import sys, time, os; sys.path.insert(0, sys.argv[1]); import tasks; from ninefold.engine.pool import Pool\n"
        "if __name__ == '__main__':\n    pool = Pool(1); print(pool.submit(tasks.pid).result(), flush=True)\n"
        "    pool.submit(tasks.wait, 60); time.sleep(0.3); os._exit(1)\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(program)
    said = subprocess.run(
        [sys.executable, str(script), str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True, timeout=30, check=False
    ).stdout
    worker = Path(f"/proc/{int(said)}")
    limit = time.monotonic() + 5
    while worker.exists() and time.monotonic() < limit:
        time.sleep(0.05)
    assert not worker.exists() or "Z" in (worker / "stat").read_text().split()[2]


def test_a_script_without_a_main_guard_is_not_run_again(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from ninefold.engine.pool import Pool\nprint('once')\nwith Pool(1) as pool:\n    print(pool.submit(divmod, 7, 2).result())\n")
    assert subprocess.run([sys.executable, script], check=False, capture_output=True, text=True).stdout == "once\n(3, 1)\n"
