"""Where a project stands, without engines."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ninefold import config
from ninefold.errors import NinefoldError
from ninefold.project import running
from ninefold.project.explaining.status import Status, status
from ninefold.project.home import Home, open_home
from ninefold.project.reading.read import read

ENGINES = (
    "polars",
    "duckdb",
    "deltalake",
    "pyarrow",
    "numpy",
    "sklearn",
    "lightgbm",
    "onnxruntime",
    "optuna",
    "scipy",
    "starlette",
    "sqlalchemy",
    "parcels",
)
ASK = """
import json, resource, sys
sys.argv = ["ninefold", *{words}]
from ninefold.cli import main
try:
    main()
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([sorted(sys.modules), used.ru_utime + used.ru_stime]), file=sys.stderr)
"""


def _of(folder: Path) -> Status:
    with Home(config.load(folder), "parcels") as home:
        return status(home)


def _loaded(folder: Path, *words: str) -> tuple[list[str], float]:
    """Which engines, or modules of the user's, a command loads, and its seconds of CPU."""
    done = subprocess.run([sys.executable, "-c", ASK.format(words=list(words))], cwd=folder, capture_output=True, text=True, check=False)
    modules, seconds = json.loads(done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr[-500:]
    return [m for m in modules if m in ENGINES], seconds


def test_a_problem_is_judged_on_the_test_span_until_production_tells(tiny_project: Path) -> None:
    [problem] = _of(tiny_project).problems
    assert (problem.verdict, problem.judged_on) == ("not yet known", "the test span of forecast@1")


def test_production_counts_once_it_has_been_judged(tiny_copy: Path) -> None:
    body = {"criteria": [{"criterion": "roc_auc >= 0.6", "verdict": "met", "text": "met"}], "endpoint": "dispatch", "when": 1709000000000000}
    with Home(config.load(tiny_copy), "parcels") as home:
        home.ledger.record("problem.judged", "parcels/problem/lateness", body)
    [problem] = _of(tiny_copy).problems
    assert (problem.verdict, problem.judged_on, problem.at) == ("solved", "production, the questions of dispatch", 1709000000000000)


def test_there_is_a_line_for_each_stage_with_its_numbers(tiny_project: Path) -> None:
    said = {stage.noun: stage.text for stage in _of(tiny_project).stages}
    assert list(said) == ["problem", "source", "table", "metric", "hypothesis", "features", "model", "endpoint", "monitor"]
    assert said["table"] == "parcels@0: 2,438 rows, 2 quarantined"
    assert said["endpoint"] == "dispatch: forecast@1 answers"


def test_an_open_item_waits_for_somebody_and_is_next(tiny_copy: Path) -> None:
    row = {"id": "1", "project": "parcels", "title": "better features", "waits_for": "dispatch", "state": "open", "opened": 5, "body": "{}"}
    with Home(config.load(tiny_copy), "parcels") as home:
        home.ledger.write(lambda tx: tx.add("items", [row]))
    found = _of(tiny_copy)
    assert ([(w.what, w.whom, w.since) for w in found.waiting], found.next) == ([("better features", "dispatch", 5)], "ninefold items close 1")


def test_a_proposed_policy_waits_for_somebody_else(tiny_copy: Path) -> None:
    with Home(config.load(tiny_copy), "parcels") as home:
        last = home.ledger.last("policy.changed", "parcels/problem/lateness")
        assert last is not None
        home.ledger.record("policy.proposed", last.subject, {**last.body, "digest": "x", "changes": ["window: 30d → 60d"]})
    [waiting] = _of(tiny_copy).waiting
    assert waiting.whom == "an approver who is not ada"


@pytest.mark.parametrize("words", [("status",), ("items", "list"), ("runs", "list"), ("models", "list"), ("why", "parcels")])
def test_what_reads_facts_loads_no_engine_and_nothing_of_the_users(tiny_project: Path, words: tuple[str, ...]) -> None:
    assert _loaded(tiny_project, *words)[0] == []


@pytest.mark.parametrize("words", [("--help",), ("run", "--help"), ("tables", "--help")])
def test_help_loads_no_engine(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert _loaded(tmp_path, *words)[0] == []


def test_status_takes_at_most_a_fifth_of_a_second_of_cpu(tiny_project: Path) -> None:
    assert min(_loaded(tiny_project, "status")[1] for _ in range(3)) <= 0.2


def test_a_fully_cached_run_loads_no_engine_and_nothing_of_the_users(tiny_copy: Path) -> None:
    first, *used = [_loaded(tiny_copy, "run", "--as-of", "2024-02-27T00:00") for _ in range(3)]
    assert "polars" in first[0]
    assert ([modules for modules, _ in used], min(seconds for _, seconds in used) <= 0.3) == ([[], []], True)


def test_a_first_run_that_fails_is_told_with_what_it_made(tmp_path: Path) -> None:
    import building

    main = building.write(tmp_path / "parcels")
    main.write_text(main.read_text().replace("MINUTES_LATE = 15", 'MINUTES_LATE = pl.col("minuts")'))
    settings = config.load(main.parent)
    with pytest.raises(NinefoldError):
        running.run(lambda: read(main, root=main.parent), settings, name="parcels", main=main)
    with open_home(main.parent) as home:
        found = status(home)
    assert found.run is not None
    assert (home.project, found.run["state"]) == ("parcels", "failed")
    assert [stage.text for stage in found.stages[:2]] == ["lateness: not judged yet, owner dispatch", "orders: 2,440 rows"]
