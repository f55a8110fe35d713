"""Real processes on one home: at once, interrupted, killed, on a full disk, with damaged files. A rerun equals one clean run."""

import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "projects"))
import building

AS_OF = ("--as-of", "2024-02-27T00:00")
COMMAND = [sys.executable, "-m", "ninefold"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    building.write(tmp_path / "parcels")
    return tmp_path / "parcels"


def started(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_WAIT_POLICY": "passive"},
    )


def ran(folder: Path, *arguments: str) -> tuple[int, str, str]:
    process = started(folder, *arguments)
    out, err = process.communicate(timeout=100)
    return process.returncode, out, err


def contents(folder: Path) -> dict[str, str]:
    """The content of each step's newest output, by name."""
    with sqlite3.connect(folder / ".ninefold" / "ledger.db") as ledger:
        return dict(ledger.execute("select name, content from steps order by at"))


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What one run that nothing disturbed comes to."""
    folder = tmp_path_factory.mktemp("clean") / "parcels"
    building.write(folder)
    assert ran(folder, "run", "parcels.py", *AS_OF)[0] == 0
    return contents(folder)


def test_two_runs_at_once_both_succeed_and_do_each_step_once(project: Path, clean: dict[str, str]) -> None:
    both = [started(project, "run", "parcels.py", *AS_OF) for _ in range(2)]
    told = [process.communicate(timeout=100) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    with sqlite3.connect(project / ".ninefold" / "ledger.db") as ledger:
        once = ledger.execute("select count(*), count(distinct key) from steps").fetchone()
    assert once == (len(clean), len(clean))
    assert contents(project) == clean


def test_a_run_beside_a_notebook_beside_a_server(tiny_copy: Path) -> None:
    notebook = "import ninefold as nf\np = nf.open()\nfor _ in range(30): p.table('parcels').scan().collect()\nprint('read')"
    server = started(tiny_copy, "up", "parcels.py", "--port", "0", "--json")
    reader = subprocess.Popen(
        [sys.executable, "-c", notebook], cwd=tiny_copy, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_WAIT_POLICY": "passive"}
    )
    assert server.stdout is not None
    assert "url" in server.stdout.readline()
    assert ran(tiny_copy, "run", "parcels.py", "--as-of", "2024-02-28T00:00")[0] == 0
    assert reader.communicate(timeout=60)[0] == "read\n"
    server.terminate()
    server.communicate(timeout=30)


def test_a_second_server_is_told_who_is_there(tiny_copy: Path) -> None:
    server = started(tiny_copy, "up", "parcels.py", "--port", "0", "--json")
    assert server.stdout is not None
    server.stdout.readline()
    code, _, err = ran(tiny_copy, "up", "parcels.py", "--port", "0")
    server.terminate()
    server.communicate(timeout=30)
    assert (code, str(server.pid) in err, "since" in err) == (1, True, True), err


def test_a_port_in_use_is_told_and_nothing_stays_behind(tiny_copy: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, err = ran(tiny_copy, "up", "parcels.py", "--port", str(taken.getsockname()[1]))
    assert (code, "port" in err, "Traceback" in err) == (1, True, False), err


HANGS = 'import time\n    promised_at = pl.col("promised_at")\n    time.sleep(60)'


def test_ctrl_c_ends_a_run_at_once_and_the_next_one_goes_on(project: Path, clean: dict[str, str]) -> None:
    file = project / "parcels.py"
    sound = file.read_text()
    file.write_text(sound.replace('promised_at = pl.col("promised_at")', HANGS))
    process = started(project, "run", "parcels.py", *AS_OF)
    assert process.stdout is not None
    assert "source/orders" in process.stdout.readline()
    time.sleep(0.3)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, "goes on" in err, "Traceback" in err) == (130, True, False), err
    assert time.monotonic() - begun < 8
    file.write_text(sound)
    code, out, _ = ran(project, "run", "parcels.py", *AS_OF)
    assert (code, "1 was stored already" in out, contents(project) == clean) == (0, True, True), out


LIVES = int(os.environ.get("NINEFOLD_KILLS", "12"))  # 200 and more for a night


@pytest.mark.parametrize(
    "kills", [pytest.param(3, id="few"), pytest.param(LIVES, id="many", marks=[pytest.mark.slow, pytest.mark.timeout(60 + 20 * LIVES)])]
)
def test_a_run_that_is_killed_again_and_again_ends_as_a_clean_one(project: Path, clean: dict[str, str], kills: int) -> None:
    chance = random.Random(kills)
    for life in range(kills):
        process = started(project, "run", "parcels.py", *AS_OF)
        assert process.stdout is not None
        for _ in range(chance.randrange(12)):  # steps are told one by one; stored ones are not
            if not process.stdout.readline():
                break
        time.sleep(chance.uniform(0, 0.3))
        process.kill()
        process.communicate()
        if life % 4 == 3 and life < kills - 1:
            shutil.rmtree(project / ".ninefold", ignore_errors=True)
    code, _, err = ran(project, "run", "parcels.py", *AS_OF)
    assert (code, contents(project)) == (0, clean), err
    assert ran(project, "audit", "verify")[0] == 0


@pytest.fixture
def small_disk(project: Path) -> Iterator[Path]:
    """The project's home on a disk of its own; the test says how large."""
    home = project / ".ninefold"
    home.mkdir()
    yield home
    # lazily: a worker of the command may be about to end; several times: "remount" falls back to a mount of its own
    while home.is_mount() and subprocess.run(["umount", "--lazy", home], check=False, capture_output=True).returncode == 0:
        pass


def mounted(home: Path, size: str, *, again: bool = False) -> None:
    options = ["-o", f"remount,size={size}", str(home)] if again else ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(home)]
    if subprocess.run(["mount", *options], check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system (root)")


@pytest.mark.parametrize("size", ["24k", *(pytest.param(size, marks=pytest.mark.slow) for size in ("4k", "64k", "200k", "500k", "900k"))])
def test_a_full_disk_is_told_and_with_space_the_run_goes_on(project: Path, small_disk: Path, clean: dict[str, str], size: str) -> None:
    mounted(small_disk, size)
    code, _, err = ran(project, "run", "parcels.py", *AS_OF)
    assert (code, "full" in err, "space" in err, "Traceback" in err, "itself failed" in err) == (1, True, True, False, False), err
    mounted(small_disk, "80m", again=True)
    code, _, err = ran(project, "run", "parcels.py", *AS_OF)
    assert (code, contents(project)) == (0, clean), err


def truncated(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def flipped(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)


@pytest.mark.parametrize("harm", [flipped, *(pytest.param(harm, marks=pytest.mark.slow) for harm in (truncated, Path.unlink))])
def test_a_damaged_file_of_a_table_is_named_and_not_read(tiny_copy: Path, harm: object) -> None:
    for file in sorted((tiny_copy / ".ninefold/lake/parcels/tables/parcels").glob("*.parquet")):
        harm(file)  # type: ignore[operator]
    code, _, err = ran(tiny_copy, "run", "parcels.py", "--as-of", "2024-02-20T00:00")
    assert (code, file.name in err, "backup" in err, "Traceback" in err) == (1, True, True, False), err
    code, _, err = ran(tiny_copy, "run", "parcels.py", "--as-of", "2024-02-20T00:00", "--force", "table/parcels", "--force", "view/parcels")
    assert code == 0, err


def edited(file: Path) -> None:
    """A fact says something else. (SQLite has no checksums: a bit that tips in a record, which no signature covers, is not seen.)"""
    data = file.read_bytes()
    assert b"table.written" in data
    file.write_bytes(data.replace(b"table.written", b"table.wrxtten"))


@pytest.mark.parametrize(
    "harm", [truncated, edited, lambda file: file.write_bytes(b"no database" * 500), lambda file: os.truncate(file, 0), Path.unlink]
)
def test_a_damaged_ledger_is_told_and_left_as_it_is(tiny_copy: Path, harm: object) -> None:
    ledger = tiny_copy / ".ninefold" / "ledger.db"
    harm(ledger)  # type: ignore[operator]
    before = ledger.read_bytes() if ledger.exists() else None
    code, out, err = ran(tiny_copy, "doctor")
    assert (code, "Traceback" in err, bool(out + err)) == (1, False, True), out + err
    code, _, err = ran(tiny_copy, "audit", "verify")
    assert (code, "Traceback" in err) == (1, False), err
    assert (ledger.read_bytes() if ledger.exists() else None) == before


@pytest.mark.slow
def test_a_project_file_that_changes_while_it_runs_is_run_as_it_was_read(project: Path, clean: dict[str, str]) -> None:
    file = project / "parcels.py"
    sound = file.read_text()
    file.write_text(sound.replace('promised_at = pl.col("promised_at")', HANGS.replace("60", "1.5")))
    process = started(project, "run", "parcels.py", *AS_OF)
    assert process.stdout is not None
    process.stdout.readline()
    file.write_text("this is no Python (")
    assert process.wait(60) == 0
    process.communicate()
    file.write_text(sound)
    assert ran(project, "run", "parcels.py", *AS_OF)[0] == 0
    assert contents(project)["model/forecast"] == clean["model/forecast"]
