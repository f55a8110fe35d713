"""Upgrades: the schema equals all revisions applied in turn; a copy comes first; a crash in the middle leaves the old one."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ninefold.errors import ConflictError, HeldError, NotFoundError
from ninefold.ledger import Ledger
from ninefold.ledger.driver import REVISION, Driver, driver_of
from ninefold.ledger.roles import Role
from ninefold.ledger.sqlite import SQLiteDriver
from ninefold.ledger.upgrade import config, migrate, upgrade


def shape(path: Path) -> dict[str, str]:
    """Each object of a database with its text, white space and Alembic's own table aside."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("select name, sql from sqlite_master where sql is not null and name <> 'alembic_version'").fetchall()
    return {name: " ".join(sql.split()) for name, sql in rows}


def test_the_schema_equals_all_revisions_applied(ledger: Ledger, home: Path, tmp_path: Path) -> None:
    driver = SQLiteDriver(tmp_path / "grown" / "ledger.db", tmp_path / "locks")
    migrate(driver)
    assert shape(driver.path) == shape(home / "ledger.db")
    assert driver.revision() == REVISION


def test_links_of_traces_are_kept(tmp_path: Path) -> None:
    driver = SQLiteDriver(tmp_path / "ledger.db", tmp_path / "locks")
    migrate(driver, "0002")
    with sqlite3.connect(driver.path) as connection:
        connection.execute("insert into traces (id, project, experiment, started) values ('t', 'p', 0, 1)")
        connection.execute("insert into trace_runs (trace, run) values ('t', 'r')")
    migrate(driver)
    with sqlite3.connect(driver.path) as connection:
        assert connection.execute("select project, trace, run from trace_links").fetchall() == [("p", "t", "r")]


_SHAPE = """
select 'column ' || table_name || '.' || column_name as name,
    concat_ws(' ', data_type, collation_name, is_nullable, column_default, identity_generation) as text
from information_schema.columns where table_schema = 'public'
union all select 'index ' || indexname, indexdef from pg_indexes where schemaname = 'public'
union all select 'rule of ' || conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid)
from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
union all select 'guard ' || tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
union all select 'view ' || viewname, definition from pg_views where schemaname = 'public'
"""


def shape_there(driver: Driver) -> dict[str, str]:
    with closing(driver.reader()) as session:
        return {row["name"]: row["text"] for row in session.all(_SHAPE, ()) if "alembic_version" not in row["name"]}


@pytest.mark.slow
def test_the_schema_of_postgres_equals_all_revisions_applied(postgres_url: str, postgres_other: str, tmp_path: Path) -> None:
    grown, made = driver_of(postgres_url, tmp_path)[0], driver_of(postgres_other, tmp_path)[0]
    migrate(grown)
    made.create()
    assert shape_there(grown) == shape_there(made)
    assert len(shape_there(made)) > 300
    assert grown.revision() == made.revision() == REVISION


@pytest.mark.slow
def test_an_upgrade_beside_another_machines_server_is_refused(postgres_url: str, tmp_path: Path) -> None:
    driver = driver_of(postgres_url, tmp_path)[0]
    migrate(driver, "0001")
    with closing(driver.reader()), pytest.raises(HeldError, match="use the ledger"):
        upgrade(postgres_url, home=tmp_path / "home")


def test_the_newest_revision_is_the_one_that_ledgers_are_made_with() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory.from_config(config()).get_heads() == [REVISION]


def test_an_upgrade_copies_first(tmp_path: Path) -> None:
    home = tmp_path / "home"
    older(home)
    copy = upgrade(f"sqlite:///{home}/ledger.db")
    assert copy is not None
    assert "facts" not in shape(copy)
    assert "facts" in shape(home / "ledger.db")
    with sqlite3.connect(home / "ledger.db") as connection:
        assert connection.execute("select version_num from alembic_version").fetchall() == [(REVISION,)]


def older(home: Path) -> None:
    """A database from before the first revision: it has a version table and nothing else."""
    home.mkdir()
    with sqlite3.connect(home / "ledger.db") as connection:
        connection.execute("create table alembic_version (version_num varchar(32) not null)")
        connection.execute("create table old (a)")


def test_a_revision_that_fails_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ninefold.ledger.migrations.applying.statements", lambda text: ["create table a (b)", "create table a (b)"])
    driver = SQLiteDriver(tmp_path / "ledger.db", tmp_path / "locks")
    with pytest.raises(Exception, match="already exists"):
        migrate(driver)
    assert shape(driver.path) == {}


def test_nothing_missing_is_no_upgrade(ledger: Ledger, home: Path) -> None:
    assert upgrade(ledger.driver.url) is None
    assert not (home / "backups").exists()


def test_an_upgrade_beside_a_server_is_refused(ledger: Ledger, home: Path) -> None:
    with Role(home, "server").hold("ninefold up"), pytest.raises(HeldError, match="ninefold up"):
        upgrade(ledger.driver.url)


def test_what_cannot_be_upgraded_is_said(ledger: Ledger, home: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        upgrade(f"sqlite:///{tmp_path}/none/ledger.db")
    with sqlite3.connect(home / "ledger.db") as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    with pytest.raises(ConflictError, match="9999"):
        upgrade(ledger.driver.url)
