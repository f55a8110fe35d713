"""A spreadsheet runs what begins like a formula: texts on their way into a CSV do not."""

from pathlib import Path

import polars as pl
import pytest

from ninefold.cli.endpoints import _write

HOSTILE = ['=HYPERLINK("http://x")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]


def test_a_text_is_no_formula_and_a_number_stays_one(tmp_path: Path) -> None:
    frame = pl.DataFrame({"key": [*HOSTILE, "plain", None], "n": list(range(-1, 7))})
    _write(frame, tmp_path / "scores.csv")
    read = pl.read_csv(tmp_path / "scores.csv")
    assert read["key"].to_list() == [*(f"'{text}" for text in HOSTILE), "plain", None]
    assert read["n"].to_list() == list(range(-1, 7))


@pytest.mark.parametrize("name", ["scores.jsonl", "scores.parquet"])
def test_other_formats_keep_every_text(tmp_path: Path, name: str) -> None:
    frame = pl.DataFrame({"key": HOSTILE})
    _write(frame, tmp_path / name)
    read = pl.read_ndjson(tmp_path / name) if name.endswith("jsonl") else pl.read_parquet(tmp_path / name)
    assert read["key"].to_list() == HOSTILE
