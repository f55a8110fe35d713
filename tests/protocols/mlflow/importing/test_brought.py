"""What was there is here: from a folder and from a database, with numbers that are none, deleted things and rewritten places."""

import math
import sqlite3
from pathlib import Path

import pytest

from ninefold.errors import UsageError
from ninefold.ledger import Ledger
from ninefold.models.registry.registry import Registry
from ninefold.protocols.mlflow.importing.open import open_source
from ninefold.runs.artifacts import Files
from ninefold.runs.experiments import Experiments
from ninefold.runs.records import Runs
from ninefold.runs.traces.records import Traces

from .conftest import RUN, Bring


def test_a_folder_comes_over_whole(brought: Bring, mlruns: Path, ledger: Ledger, files: Files) -> None:
    rows, source = brought(mlruns)
    assert source.skipped == [] and not any(row.differ for row in rows.values())
    runs, experiments = Runs(ledger), Experiments(ledger, "flights")
    oak = experiments.find("trees: oak")
    assert oak is not None and (oak.state, oak.created, experiments.tags(oak.id)) == ("active", 1_000_000, {"team": "ops"})
    run = runs.get(RUN)
    assert (run.experiment, run.name, run.status, run.started, run.ended, run.actor) == (
        oak.id, "first", "done", 1_700_000_000_000_000, 1_700_000_001_000_000, "ada",
    )  # fmt: skip
    assert (runs.params(RUN), runs.tags(RUN)) == ({"leaves": "31"}, {"note": "long\ntext"})
    assert [(p.value, p.step, p.at) for p in runs.points(RUN, "loss")] == [(0.5, 0, 1_000_000), (0.25, 1, 2_000_000)]
    assert files.read(f"{oak.id}/{RUN}/artifacts/notes/hi") == b"hello"
    gone = experiments.find("gone")
    assert gone is not None and gone.state == "deleted"


def test_numbers_that_are_none_come_back_as_they_went_in(brought: Bring, mlruns: Path, old_database: Path, ledger: Ledger) -> None:
    brought(mlruns)
    values = [p.value for p in Runs(ledger).points(RUN, "deep/odd")]
    assert math.isnan(values[0]) and values[1:] == [math.inf, -math.inf]
    brought(f"sqlite:///{old_database}", with_files=False)
    loss = [p.value for p in Runs(ledger).points("r1", "loss")]  # the database holds the greatest float for an infinity
    assert loss[:2] == [0.5, math.inf] and math.isnan(loss[2])


def test_a_registered_version_lies_where_its_files_are_now(brought: Bring, mlruns: Path, ledger: Ledger) -> None:
    brought(mlruns)
    version = Registry(ledger, "flights").version("Oak", 1)
    run = Runs(ledger).get(RUN)
    assert (version.source, version.root) == (f"{run.root}/model", f"{run.root}/model")
    assert (version.stage, version.run) == ("Staging", RUN)
    assert [tuple(row) for row in ledger.all("select alias, version from aliases")] == [("prod", 1)]


def test_an_early_database_is_read_by_the_columns_that_it_has(brought: Bring, old_database: Path, ledger: Ledger) -> None:
    rows, _ = brought(f"sqlite:///{old_database}", with_files=False)
    assert {kind: (row.there, row.here, row.differ) for kind, row in rows.items() if kind in {"runs", "points", "params"}} == {
        "runs": (2, 2, 0), "points": (3, 3, 0), "params": (1, 1, 0),
    }  # fmt: skip
    runs = Runs(ledger)
    assert (runs.get("r1").name, runs.get("r2").status, runs.get("r2").state, runs.get("r2").parent) == ("one", "failed", "deleted", "r1")


def test_the_fact_says_what_came(brought: Bring, mlruns: Path, ledger: Ledger) -> None:
    brought(mlruns)
    (fact,) = ledger.facts(kind="import.finished")
    assert fact.body["there"] == fact.body["here"] and fact.body["there"]["points"] == 5 and fact.body["differ"] == 0
    assert [f.subject for f in ledger.facts(kind="run.imported")] == [f"flights/run/{RUN}"]


def test_a_count_that_the_source_says_otherwise_shows(brought: Bring, old_database: Path) -> None:
    with sqlite3.connect(old_database) as connection:  # a point of a run that is not listed: the tables disagree
        connection.execute("insert into metrics values ('loss', 1, 1, 'nobody', 0, 0)")
    connection.close()
    rows, _ = brought(f"sqlite:///{old_database}", with_files=False)
    assert (rows["points"].there, rows["points"].here, rows["points"].differ) == (4, 3, 1)


_TRACED = """
create table trace_info (request_id text, experiment_id integer, timestamp_ms integer, execution_time_ms integer, status text, request_preview text);
create table trace_tags (key text, value text, request_id text);
create table trace_request_metadata (key text, value text, request_id text);
create table spans (trace_id text, content text);
create table assessments (assessment_id text, trace_id text, name text, assessment_type text, value text, created_timestamp integer,
    last_updated_timestamp integer, source_type text, source_id text, valid integer);
insert into trace_info values ('tr-1', 1, 1000, 5, 'OK', '{"x": 1}');
insert into trace_tags values ('mlflow.traceName', 'answer', 'tr-1'), ('color', 'red', 'tr-1');
insert into trace_request_metadata values ('mlflow.sourceRun', 'r1', 'tr-1');
insert into spans values ('tr-1', '{"trace_id": "UhSOjwcU4b1qV2C+a0tijA==", "span_id": "/ZPAfNoPWGw=", "parent_span_id": null, "name": "answer",
 "start_time_unix_nano": 1000000001, "end_time_unix_nano": 1005000000, "events": [], "status": {"code": "STATUS_CODE_OK"},
 "attributes": {"mlflow.traceRequestId": "\\"tr-1\\"", "mlflow.spanType": "\\"CHAIN\\"", "n": "[1, 2.5, null]"}}');
insert into assessments values ('a-1', 'tr-1', 'good', 'feedback', 'true', 7, 8, 'HUMAN', 'ada', 1);
"""


def test_traces_come_with_spans_and_judgements(brought: Bring, old_database: Path, ledger: Ledger) -> None:
    with sqlite3.connect(old_database) as connection:
        connection.executescript(_TRACED)
    connection.close()
    rows, _ = brought(f"sqlite:///{old_database}", with_files=False)
    assert {kind: (rows[kind].there, rows[kind].here, rows[kind].differ) for kind in ("traces", "spans", "assessments")} == {
        "traces": (1, 1, 0), "spans": (1, 1, 0), "assessments": (1, 1, 0),
    }  # fmt: skip
    found = Traces(ledger, "flights").get("tr-1", spans=True)
    trees = Experiments(ledger, "flights").find("trees")
    assert trees is not None and (found.trace.name, found.trace.run, found.trace.experiment) == ("answer", "r1", trees.id)
    (span,) = found.spans
    assert (span.began, span.kind, span.attributes["n"]) == (1_000_000_001, "CHAIN", [1, 2.5, None])
    assert [(a.name, a.value, a.source) for a in found.assessments] == [("good", True, ("HUMAN", "ada"))]
    before = ledger.head()
    brought(f"sqlite:///{old_database}", with_files=False)
    assert ledger.head() == before and len(ledger.all("select 1 from spans")) == 1


@pytest.mark.parametrize("named", ["mysql://u:p@h/x", "ftp://h/x", "sqlite:///no.db", "nowhere"])
def test_what_cannot_be_read_is_said_with_the_way_out(named: str) -> None:
    with pytest.raises(Exception, match=r"not read directly|names no tracker|no file|no folder") as told:
        open_source(named)
    assert "p@" not in str(told.value) and getattr(told.value, "hint", "")


def test_a_database_asks_where_its_files_may_be_read(old_database: Path) -> None:
    with pytest.raises(UsageError, match="none is read because an entry says so") as told:
        open_source(f"sqlite:///{old_database}")
    assert "/gone/1" in told.value.where and "--artifacts" in told.value.hint
