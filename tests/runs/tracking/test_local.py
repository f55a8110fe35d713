"""Runs of scripts in the home of their directory."""

import json
import math
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from ninefold.runs.tracking.code import arguments
from ninefold.runs.tracking.spool import Spool


def test_a_run_keeps_what_its_script_says_and_what_it_is(script: Any, arrived: Any, tmp_path: Path) -> None:
    done = script("""
        with nf.track("churn", name="first", params={"rate": 0.1}, tags={"team": "north"}) as run:
            for step in range(5):
                run.log({"val/loss": 1 / (step + 1)}, step=step, gain=float("inf") if step == 4 else float("nan"))
            run.log(count=3)
            run.params(leaves=31)
            run.tag(team=None, stage="tuned")
            run.save("notes.md", "It learns.")
            run.save("report.json", {"rows": [1, 2]})
            run.save(nf.__file__)
        """)
    out = done.communicate(timeout=60)
    assert done.returncode == 0 and out == ("", "")
    with arrived:
        (one,) = arrived.all()
        assert (one.run.name, one.run.status, one.run.project) == ("first", "done", "default")
        assert one.params == {"rate": "0.1", "leaves": "31"}
        assert one.tags["stage"] == "tuned" and "team" not in one.tags and one.tags["code.script"].endswith("work.py")
        assert arrived.values(one.run.id, "val/loss") == {step: 1 / (step + 1) for step in range(5)}
        gain = arrived.values(one.run.id, "gain")
        assert math.isnan(gain[0]) and gain[4] == math.inf and arrived.values(one.run.id, "count") == {5: 3.0}
        files = {file.path for file in arrived.runs.artifacts(one.run.id)}
        assert files == {"notes.md", "report.json", "__init__.py", "environment.json"}
        assert arrived.runs.read_artifact(one.run.id, "notes.md") == b"It learns."
        assert "msgspec" in json.loads(arrived.runs.read_artifact(one.run.id, "environment.json"))["packages"]
        facts = [f.kind for f in arrived.ledger.facts() if f.subject.endswith(one.run.id)]
        assert facts == ["run.started", "run.done"]
    assert list((tmp_path / ".ninefold" / "spool").iterdir()) == []


@pytest.mark.parametrize(
    ("ending", "status", "code"), [("raise ValueError('no')", "failed", 1), ("sys.exit(3)", "failed", 3), ("sys.exit(0)", "done", 0)]
)
def test_what_ends_a_block_ends_its_run_and_goes_on(script: Any, arrived: Any, ending: str, status: str, code: int) -> None:
    done = script(f"""
        with nf.track("churn") as run:
            {ending}
        """)
    done.communicate(timeout=60)
    with arrived:
        assert [one.run.status for one in arrived.all()] == [status] and done.returncode == code


def test_ctrl_c_kills_the_run(script: Any, arrived: Any) -> None:
    done = script("""
        import time
        with nf.track("churn") as run:
            print("on", flush=True)
            time.sleep(30)
        """)
    done.stdout.readline()
    done.send_signal(signal.SIGINT)
    done.communicate(timeout=60)
    with arrived:
        assert [one.run.status for one in arrived.all()] == ["killed"]


def test_a_run_without_a_block_ends_with_its_script(script: Any, arrived: Any) -> None:
    script("run = nf.track('churn'); run.log(loss=1.0)").communicate(timeout=60)
    script("run = nf.track('churn'); run.log(loss=2.0); 1 / 0").communicate(timeout=60)
    with arrived:
        assert [one.run.status for one in arrived.all()] == ["done", "failed"]


def test_nested_runs_and_processes_are_parts_of_the_run_around_them(script: Any, arrived: Any) -> None:
    script("""
        import subprocess
        with nf.track("search", name="outer"):
            with nf.track(name="inner"):
                pass
            subprocess.run([sys.executable, "-c", "import ninefold as nf\\nwith nf.track('search', name='process'): pass"], check=True)
        with nf.track("search", name="after"):
            pass
        """).communicate(timeout=60)
    with arrived:
        found = {one.run.name: one.run for one in arrived.all()}
        assert {name: run.parent for name, run in found.items()} == {
            "outer": None,
            "inner": found["outer"].id,
            "process": found["outer"].id,
            "after": None,
        }
        assert len({run.experiment for run in found.values()}) == 1


def test_a_run_goes_on_where_it_was(script: Any, arrived: Any) -> None:
    script("""
        with nf.track("churn", params={"rate": 0.1}) as run:
            run.log(loss=1.0); run.log(loss=0.9)
        print(run.id)
        with nf.track(resume=run.id, tags={"more": "yes"}) as again:
            again.log(loss=0.8)
            assert again.id == run.id
        """).communicate(timeout=60)
    with arrived:
        (one,) = arrived.all()
        assert arrived.values(one.run.id, "loss") == {0: 1.0, 1: 0.9, 2: 0.8} and one.run.status == "done" and one.tags["more"] == "yes"
    done = script("nf.track(resume='nobody')")
    assert 'there is no run "nobody"' in done.communicate(timeout=60)[1]


@pytest.mark.parametrize("strict", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_killed_script_loses_nothing_that_it_was_told_is_kept(script: Any, arrived: Any, strict: bool) -> None:
    told: dict[str, int] = {}
    for turn in range(3):
        done = script(f"""
            run = nf.track("churn", strict={strict})
            print(run.id, flush=True)
            for step in range(1_000_000):
                run.log(loss=step, step=step)
                sys.stdout.write(f"{{step}}\\n"); sys.stdout.flush()
            """)
        id = done.stdout.readline().strip()
        time.sleep(0.1 + 0.25 * turn)
        done.kill()
        told[id] = int(([*done.communicate()[0].split("\n")[:-1]] or ["-1"])[-1])
    assert script("nf.track('churn', name='last').end()").wait(60) == 0
    with arrived:
        for id, last in told.items():
            steps = set(arrived.values(id, "loss"))
            # one more may have been kept, of which nobody was told
            assert steps in (set(range(last + 1)), set(range(last + 2))) and arrived.runs.get(id).status == "killed"


def test_threads_and_forks_say_what_they_say_of_one_run(script: Any, arrived: Any) -> None:
    done = script("""
        import multiprocessing, os, threading
        def say(name, count=500):
            for step in range(count):
                run.log({name: step}, step=step)
        with nf.track("churn") as run:
            run.log(main=0, step=0)
            child = os.fork()
            if not child:
                say("forked")
                sys.exit(0)
            worker = multiprocessing.get_context("fork").Process(target=say, args=("worker",))
            worker.start()
            threads = [threading.Thread(target=say, args=(f"thread{i}",)) for i in range(4)]
            [t.start() for t in threads]; [t.join() for t in threads]
            os.waitpid(child, 0); worker.join()
        """)
    _, errors = done.communicate(timeout=60)
    assert done.returncode == 0 and errors == ""
    with arrived:
        (one,) = arrived.all()
        for name in ("forked", "worker", *(f"thread{i}" for i in range(4))):
            assert len(arrived.values(one.run.id, name)) == 500, name
        assert one.run.status == "done"


@pytest.mark.slow
def test_a_child_that_lives_on_does_not_hold_its_dead_parents_spool(script: Any, arrived: Any) -> None:
    done = script("""
        import os, time
        run = nf.track("churn", name="parent")
        run.log(loss=1.0)
        if not os.fork():
            os.close(1), os.close(2)
            time.sleep(20)
            os._exit(0)
        print("forked", flush=True)
        time.sleep(20)
        """)
    done.stdout.readline()
    done.kill()
    done.wait(10)
    assert script("nf.track('churn', name='next').end()").wait(60) == 0
    with arrived:
        assert [(one.run.name, one.run.status) for one in arrived.all()] == [("parent", "killed"), ("next", "done")]


def test_what_an_earlier_script_left_broken_does_not_hold_up_the_next_one(script: Any, arrived: Any, tmp_path: Path) -> None:
    left = Spool(tmp_path / ".ninefold" / "spool", target=str(tmp_path))
    left.begun("no id!")  # which no target takes
    left.close()
    done = script("nf.track('churn', name='next').end()")
    _, errors = done.communicate(timeout=60)
    assert done.returncode == 0 and errors.count("what 1 script left is not delivered") == 1 and "is kept" not in errors
    with arrived:
        assert [(one.run.name, one.run.status) for one in arrived.all()] == [("next", "done")]
    assert left.folder.exists()


def test_two_scripts_share_a_home(script: Any, arrived: Any) -> None:
    both = [script(f"with nf.track('e', name='{n}') as run:\n    [run.log(loss=i, step=i) for i in range(5000)]") for n in "ab"]
    for one in both:
        assert one.communicate(timeout=60)[1] == "" and one.returncode == 0
    with arrived:
        assert [len(arrived.values(one.run.id, "loss")) for one in arrived.all()] == [5000, 5000]


@pytest.mark.slow
def test_the_handler_of_a_signal_may_log_in_the_midst_of_a_log(script: Any, arrived: Any) -> None:
    done = script("""
        import itertools, signal
        counted = itertools.count()  # a handler may be interrupted by the next one
        def handler(*_):
            run.log({"handled": 1}, step=next(counted))
        with nf.track("churn") as run:
            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
            for step in range(20_000):
                run.log({"main": step}, step=step)
            signal.setitimer(signal.ITIMER_REAL, 0)
        print(next(counted))
        """)
    out, errors = done.communicate(timeout=60)
    assert done.returncode == 0 and errors == "" and int(out) > 50
    with arrived:
        (one,) = arrived.all()
        assert len(arrived.values(one.run.id, "main")) == 20_000 and len(arrived.values(one.run.id, "handled")) == int(out)


def test_what_others_log_elsewhere_does_not_change_where_a_script_logs(script: Any, arrived: Any) -> None:
    script("nf.track('a').end()").communicate(timeout=60)
    with arrived:
        arrived.runs.start("other", "e")
    script("nf.track('b').end()").communicate(timeout=60)
    with arrived:
        assert [one.run.project for one in arrived.all()] == ["default", "other", "default"]


def test_secrets_in_arguments_are_masked() -> None:
    given = ["--password", "p1", "-v", "--db=postgresql://me:p2@h/x", "--Api-Key=p3", "TOKEN=p4", "--secret"]
    assert arguments(given) == "--password *** -v --db=postgresql://me:***@h/x --Api-Key=*** TOKEN=*** --secret"


def test_tracking_loads_no_engine(script: Any) -> None:
    done = script("""
        with nf.track("churn") as run:
            run.log(loss=1.0)
        heavy = {"polars", "pandas", "numpy", "duckdb", "sklearn", "pyarrow", "sqlalchemy", "httpx2"} & set(sys.modules)
        print(heavy or "none")
        """)
    assert done.communicate(timeout=60)[0] == "none\n"
