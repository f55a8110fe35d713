"""Databases as sources."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

import ninefold as nf
from ninefold import config
from ninefold.config import Settings
from ninefold.errors import DataError, DeclarationError, NotYetError, UsageError
from ninefold.sources.location import locate
from ninefold.sources.read import fingerprint, read, uncacheable


def _sqlite(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute("create table orders (id integer, price real, at text)")
    connection.executemany("insert into orders values (?, ?, ?)", [(1, 2.5, "2013-01-01 10:00:00"), (2, None, "2013-01-02 10:00:00")])
    connection.commit()
    return connection


def test_sqlite_gives_typed_rows(take: Any, tmp_path: Path) -> None:
    _sqlite(tmp_path / "shop.db").close()
    _, rows = take(nf.Source("sqlite:///shop.db", query="select * from orders"))
    assert rows[0] == {"id": 1, "price": 2.5, "at": datetime(2013, 1, 1, 10)}


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_database_file_that_was_written_to_is_another_one(tmp_path: Path, journal: str) -> None:
    source, settings = nf.Source("sqlite:///shop.db", query="select * from orders"), config.load(tmp_path)
    connection = _sqlite(tmp_path / "shop.db")
    connection.execute(f"pragma journal_mode = {journal}")
    before = fingerprint(source, settings)
    assert (uncacheable(source, settings), fingerprint(source, settings)) == (None, before)
    connection.execute("update orders set price = 9 where id = 1")
    connection.commit()
    assert fingerprint(source, settings) != before


def test_a_duckdb_file_that_was_written_to_is_another_one(tmp_path: Path) -> None:
    source, settings = nf.Source("duckdb:///shop.duckdb", query="select * from orders"), config.load(tmp_path)
    connection = duckdb.connect(str(tmp_path / "shop.duckdb"))
    connection.execute("create table orders as select 1 as id")
    before = fingerprint(source, settings)
    connection.execute("insert into orders values (2)")
    assert fingerprint(source, settings) != before


def test_only_rows_above_the_watermark_are_asked_for(take: Any, tmp_path: Path) -> None:
    connection = _sqlite(tmp_path / "shop.db")
    source = nf.Source("sqlite:///shop.db", query="select * from orders;", watermark="id")
    first, _ = take(source)
    connection.execute("insert into orders values (3, 1, '2013-01-03 10:00:00')")
    connection.commit()
    second, rows = take(source, first.state)
    assert second.files[0].rows == 1
    assert [r["id"] for r in rows] == [1, 2, 3]


def test_a_watermark_without_news_writes_no_version(take: Any, tmp_path: Path) -> None:
    _sqlite(tmp_path / "shop.db")
    source = nf.Source("sqlite:///shop.db", query="select * from orders", watermark="at")
    first, _ = take(source)
    second, _ = take(source, first.state)
    assert second.version == first.version


def test_duckdb_gives_typed_rows(take: Any, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("create table t as select 1 as id, 1.25::decimal(5,2) as price, timestamptz '2013-01-01 10:00:00+00' as at").fetchall()
    _, rows = take(nf.Source("duckdb:///w.duckdb", query="select * from t"))
    assert rows == [{"id": 1, "price": 1.25, "at": datetime(2013, 1, 1, 10, tzinfo=UTC)}]


def test_a_connection_names_a_table(settings: Settings, tmp_path: Path) -> None:
    _sqlite(tmp_path / "shop.db").close()
    settings = replace(settings, connections={"warehouse": "sqlite:///shop.db"})
    assert read(nf.Source("warehouse:main.orders"), name="orders", settings=settings).frame.height == 2


def test_a_refused_query_says_why(settings: Settings, tmp_path: Path) -> None:
    _sqlite(tmp_path / "shop.db").close()
    with pytest.raises(DataError, match="no such table: oders"):
        read(nf.Source("sqlite:///shop.db", query="select * from oders"), name="orders", settings=settings)


def test_a_query_cannot_write(settings: Settings, tmp_path: Path) -> None:
    _sqlite(tmp_path / "shop.db").close()
    with pytest.raises(DataError, match="readonly"):
        read(nf.Source("sqlite:///shop.db", query="delete from orders"), name="orders", settings=settings)


def test_a_database_without_a_query_is_refused(settings: Settings) -> None:
    with pytest.raises(DeclarationError, match="has no query"):
        read(nf.Source("sqlite:///shop.db"), name="orders", settings=settings)


def test_an_unknown_connection_names_what_there_is(settings: Settings) -> None:
    with pytest.raises(UsageError) as caught:
        locate("warehose:orders", replace(settings, connections={"warehouse": "sqlite:///x"}))
    assert 'did you mean "warehouse"?' in caught.value.hint


def test_kafka_is_not_read_yet_and_says_so_by_name(settings: Settings) -> None:
    with pytest.raises(NotYetError, match="kafka"):
        locate("bus:payments", replace(settings, connections={"bus": "kafka://broker:9092"}))


def test_a_password_is_never_shown(settings: Settings) -> None:
    assert locate("postgresql://me:s3cret@db/x", settings).shown == "postgresql://me:***@db/x"


@pytest.mark.slow
@pytest.mark.postgres
def test_postgres_gives_typed_rows_above_the_watermark(take: Any, postgres_url: str) -> None:
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("create table t (id int, price numeric(6,2), at timestamptz, tags text[])")
        connection.execute("insert into t values (1, 1.25, '2013-01-01 10:00+00', '{a,b}')")
        source = nf.Source(postgres_url, query="select * from t where id % 1 = 0", watermark="at")
        first, rows = take(source)
        connection.execute("insert into t values (2, null, '2013-01-02 10:00+00', null)")
        _, more = take(source, first.state)
    assert rows == [{"id": 1, "price": 1.25, "at": datetime(2013, 1, 1, 10, tzinfo=UTC), "tags": ["a", "b"]}]
    assert [r["id"] for r in more] == [1, 2]
