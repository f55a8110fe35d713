"""A ledger in an SQLite file: write-ahead log, an fsync for every commit, turns between processes."""

import functools
import re
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, cast

from ninefold.errors import BusyError, ConflictError, UsageError
from ninefold.ids import new_id
from ninefold.ledger.driver import REVISION, Row
from ninefold.ledger.patience import counted, patience
from ninefold.ledger.sqlite_files import reading, refuse_network, stopping
from ninefold.ledger.turns import Turnstile
from ninefold.storage import durable

_HERE = Path(__file__).parent
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_STEPS = 50_000  # of SQLite's machine between two looks at the clock: some milliseconds


class SQLiteDriver:
    """The file at ``path``; locks lie in ``locks``."""

    def __init__(self, path: Path, locks: Path) -> None:
        self.path, self.locks, self.url = path, locks, f"sqlite:///{path}"

    def writer(self, name: str | None = None) -> "SQLiteWriter":
        return SQLiteWriter(self.connect(), self.path, Turnstile(self.locks, "ledger"))

    def reader(self) -> "SQLiteReader":
        connection = self.connect()
        connection.execute("pragma query_only = on")
        return SQLiteReader(connection, self.path)

    def connect(self) -> sqlite3.Connection:
        """A connection with the settings that durability needs. Transactions are begun by hand."""
        with reading(self.path):
            connection = sqlite3.connect(f"{self.path.as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False, timeout=10)
            connection.row_factory = sqlite3.Row
            connection.execute("pragma synchronous = full")
            connection.execute("pragma foreign_keys = on")
            if sys.platform == "darwin":  # there a plain fsync leaves the bytes in the drive's cache
                connection.execute("pragma fullfsync = on")
                connection.execute("pragma checkpoint_fullfsync = on")
        return connection

    def revision(self) -> str | None:
        if not self.path.exists():
            return None
        refuse_network(self.path)
        with closing(self.connect()) as connection, reading(self.path):
            if connection.execute("select count(*) from sqlite_master").fetchone()[0] == 0:
                return None
            if connection.execute("select count(*) from sqlite_master where name = 'alembic_version'").fetchone()[0] == 0:
                raise UsageError("this SQLite file is no ledger", where=str(self.path), hint="name another file in the ledger's URL")
            row = connection.execute("select version_num from alembic_version").fetchone()
            return "" if row is None else str(row[0])  # empty: from before the first revision

    def create(self) -> None:
        durable.make_folder(self.path.parent, mode=0o700)
        refuse_network(self.path)
        with closing(Turnstile(self.locks, "ledger")) as turnstile, turnstile:
            if self.revision() is not None:
                return
            self.path.touch(mode=0o600)  # its log and its shared memory have the same
            with closing(self.connect()) as connection, reading(self.path):
                connection.execute("pragma journal_mode = wal")
                connection.execute("begin immediate")
                for statement in statements(schema()):
                    connection.execute(statement)
                connection.execute("insert into alembic_version (version_num) values (?)", (REVISION,))
                connection.execute("insert into tree (one, size, peaks) values (1, 0, '')")
                connection.execute("insert into meta (name, value) values ('origin', ?)", (f"ninefold/{new_id()}",))
                connection.execute("commit")
            durable.sync([self.path])  # SQLite flushes what it writes, but not the directory entry of a new database

    def copy(self, to: Path) -> None:
        with closing(self.connect()) as source, reading(self.path, to), closing(sqlite3.connect(to)) as target:
            source.backup(target, pages=4096)
            target.execute("pragma journal_mode = delete")  # one file, complete by itself
        durable.sync([to])

    def fill(self, path: Path) -> None:
        if self.revision() is not None:
            raise ConflictError("there is a ledger already", where=self.url, hint="name another file: a restore never mixes with what is there")
        durable.make_folder(self.path.parent, mode=0o700)
        with path.open("rb") as stream:
            durable.write(self.path, iter(lambda: stream.read(1 << 20), b""))

    @contextmanager
    def upgrading(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        durable.make_folder(self.path.parent, mode=0o700)
        self.path.touch(mode=0o600)  # its log and its shared memory have the same
        with closing(Turnstile(self.locks, "ledger")) as turnstile, turnstile, reading(self.path):
            yield "sqlite", self.connect
        durable.sync([self.path])


class SQLiteSession:
    """One connection, reading as of now: every statement sees all that is committed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def one(self, sql: str, args: Sequence[Any]) -> Row | None:
        cursor = self.connection.execute(sql, args)
        row = cursor.fetchone()
        cursor.close()  # an unfinished read would keep its snapshot, and the log could not be cut
        return cast("Row | None", row)

    def all(self, sql: str, args: Sequence[Any]) -> list[Row]:
        return cast("list[Row]", self.connection.execute(sql, args).fetchall())

    def execute(self, sql: str, args: Sequence[Any]) -> int:
        return self.connection.execute(sql, args).rowcount

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        text = _block(sql) if len(rows) >= _BLOCK else None
        whole, changed = len(rows) - len(rows) % _BLOCK if text else 0, 0
        for begin in range(0, whole, _BLOCK):
            changed += self.connection.execute(text or sql, list(chain.from_iterable(rows[begin : begin + _BLOCK]))).rowcount
        return changed + (self.connection.executemany(sql, rows[whole:]).rowcount if whole < len(rows) else 0)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self.many(insert_text(table, tuple(columns)), rows)

    def close(self) -> None:
        self.connection.close()


class SQLiteReader(SQLiteSession):
    """A connection that cannot write, says so in our words when the file is damaged, and gives up when the thread's patience ends."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        super().__init__(connection)
        self._path = path
        self._limited = False

    def one(self, sql: str, args: Sequence[Any]) -> Row | None:
        self._limit()
        with counted(), reading(self._path):
            return super().one(sql, args)

    def all(self, sql: str, args: Sequence[Any]) -> list[Row]:
        self._limit()
        with counted(), reading(self._path):
            return super().all(sql, args)

    def _limit(self) -> None:
        """A connection goes from thread to thread: the limit is set for each statement."""
        seconds = patience()
        if seconds is not None:
            end = time.monotonic() + seconds
            self.connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
            self._limited = True
        elif self._limited:
            self.connection.set_progress_handler(None, 0)
            self._limited = False


class SQLiteWriter(SQLiteSession):
    """The connection that writes, taking turns with other processes."""

    def __init__(self, connection: sqlite3.Connection, path: Path, turnstile: Turnstile) -> None:
        super().__init__(connection)
        self._path, self._turnstile = path, turnstile

    def begin(self) -> None:
        self._turnstile.__enter__()
        try:
            self.connection.execute("begin immediate")
        except BaseException:  # whatever it is, the turn is given back, and it goes on to the caller
            self._turnstile.__exit__(None, None, None)
            raise

    def commit(self) -> None:
        self.connection.execute("commit")
        self._turnstile.__exit__(None, None, None)

    def rollback(self) -> None:
        try:
            if self.connection.in_transaction:  # SQLite has rolled back by itself after a full disk or an I/O error
                self.connection.execute("rollback")
        finally:
            self._turnstile.__exit__(None, None, None)

    def savepoint(self) -> None:
        self.connection.execute("savepoint item")

    def release(self) -> None:
        self.connection.execute("release item")

    def undo(self) -> None:
        self.connection.execute("rollback to item")
        self.connection.execute("release item")

    def head(self) -> Row | None:
        return self.one("select size, peaks from tree", ())

    def lock(self, name: str) -> None:
        """Nothing to wait for: there is one writer at a time."""

    def lock_table(self, name: str) -> None:
        """As above."""

    def again(self, error: BaseException) -> bool:
        return False

    def raced(self, error: BaseException) -> bool:
        return False

    def told(self, error: BaseException) -> BaseException:
        if isinstance(error, sqlite3.IntegrityError) and "UNIQUE" in str(error):
            return ConflictError(f"a row is there already ({error})", hint="read it first, or write it under another key")
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            return BusyError("another program keeps the ledger locked", hint="end that program's transaction, then run it again")
        return error

    def stopping(self, error: Exception) -> tuple[str, bool] | None:
        return stopping(error, self._path)

    def close(self) -> None:
        super().close()
        self._turnstile.close()


def schema() -> str:
    """The text of the newest schema, guards included."""
    return (_HERE / "schema.sql").read_text("utf-8") + (_HERE / "guards.sql").read_text("utf-8")


def statements(text: str) -> Iterator[str]:
    r"""The statements of an SQL text, one by one (a trigger's inner semicolons do not end it).

    >>> list(statements("select 1; -- one\nselect 2;"))
    ['select 1;', '-- one\nselect 2;']
    """
    part = ""
    for piece in text.split(";")[:-1]:
        part += piece + ";"
        if sqlite3.complete_statement(part):
            yield part.strip()
            part = ""


_BLOCK = 100  # rows in one statement: a quarter less time than row by row; more rows gain nothing
_VALUES = re.compile(r"\bvalues\s*(\([^()]*\))", re.IGNORECASE)


@functools.cache
def _block(sql: str) -> str | None:
    """An insert of one row as the insert of a block of rows; None for any other statement."""
    found = _VALUES.search(sql)
    return found and f"{sql[: found.end()]}{f', {found[1]}' * (_BLOCK - 1)}{sql[found.end() :]}"


_inserts: dict[tuple[str, tuple[str, ...]], str] = {}


def insert_text(table: str, columns: tuple[str, ...]) -> str:
    """The insert of these columns; names are checked, since they become part of the statement."""
    text = _inserts.get((table, columns))
    if text is None:
        for name in (table, *columns):
            if not _NAME.fullmatch(name):
                raise UsageError(f'"{name}" is no name of a table or column', hint="names are lower case letters, digits and _")
        marks = ", ".join("?" * len(columns))
        text = _inserts[table, columns] = f"insert into {table} ({', '.join(columns)}) values ({marks})"
    return text
