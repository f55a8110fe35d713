"""Scoring many questions at once."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ninefold as nf
from ninefold.project.live.scoring import read_questions


@pytest.fixture
def questions(tiny_project: Path, tmp_path: Path) -> Path:
    """The first questions of the data, as a file."""
    rows = pl.read_csv(tiny_project / "data" / "orders.csv", null_values="NA").head(30)
    rows.select("parcel_id", "depot", "region", "weight", "promised_at").write_csv(tmp_path / "questions.csv")
    return tmp_path / "questions.csv"


def test_a_file_is_scored_as_the_endpoint_answered(as_json: Any, tiny_project: Path, tmp_path: Path) -> None:
    with nf.open(tiny_project) as project:
        answers = project.predictions("dispatch").sort("q")
        table = project.table("parcels").read()
    keys = [key[2:-2] for key in answers["key"]]
    asked = table.filter(pl.col("parcel_id").is_in(keys)).select("parcel_id", "depot", "region", "weight", "promised_at")
    asked.with_columns(pl.col("promised_at").dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")).write_csv(tmp_path / "q.csv")
    scored = as_json(tiny_project, "endpoints", "score", "dispatch", str(tmp_path / "q.csv"))["scores"]
    assert {s["parcel_id"]: s["score"] for s in scored} == pytest.approx(dict(zip(keys, answers["score"], strict=True)), abs=1e-9)


def test_scores_are_written_in_the_format_of_the_file(as_json: Any, tiny_project: Path, questions: Path, tmp_path: Path) -> None:
    as_json(tiny_project, "endpoints", "score", "dispatch", str(questions), "--out", str(tmp_path / "scores.parquet"))
    assert pl.read_parquet(tmp_path / "scores.parquet").height == 30


def test_a_text_is_what_the_file_says(tiny_project: Path, questions: Path) -> None:
    rows = pl.read_csv(questions).with_columns(region=pl.lit("NA"))
    rows.write_csv(questions)
    with nf.open(tiny_project) as project:
        assert set(read_questions(project.home, "dispatch", questions)["region"]) == {"NA"}


def test_a_wrong_column_is_answered_with_the_nearest(ninefold: Any, tiny_project: Path, questions: Path) -> None:
    questions.write_text(questions.read_text().replace("region", "regoin", 1))
    code, _, err = ninefold("endpoints", "score", "dispatch", str(questions), at=tiny_project)
    assert (code, 'did you mean "region"?' in err) == (2, True)


def test_a_row_that_does_not_fit_is_named(ninefold: Any, tiny_project: Path, questions: Path) -> None:
    questions.write_text(questions.read_text().replace("p00-02", "", 1))
    code, _, err = ninefold("endpoints", "score", "dispatch", str(questions), at=tiny_project)
    assert (code, '[2]: an update of "parcels" has no "parcel_id"' in err or "[2]" in err) == (2, True)


def test_what_is_due_is_scored_once(as_json: Any, tiny_copy: Path) -> None:
    first = as_json(tiny_copy, "endpoints", "score", "dispatch", "--due", "--at", "2024-02-29T00:00")
    again = as_json(tiny_copy, "endpoints", "score", "dispatch", "--due", "--at", "2024-02-29T00:00")
    later = as_json(tiny_copy, "endpoints", "score", "dispatch", "--due", "--at", "2024-03-01T00:00")
    assert (first["rows"], again["rows"], later["rows"]) == (80, None, 40)
    with nf.open(tiny_copy) as project:
        assert project.home.stored("scores", "dispatch").read()["parcel_id"].n_unique() == 120
