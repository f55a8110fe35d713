"""A project as an object."""

from pathlib import Path

import polars as pl
import pytest

import ninefold as nf
from ninefold.errors import NotFoundError
from ninefold.notebook.open import OpenProject

QUESTION = {"parcel_id": "new", "depot": "north", "region": "hills", "weight": 3.0, "promised_at": "2024-02-27T10:00:00Z"}


@pytest.fixture
def project(tiny_project: Path) -> OpenProject:
    """The small project, opened by its folder."""
    return nf.open(tiny_project)


@pytest.mark.parametrize("where", ["", "parcels.py"])
def test_a_folder_and_a_file_open_the_same(tiny_project: Path, where: str) -> None:
    assert nf.open(tiny_project / where).name == "parcels"


def test_the_project_of_the_current_folder_is_the_default(tiny_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny_project / "data")
    assert nf.open().name == "parcels"


def test_where_nothing_is_there_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no project"):
        nf.open(tmp_path)


def test_a_table_is_read_without_what_was_not_known(project: OpenProject) -> None:
    table = project.table("parcels")
    then = table.read(as_of="2024-01-10T00:00Z")
    assert (table.read().height, then["late"].null_count() > 200, then.height < 900) == (2438, True, True)


def test_a_table_tells_versions_profile_and_quarantine(project: OpenProject) -> None:
    table = project.table("parcels")
    assert [v["rows"] for v in table.versions()] == [2438]
    assert table.profile()["rows"] == 2438
    assert table.quarantine()["weight"].to_list() == [-1.0, -1.0]


@pytest.mark.parametrize(
    "ask", [lambda p: p.table("parcel"), lambda p: p.model("forcast"), lambda p: p.predict("dispath", {}), lambda p: p.why("parcls")]
)
def test_a_misspelt_name_is_answered_with_the_nearest(project: OpenProject, ask: object) -> None:
    with pytest.raises(NotFoundError) as error:
        ask(project)  # type: ignore[operator]
    assert error.value.hint.startswith("did you mean")


def test_a_question_is_answered_as_of_a_time(project: OpenProject) -> None:
    one = project.predict("dispatch", QUESTION, asked_at="2024-02-27T08:00:00Z", explain=True)
    same = project.predict("dispatch", [QUESTION], asked_at="2024-02-27T08:00:00Z")[0]
    assert (0 < one["score"] < 1, one["score"] == same["score"], one["reasons"][0]["input"], "id" in one) == (True, True, "region", False)


def test_answers_here_and_scores_of_a_frame_agree_with_the_log(project: OpenProject) -> None:
    log = project.predictions("dispatch").sort("q")
    table = project.table("parcels").read()
    asked = table.filter(pl.format('["{}"]', "parcel_id").is_in(log["key"].implode())).sort("promised_at")
    scored = project.score("dispatch", asked.select("parcel_id", "depot", "region", "weight", "promised_at"))
    assert scored["score"].to_list() == pytest.approx(log["score"].to_list(), abs=1e-9)
    assert scored["asked_at"].to_list() == log["q"].to_list()


def test_a_run_without_changes_finds_everything(tiny_copy: Path) -> None:
    with nf.open(tiny_copy) as project:
        project.run(as_of="2024-02-27T00:00Z")
        again = project.run(as_of="2024-02-27T00:00Z")
        assert (again.cached, {p.state for p in project.plan(as_of="2024-02-27T00:00Z")}) == (True, {"cached"})


def test_a_model_has_versions_and_a_card(project: OpenProject) -> None:
    model = project.model("forecast")
    assert [v.version for v in model.versions()] == [1]
    assert "forecast" in model.card()


def test_what_is_shown_says_where_it_stands(project: OpenProject) -> None:
    assert "lateness not yet known" in repr(project)
    assert repr(project.table("parcels")) == "<table parcels/parcels@0: 2,438 rows, 2 quarantined>"
    assert repr(project.model("forecast")) == "<model parcels/forecast@1: linear won>"
