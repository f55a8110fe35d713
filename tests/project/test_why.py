"""From one answer back to everything behind it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

import ninefold as nf
from ninefold.endpoints.questions import Request
from ninefold.errors import NotFoundError
from ninefold.notebook.open import OpenProject
from ninefold.project.explaining.behind import behind
from ninefold.project.explaining.why import Why, why_prediction
from ninefold.project.home import Home


@pytest.fixture
def project(tiny_project: Path) -> OpenProject:
    """The small project, opened."""
    return nf.open(tiny_project)


@pytest.fixture
def why(project: OpenProject) -> Why:
    """Everything behind one of its answers, from the afternoon."""
    return why_prediction(project.home, project.predictions("dispatch").sort("q")["id"][25])


def test_every_value_has_the_rows_behind_it_and_the_lake_agrees(why: Why) -> None:
    windows = {v.name: (v.same, v.counted is not None and v.counted >= len(v.rows) > 0) for v in why.values if v.table is not None}
    assert windows == dict.fromkeys(["load.delay_6h", "load.done_6h", "planned.next_3h"], (True, True))


def test_the_rows_shown_give_the_value(project: OpenProject) -> None:
    found = (why_prediction(project.home, id) for id in project.predictions("dispatch").sort("q")["id"].to_list()[8:40])
    value = next(v for one in found for v in one.values if v.name == "load.delay_6h" and v.counted == len(v.rows) > 0)
    assert sum(row["minutes_late"] for row in value.rows) / len(value.rows) == pytest.approx(value.value)


def test_rows_that_were_known_only_later_are_not_behind_it(project: OpenProject) -> None:
    one = why_prediction(project.home, project.predictions("dispatch").sort("q")["id"][10])
    delivered = [row["delivered_at"] for v in one.values if v.name == "load.done_6h" for row in v.rows]
    assert pl.Series(delivered).str.to_datetime(time_zone="UTC").dt.timestamp("us").max() < one.asked_at  # type: ignore[operator]


def test_the_chain_reaches_files_code_policy_and_problem(why: Why) -> None:
    origin = why.origin
    assert [(t.name, t.version, t.quarantined) for t in origin.tables] == [("parcels", 0, 2)]
    assert [(f.source, f.rows, len(f.sha256)) for f in origin.files] == [("orders", 2440, 64)]
    assert (origin.problem["name"], origin.policy["owner"], origin.winner, why.release["kind"]) == ("lateness", "dispatch", "linear", "full")
    assert why.code["files"] == ["parcels.py"]
    assert why.code["packages"]["polars"] == pl.__version__


def test_the_outcome_is_told(why: Why) -> None:
    assert why.outcome is not None
    assert why.outcome["told"] > why.asked_at


def test_every_fact_that_is_named_exists(project: OpenProject, why: Why) -> None:
    kinds = {f.seq: f.kind for f in project.home.ledger.facts()}
    assert {kinds[seq] for seq in why.facts} == {"release.started", "model.version", "model.judged", "policy.changed"}


def test_why_is_json(why: Why) -> None:
    assert json.loads(msgspec.json.encode(why))["prediction"] == why.prediction


def test_personal_columns_are_not_shown(tiny_copy: Path) -> None:
    with nf.open(tiny_copy) as project:
        fact = project.home.ledger.last("project.declared", "parcels/project")
        assert fact is not None
        things = {**fact.body["things"], "parcels": {**fact.body["things"]["parcels"], "personal": ["region", "delivered_at"]}}
        project.home.ledger.record("project.declared", fact.subject, {**fact.body, "things": things})
        found = why_prediction(project.home, project.predictions("dispatch")["id"][25])
    assert "region" not in found.question
    assert not [row for v in found.values for row in v.rows if "delivered_at" in row]


def test_an_answer_that_was_never_given_is_not_found(project: OpenProject) -> None:
    with pytest.raises(NotFoundError, match="no prediction"):
        why_prediction(project.home, "0" * 36)


def test_nothing_of_the_users_is_imported(tiny_project: Path, why: Why) -> None:
    ask = f"import sys, ninefold as nf; nf.open({str(tiny_project)!r}).why({why.prediction!r}); print('parcels' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", ask], cwd="/", capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_step_tells_which_part_of_its_key_changed(tiny_copy: Path) -> None:
    main = tiny_copy / "parcels.py"
    main.write_text(main.read_text().replace("MINUTES_LATE = 15", "MINUTES_LATE = 20"))
    with nf.open(main) as project:
        project.run(as_of="2024-02-27T00:00Z", targets=["table/parcels"])
        found = project.why("table/parcels")
    assert found.because == "the constant parcels.MINUTES_LATE changed"  # type: ignore[union-attr]


def test_a_version_tells_where_it_comes_from(project: OpenProject) -> None:
    found = project.why("forecast@1")
    assert (found.version, [c["name"] for c in found.candidates]) == (1, ["trees", "linear", "baseline"])  # type: ignore[union-attr]


def test_an_incident_tells_its_alerts_and_facts(tiny_copy: Path) -> None:
    both = {"project": "parcels", "monitor": "watch", "severity": "alarm"}
    incident = {"id": "0199aaaa-1", "state": "open", "title": "costs more", "opened": 1, "body": "{}", **both}
    alert = {"id": "a", "incident": "0199aaaa-1", "check_name": "quality", "subject": "cost", "at": 1, "body": '{"text":"it rose"}', **both}

    def write(tx: object) -> None:
        tx.add("incidents", [incident])  # type: ignore[attr-defined]
        tx.add("alerts", [alert])  # type: ignore[attr-defined]
        tx.fact("incident.opened", "parcels/monitor/watch", {"incident": "0199aaaa-1"})  # type: ignore[attr-defined]

    with nf.open(tiny_copy) as project:
        project.home.ledger.write(write)
        found = project.why("0199aaaa")
    assert ([a["text"] for a in found.alerts], [f["kind"] for f in found.facts]) == (["it rose"], ["incident.opened"])  # type: ignore[union-attr]


def test_uncommitted_changes_are_recorded_with_a_deployment(tmp_path: Path) -> None:
    from ninefold.project.live.workplace import workplace

    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "a.py").write_text("x = 1\n")
    for words in (["init", "-q"], ["add", "a.py"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    (tmp_path / "a.py").write_text("x = 2\n")
    (tmp_path / "b.py").write_text("y = 1\n")
    found = workplace(tmp_path)
    assert (len(found["commit"]), found["uncommitted"]) == (40, ["a.py", "b.py"])


def test_outside_of_a_repository_there_is_no_commit(tmp_path: Path) -> None:
    from ninefold.project.live.workplace import workplace

    assert workplace(tmp_path)["commit"] is None


def test_a_home_is_only_read(tiny_project: Path, why: Why) -> None:
    with Home(nf.open(tiny_project).home.settings, "parcels") as home:
        before = home.ledger.head()
        why_prediction(home, why.prediction)
        assert home.ledger.head() == before


def test_a_personal_input_is_not_shown() -> None:
    request = Request("orders", ("id",), {"id": "Int64", "email": "String", "floor": "Int64"}, bare=("email", "floor"))
    served = {"email": "ada@example.com", "floor": 3}
    nowhere: Any = None  # no group reads a table
    found = behind(nowhere, [], request, {"id": 1, **served}, 0, served, versions={}, personal={"orders": ["email"]})
    assert [(v.name, v.value) for v in found] == [("email", None), ("floor", 3)]
