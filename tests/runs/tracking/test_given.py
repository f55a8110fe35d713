"""What a script may not give, and where it may not be; said where it happens."""

import subprocess
from pathlib import Path
from typing import Any


def test_a_wrong_value_is_refused_where_it_is_given(script: Any) -> None:
    done = script("""
        from ninefold.errors import ConflictError, UsageError
        run = nf.track("churn", params={"rate": 0.1})
        for wrong in (lambda: run.log(loss="low"), lambda: run.log(loss=1, step=0.5), lambda: run.log({"": 1}), lambda: run.log(yes=True),
                      lambda: run.save("../x", b""), lambda: run.save("x", "y" and object()), lambda: run.tag({"k" * 300: 1}), lambda: nf.track(""),
                      lambda: nf.track("e" * 300), lambda: nf.track(params=[1]), lambda: nf.track(tags="x"), lambda: nf.track(resume=1),
                      lambda: run.log("loss"), lambda: run.log({1: 1}), lambda: run.params("rate")):
            try:
                wrong()
            except UsageError as error:
                assert error.hint and str(error).count("'") % 2 == 0
            else:
                raise SystemExit("taken")
        run.params(rate=0.1)
        try:
            run.params(rate=0.2)
        except ConflictError:
            print("refused")
        """)
    out, errors = done.communicate(timeout=60)
    assert (out, done.returncode) == ("refused\n", 0), errors


def test_text_that_no_database_keeps_is_refused_where_it_is_given(script: Any, arrived: Any) -> None:
    done = script(r"""
        from ninefold.errors import UsageError
        run = nf.track("churn")
        run.log(loss=1.0)
        for bad, said in (("a\0b", "zero character"), ("a\ud800b", "surrogate")):
            for wrong in (lambda: run.log({bad: 1}), lambda: run.params({bad: 1}), lambda: run.params(rate=bad), lambda: run.tag({bad: 1}),
                          lambda: run.tag(stage=bad), lambda: nf.track(bad), lambda: nf.track(name=bad), lambda: nf.track(params={bad: 1})):
                try:
                    wrong()
                except UsageError as error:
                    assert said in str(error) and error.hint, error
                else:
                    raise SystemExit("taken")
        for wrong in (lambda: run.save("a\ud800", b""), lambda: run.save("a", "\ud800")):
            try:
                wrong()
            except UsageError:
                pass
            else:
                raise SystemExit("taken")
        run.log(loss=0.5)
        """)
    _, errors = done.communicate(timeout=60)
    assert done.returncode == 0 and errors == ""
    with arrived:
        (one,) = arrived.all()
        assert arrived.values(one.run.id, "loss") == {0: 1.0, 1: 0.5} and "incomplete" not in one.tags


def test_what_is_said_after_the_end_is_kept_and_warned_of_once(script: Any, arrived: Any) -> None:
    done = script("""
        with nf.track("churn") as run:
            run.log(loss=1.0)
        run.log(loss=0.5); run.tag(late="yes"); run.save("a.txt", "b")
        """)
    _, errors = done.communicate(timeout=60)
    assert done.returncode == 0 and errors.count("has ended") == 1 and len(errors.splitlines()) == 1
    with arrived:
        (one,) = arrived.all()
        assert arrived.values(one.run.id, "loss") == {0: 1.0, 1: 0.5} and one.tags["late"] == "yes" and one.run.status == "done"


def test_a_folder_that_may_not_be_written_is_said_with_a_way_out(script: Any, disk_of: Any, tmp_path: Path) -> None:
    disk = disk_of("1m")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for variables in ({}, {"NINEFOLD_URI": "http://127.0.0.1:1", "NINEFOLD_SPOOL": f"{disk}/spool"}):
        _, errors = script(f"import os; os.chdir({str(disk)!r}); nf.track('churn')", **variables).communicate(timeout=60)
        assert errors.count("Traceback") == 1 and "cannot be written (read-only file system)" in errors
        assert f"{'NINEFOLD_SPOOL' if variables else 'NINEFOLD_HOME'}=/somewhere/else" in errors
    done = script(f"import os; os.chdir({str(disk)!r}); nf.track('churn').end()", NINEFOLD_HOME=str(tmp_path / "home"))
    assert done.communicate(timeout=60) == ("", "") and (tmp_path / "home" / "ledger.db").exists()


def test_what_is_no_run_around_this_one_is_passed_over(script: Any, arrived: Any) -> None:
    done = script("nf.track('churn', name='alone').end()", NINEFOLD_RUN="no id!")
    assert done.communicate(timeout=60) == ("", "")
    with arrived:
        assert [(one.run.name, one.run.parent) for one in arrived.all()] == [("alone", None)]
