"""Every format gives the same typed rows."""

import gzip
import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from ninefold.errors import DataError, UsageError
from ninefold.sources.formats import decode

FRAME = pl.DataFrame(
    {"id": [1, 2], "at": [datetime(2013, 1, 1, 10, tzinfo=UTC), None], "name": ["a", None]}, schema_overrides={"at": pl.Datetime("us", "UTC")}
)


def _bytes(write: Any) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def _zip(data: bytes, *names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, data)
    return buffer.getvalue()


CSV = b"id,at,name\n1,2013-01-01T10:00:00Z,a\n2,,\n"
FILES = {
    "x.csv": CSV,
    "x.csv.gz": gzip.compress(CSV),
    "x.csv.zip": _zip(CSV, "x.csv"),
    "x.tsv": CSV.replace(b",", b"\t"),
    "x.jsonl": b'{"id":1,"at":"2013-01-01T10:00:00Z","name":"a"}\n{"id":2,"at":null,"name":null}\n',
    "x.json": b'[{"id":1,"at":"2013-01-01T10:00:00Z","name":"a"},{"id":2,"at":null,"name":null}]',
    "x.parquet": _bytes(FRAME.write_parquet),
    "x.arrow": _bytes(FRAME.write_ipc),
    "x.feather": _bytes(FRAME.write_ipc),
    "y.arrow": _bytes(FRAME.write_ipc_stream),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_rows(name: str) -> None:
    assert decode(FILES[name], name).equals(FRAME)


@pytest.mark.parametrize(
    ("texts", "dtype"),
    [
        (["1", "2", None], pl.Int64()),
        (["1"] * 200 + ["1.5"], pl.Float64()),
        (["00501", "10001"], pl.String()),
        (["99999999999999999999", "1"], pl.String()),
        (["true", "False"], pl.Boolean()),
        (["2013-01-01", "2013-02-30"], pl.String()),
        (["2013-01-01", "2013-02-28"], pl.Date()),
        (["2013-01-01 10:00", "2013-01-01T10:00:01.5"], pl.Datetime("us")),
        (["2013-01-01T10:00:00Z", "2013-01-01T10:00:00"], pl.String()),
        (["1e5", "-2"], pl.Float64()),
        (["1", "x"], pl.String()),
    ],
)
def test_a_type_follows_from_all_values(texts: list[str | None], dtype: pl.DataType) -> None:
    data = "c,other\n" + "".join(f"{t or ''},1\n" for t in texts)
    assert decode(data.encode(), "t.csv").schema["c"] == dtype


def test_a_declared_type_decides() -> None:
    frame = decode(b"zip,day\n501,31/12/2013\n", "t.csv", types={"zip": "str", "day": "date:%d/%m/%Y"})
    assert frame.rows()[0] == ("501", datetime(2013, 12, 31).date())


def test_a_value_against_its_declared_type_is_shown() -> None:
    with pytest.raises(DataError) as caught:
        decode(b"n\n1\n?\n", "t.csv", types={"n": "int"})
    assert 'such as "?" in row 1' in caught.value.hint


def test_a_misspelt_column_in_types_is_told_the_nearest() -> None:
    with pytest.raises(DataError) as caught:
        decode(b"price\n1\n", "t.csv", types={"prize": "int"})
    assert caught.value.hint == 'did you mean "price"?'


def test_an_archive_of_two_files_is_refused() -> None:
    with pytest.raises(DataError, match="holds 2 files"):
        decode(_zip(CSV, "a.csv", "b.csv"), "x.csv.zip")


def test_a_truncated_archive_is_named() -> None:
    with pytest.raises(DataError, match=r"x\.csv\.gz: it cannot be unpacked"):
        decode(gzip.compress(CSV)[:-12], "x.csv.gz")


def test_a_name_without_a_format_says_what_to_declare() -> None:
    with pytest.raises(UsageError, match="cannot be told"):
        decode(CSV, "rows.bin")


def test_semicolons_are_recognised() -> None:
    assert decode(b"a;b\n1;2\n", "t.csv").rows() == [(1, 2)]
