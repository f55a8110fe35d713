"""A source's snapshot: what is in the lake after reading, once, and again when something changed."""

from pathlib import Path
from typing import Any

import pytest

import ninefold as nf
from ninefold.errors import DataError


def test_a_csv_becomes_typed_rows(take: Any, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,price,at\n1,NA,2013-01-01T10:00:00Z\n2,1.5,2013-01-01T12:00:00+02:00\n")
    _, rows = take(nf.Source("a.csv", null="NA"))
    assert [(r["id"], r["price"], r["at"].hour) for r in rows] == [(1, None, 10), (2, 1.5, 10)]


def test_a_second_look_at_the_same_file_writes_nothing(take: Any, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id\n1\n")
    first, _ = take(nf.Source("a.csv"))
    second, _ = take(nf.Source("a.csv"), first.state)
    assert (second.version, second.files) == (first.version, [])


def test_only_new_files_are_read(take: Any, tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("id\n1\n")
    first, _ = take(nf.Source("*.csv"))
    (tmp_path / "2.csv").write_text("id\n2\n")
    second, rows = take(nf.Source("*.csv"), first.state)
    assert [Path(f.path).name for f in second.files] == ["2.csv"]
    assert [r["id"] for r in rows] == [1, 2]


def test_a_changed_file_is_read_again_and_counts_once(take: Any, tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("id\n1\n")
    first, _ = take(nf.Source("*.csv"))
    (tmp_path / "1.csv").write_text("id\n7\n8\n")
    second, rows = take(nf.Source("*.csv"), first.state)
    assert [r["id"] for r in rows] == [7, 8]
    assert second.rows == 2


def test_a_later_file_with_fractions_widens_the_column(take: Any, tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("n\n1\n")
    first, _ = take(nf.Source("*.csv"))
    (tmp_path / "2.csv").write_text("n\n1.5\n")
    _, rows = take(nf.Source("*.csv"), first.state)
    assert [r["n"] for r in rows] == [1.0, 1.5]


def test_a_changed_type_names_file_column_and_both_types(take: Any, tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("n\n1\n")
    first, _ = take(nf.Source("*.csv"))
    (tmp_path / "2.csv").write_text("n\nabc\n")
    with pytest.raises(DataError, match=r'2\.csv: the column "n" is String here, and Int64 in'):
        take(nf.Source("*.csv"), first.state)


def test_a_run_that_was_cut_off_after_writing_appends_nothing_twice(take: Any, tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("id\n1\n")
    first, _ = take(nf.Source("*.csv"))
    (tmp_path / "2.csv").write_text("id\n2\n")
    take(nf.Source("*.csv"), first.state)  # its state is lost
    _, rows = take(nf.Source("*.csv"), first.state)
    assert [r["id"] for r in rows] == [1, 2]


def test_other_options_read_everything_again(take: Any, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n\n1\n-\n")
    first, rows = take(nf.Source("a.csv"))
    assert rows[0]["n"] == "1"
    _, rows = take(nf.Source("a.csv", null="-"), first.state)
    assert [r["n"] for r in rows] == [1, None]


def test_rows_above_the_watermark_are_new(take: Any, tmp_path: Path) -> None:
    path, source = tmp_path / "log.csv", nf.Source("log.csv", watermark="id")
    path.write_text("id\n1\n2\n")
    first, _ = take(source)
    assert first.state["watermark"] == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file"),
        ("", "the file is empty"),
        ("<html><body>404</body></html>", "looks like a web page"),
        ("a,b\n1,2\n3,4,5\n", "cannot be read as csv"),
        ("a,a\n1,2\n", 'names the column "a" twice'),
    ],
)
def test_a_bad_file_is_named_with_the_way_out(take: Any, tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "rows.csv").write_text(content)
    with pytest.raises(DataError, match=said) as caught:
        take(nf.Source("rows.csv"))
    assert "rows.csv" in caught.value.where
    assert caught.value.hint


def test_a_misspelt_path_is_told_the_nearest(take: Any, tmp_path: Path) -> None:
    (tmp_path / "flights.csv").write_text("a\n1\n")
    with pytest.raises(DataError) as caught:
        take(nf.Source("flihgts.csv"))
    assert 'did you mean "flights.csv"?' in caught.value.hint
