"""Following a stream: what cannot be read at one look comes at the next, and a row that nobody can read keeps no other back."""

import json
from pathlib import Path

import polars as pl
import pytest

from ninefold.errors import CorruptError
from ninefold.journal import Journal
from ninefold.lake.roll import Roller
from ninefold.lake.table import LakeTable
from ninefold.loop.tail import Tail


def decode(payloads: list[bytes]) -> pl.DataFrame:
    return pl.DataFrame([json.loads(payload) for payload in payloads], schema={"n": pl.Int64})


def row(n: int) -> bytes:
    return json.dumps({"n": n}).encode()


def test_rows_that_could_not_be_read_come_at_the_next_look(tmp_path: Path) -> None:
    folder, table = tmp_path / "journal", LakeTable(str(tmp_path / "lake"))
    tail = Tail(table, folder, decode, name="x")
    with Journal(folder) as journal:
        journal.append([row(1)]).result()
    Roller(table, folder, decode, name="x").roll()
    (file,) = (Path(f) for f in table.files())
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    with pytest.raises(CorruptError):
        tail.fresh()
    file.write_bytes(whole)
    assert tail.fresh().rows["n"].to_list() == [1]
    assert tail.fresh().rows.height == 0


def test_a_row_that_nobody_can_read_keeps_no_other_back(tmp_path: Path) -> None:
    folder, table = tmp_path / "journal", LakeTable(str(tmp_path / "lake"))
    tail = Tail(table, folder, decode, name="x")
    with Journal(folder) as journal:
        journal.append([row(1), b"no row", row(2)]).result()
        assert tail.fresh().rows["n"].to_list() == [1, 2]
        journal.append([row(3)]).result()
        journal.rotate()
        Roller(table, folder, decode, name="x").roll()
        assert tail.fresh().rows["n"].to_list() == [3]
