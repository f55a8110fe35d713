"""A ledger of Postgres in an SQLite file and back: what a backup carries is the same for every database.

Both have one schema, so a row is a row. The file is written from one snapshot, and a database is filled in one transaction.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ninefold.errors import ConflictError
from ninefold.ledger.driver import REVISION
from ninefold.ledger.sqlite import schema, statements
from ninefold.storage import durable

if TYPE_CHECKING:
    from ninefold.ledger.postgres import Connection, PostgresDriver

_VERSIONS = Path(__file__).parent / "migrations" / "versions"
_TABLE = re.compile(r"create table (\w+)")
_BATCH = 500  # rows in memory: one may have the bytes of a file
_SERIAL = """select a.attname as column from pg_attribute a
where a.attrelid = to_regclass(%s) and a.attidentity <> ''"""


def save(driver: "PostgresDriver", to: Path) -> None:
    """Writes all rows, as they are at one instant, into the new SQLite file ``to``."""
    revision, tables = driver.revision(), driver.tables()
    with closing(sqlite3.connect(to, isolation_level=None)) as target, closing(driver.connect(reads=True)) as source:
        target.execute("begin")
        guards = []
        for statement in statements(_schema(revision)):
            if statement.lstrip().startswith("create trigger"):
                guards.append(statement)
            else:
                target.execute(statement)
        made = {row[0] for row in target.execute("select name from sqlite_master where type = 'table'")}
        source.execute("begin isolation level repeatable read read only")
        for table in sorted(tables.keys() & made):
            columns = ", ".join(f'"{name}"' for name in tables[table])
            marks = ", ".join("?" * len(tables[table]))
            target.executemany(f"insert into {table} ({columns}) values ({marks})", _rows(source, table, columns))
        for statement in guards:
            target.execute(statement)
        target.execute("commit")
    durable.sync([to])


def load(path: Path, driver: "PostgresDriver") -> None:
    """Fills the empty database with the rows of an SQLite file, all or none. ConflictError if it is not empty."""
    from ninefold.ledger.postgres import definitions  # it loads this module where a copy is asked for

    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source, driver.changing() as target:
        if driver.revision() is not None:
            hint = "name an empty database, or a schema of its own: a restore never mixes with what is there"
            raise ConflictError("the database has a ledger already", where=driver.url, hint=hint)
        revision = source.execute("select version_num from alembic_version").fetchone()[0]
        text = _schema(revision)
        for statement in definitions(text):
            target.execute(cast("Any", statement))
        # in the order of the text a table comes after those that it refers to
        made = list(dict.fromkeys(reversed(_TABLE.findall(text))))
        for table in [name for name in reversed(made) if _has(source, name)]:
            _fill(target, table, source)


def _fill(target: "Connection", table: str, source: sqlite3.Connection) -> None:
    cursor = source.execute(f"select * from {table}")
    columns = ", ".join(f'"{column[0]}"' for column in cursor.description)
    with target.cursor().copy(cast("Any", f"copy {table} ({columns}) from stdin")) as copy:
        for row in cursor:
            copy.write_row(row)
    serial = target.execute(_SERIAL, (table,)).fetchone()
    if serial is not None:
        name = serial["column"]
        text = f"select setval(pg_get_serial_sequence('{table}', '{name}'), coalesce(max({name}), 0) + 1, false) from {table}"
        target.execute(cast("Any", text))


def _rows(source: "Connection", table: str, columns: str) -> Iterator[Any]:
    with source.cursor(f"copy_{table}") as cursor:
        cursor.itersize = _BATCH
        for row in cursor.execute(cast("Any", f"select {columns} from {table}")):
            yield tuple(row)


def _schema(revision: str | None) -> str:
    """The text of the schema as it was at a revision: of an older one, its revisions in turn."""
    if revision == REVISION:
        return schema()
    return "".join(path.read_text("utf-8") for path in sorted(_VERSIONS.glob("*.sql")) if path.name[:4] <= (revision or ""))


def _has(source: sqlite3.Connection, table: str) -> bool:
    return source.execute("select 1 from sqlite_master where type = 'table' and name = ?", (table,)).fetchone() is not None
