"""Rows to compare a converted model on: a file without any is told, whatever is wrong with it."""

from pathlib import Path

import pytest

from ninefold.errors import NinefoldError
from ninefold.project.live.converting import _rows


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("nowhere.csv", None, "there is no file"),
        ("rows.txt", "a\n1\n", "no rows can be read from"),
        ("empty.csv", "", "it is empty"),
        ("empty.json", "", "it is empty"),
        ("empty.jsonl", "", "it is empty"),
        ("heads.csv", "a,b\n", "it has no rows"),
        ("bad.json", "{not json", "it cannot be read"),
        ("bad.parquet", "no parquet", "it cannot be read"),
    ],
)
def test_a_file_without_rows_is_said(name: str, text: str | None, said: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(NinefoldError, match=said):
        _rows(tmp_path / name, tmp_path)
