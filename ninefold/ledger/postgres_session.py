"""Sessions of Postgres: every statement sees all that is committed, by any process (read committed, as SQLite's readers do).

A writer's transaction may meet another process's. What is lost then (a deadlock, a connection) is tried again as a whole, so
functions given to ``Ledger.write`` may run more than once. Requests share a transaction without a savepoint each, which would
double their cost: where one has written and then fails, the group is undone and runs again with savepoints.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg.errors import LockNotAvailable, QueryCanceled, UniqueViolation
from psycopg.pq import TransactionStatus

from ninefold import clock
from ninefold.errors import BusyError, ConflictError, StoppedError, UsageError
from ninefold.ids import new_id
from ninefold.ledger.dialect import insert_of, query
from ninefold.ledger.driver import Row
from ninefold.ledger.patience import counted, patience, too_long
from ninefold.ledger.postgres_rows import unnested, waves
from ninefold.ledger.sqlite import insert_text

if TYPE_CHECKING:
    from ninefold.ledger.postgres import PostgresDriver

PATIENCE = 15.0  # seconds for which a connection that broke is tried again
_AGAIN = {"40001", "40P01"}  # a serialization failure, a deadlock: another one goes on, and we after it
_CAREFUL = 8  # so many groups have savepoints after one that had to be undone
_STOPPING = {
    "53100": ("the database's disk is full", False),
    "25006": ("the database is read-only", False),
    "58030": ("the database's disk failed", True),
    "XX001": ("the database is damaged", True),
    "XX002": ("the database is damaged", True),
}
_MARK = """insert into requests (project, key, digest, answer, at) values ('', 'writer/{name}', '', '{token}', {at})
on conflict (project, key) do update set answer = excluded.answer, at = excluded.at"""
# our old session may still have our last words before it: it must be gone before we ask what became of them
_END = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = %s and pid <> pg_backend_pid()"
_LEFT = "select count(*) as n from pg_stat_activity where application_name = %s and pid <> pg_backend_pid()"
_FORGET = "set synchronous_commit = off; delete from requests where project = '' and key = 'writer/{name}'"
_UNKNOWN = "it is not known whether this was written: the connection to the database broke during the commit"


class Undone(Exception):
    """The transaction did nothing, and may be tried again."""


class PostgresSession:
    """One connection, reading as of now."""

    def __init__(self, driver: "PostgresDriver", connection: psycopg.Connection[Any]) -> None:
        self._driver, self.connection = driver, connection

    def one(self, sql: str, args: Sequence[Any]) -> Row | None:
        return cast("Row | None", self._run(sql, args).fetchone())

    def all(self, sql: str, args: Sequence[Any]) -> list[Row]:
        return cast("list[Row]", self._run(sql, args).fetchall())

    def execute(self, sql: str, args: Sequence[Any]) -> int:
        return self._run(sql, args).rowcount

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self.many(insert_text(table, tuple(columns)), rows)

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        if len(rows) < 2:
            return self._run(sql, rows[0]).rowcount if rows else 0
        found = insert_of(sql)
        types = self._driver.types(found.table) if found else {}
        if found is None or not types.keys() >= set(found.columns):
            return self._each(query(sql), rows)
        # an upsert may not meet one row twice in a statement
        parts = waves(rows, [found.columns.index(name) for name in found.key])
        return sum(self._take(*unnested(found, types, part)).rowcount for part in parts)

    def close(self) -> None:
        self.connection.close()

    def _run(self, sql: str, args: Sequence[Any]) -> psycopg.Cursor[Any]:
        return self._take(query(sql), args)

    def _take(self, text: str, args: Sequence[Any]) -> psycopg.Cursor[Any]:
        try:
            return self._send(text, args)
        except psycopg.DataError as error:
            raise unfit(error) from None

    def _each(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        try:
            with self.connection.cursor() as cursor:
                cursor.executemany(cast("Any", text), rows)
                return cursor.rowcount
        except psycopg.DataError as error:
            raise unfit(error) from None

    def _send(self, text: str, args: Sequence[Any]) -> psycopg.Cursor[Any]:
        return self.connection.execute(cast("Any", text), args)


class PostgresReader(PostgresSession):
    """A connection that cannot write, and gives up when the thread's patience ends. One that broke is made anew: reading twice harms nothing."""

    def __init__(self, driver: "PostgresDriver") -> None:
        super().__init__(driver, driver.connect(reads=True))
        self._limit: float | None = None

    def _send(self, text: str, args: Sequence[Any]) -> psycopg.Cursor[Any]:
        try:
            return self._ask(text, args)
        except QueryCanceled:
            if self._limit is None:  # the server's owner has a limit too
                raise
            raise too_long() from None
        except psycopg.Error:
            if not self.connection.closed:
                raise
        self.connection, self._limit = self._driver.connect(reads=True, patience=PATIENCE), None
        return self._ask(text, args)

    def _ask(self, text: str, args: Sequence[Any]) -> psycopg.Cursor[Any]:
        seconds = patience()
        # a connection goes from thread to thread; in one, it is told anew only when much less is left
        if (seconds is None) != (self._limit is None) or (seconds and self._limit and not self._limit / 2 <= seconds <= self._limit):
            self.connection.execute("reset statement_timeout" if seconds is None else f"set statement_timeout = {max(1, round(seconds * 1000))}")
            self._limit = seconds
        with counted():
            return super()._send(text, args)


class PostgresWriter(PostgresSession):
    """The connection that writes. ``name`` marks its commits, so that one whose answer was lost is found again."""

    def __init__(self, driver: "PostgresDriver", name: str | None) -> None:
        self._name = name
        super().__init__(driver, driver.connect(name=name))
        self._patience = PATIENCE
        self._careful = 0
        self._marked = self._open = self._wrote = False

    def begin(self) -> None:
        self._open = self._wrote = False
        if not self.connection.closed:
            try:
                self._simple("begin")
            except psycopg.Error:  # it broke while it was idle: nothing was lost
                self.connection.close()
            else:
                return
        patience, self._patience = self._patience, 0.0  # while it cannot be reached, those who ask later are told at once
        self.connection = self._driver.connect(name=self._name, patience=patience)
        self._patience = PATIENCE
        self._simple("begin")

    def commit(self) -> None:
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            raise UsageError("a statement failed and its transaction went on", hint="let the error through, or ask before writing")
        token = new_id()
        mark = _MARK.format(name=self._name, token=token, at=clock.now()) + "; " if self._name else ""
        try:
            self._simple(f"{mark}commit")
        except psycopg.Error:
            if not self.connection.closed:
                raise
            self._settle(token)
        self._marked = bool(mark)
        self._careful = max(0, self._careful - 1)

    def rollback(self) -> None:
        try:
            if not self.connection.closed and self.connection.info.transaction_status != TransactionStatus.IDLE:
                self._simple("rollback")
        except psycopg.Error:  # the server undoes what a lost connection began
            self.connection.close()

    def savepoint(self) -> None:
        self._wrote = False
        if self._careful:
            # the last one's release goes with this one: half of the round trips
            self._simple("release item; savepoint item" if self._open else "savepoint item")
            self._open = True

    def release(self) -> None:
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            raise UsageError("a statement failed and its function went on", hint="let the error through, or ask before writing")

    def undo(self) -> None:
        if self._careful:
            self._simple("rollback to item")
        elif self._wrote or self.connection.info.transaction_status == TransactionStatus.INERROR:
            self._careful = _CAREFUL
            raise Undone

    def head(self) -> Row | None:
        return self.one("select size, peaks from tree for update", ())

    def lock(self, name: str) -> None:
        self._run("select pg_advisory_xact_lock(hashtextextended(?, 0))", (name,))

    def lock_table(self, name: str) -> None:
        self._run(f"lock table {name} in share row exclusive mode", ())

    def again(self, error: BaseException) -> bool:
        if isinstance(error, psycopg.Error):
            return self.connection.closed or error.sqlstate in _AGAIN
        return isinstance(error, Undone)

    def raced(self, error: BaseException) -> bool:
        return isinstance(error, UniqueViolation)

    def stopping(self, error: Exception) -> tuple[str, bool] | None:
        return _STOPPING.get(error.sqlstate or "") if isinstance(error, psycopg.Error) else None

    def told(self, error: BaseException) -> BaseException:
        if isinstance(error, UniqueViolation):
            row = f"{error.diag.table_name}: {error.diag.constraint_name}"
            return ConflictError(f"a row is there already ({row})", hint="read it first, or write it under another key")
        if isinstance(error, LockNotAvailable):
            return BusyError("another program keeps the ledger locked", hint="end that program's transaction, then run it again")
        if isinstance(error, psycopg.Error) and self.connection.closed:
            hint = "nothing of this was written; try again"
            return StoppedError(f"the connection to the database broke: {self._driver.hide(error)}", where=self._driver.url, hint=hint)
        return error

    def close(self) -> None:
        if self._marked and not self.connection.closed:
            with suppress(psycopg.Error):  # a row more is no harm
                self._simple(_FORGET.format(name=self._name))
        super().close()

    def _send(self, text: str, args: Sequence[Any]) -> psycopg.Cursor[Any]:
        self._wrote = self._wrote or not text.startswith("select")
        return super()._send(text, args)

    def _each(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        self._wrote = True
        return super()._each(text, rows)

    def _simple(self, text: str) -> None:
        """Statements without values, several of which may go together."""
        self.connection.execute(cast("Any", text), prepare=False)

    def _settle(self, token: str) -> None:
        """What became of a commit whose answer was lost. Undone if nothing did, StoppedError if that cannot be known."""
        try:
            if not self._name:
                raise StoppedError(_UNKNOWN)
            self.connection = self._driver.connect(name=self._name, patience=self._patience)
            own = (self._driver.label(self._name),)
            self.connection.execute(_END, own)
            left = self.connection.execute(_LEFT, own).fetchone()
            if left is None or left["n"]:
                raise StoppedError(_UNKNOWN)
            row = self.connection.execute("select answer from requests where project = '' and key = %s", (f"writer/{self._name}",)).fetchone()
        except (psycopg.Error, StoppedError):
            hint = "look whether it is there before you try again; what has a key of its own may simply be sent again"
            raise StoppedError(_UNKNOWN, where=self._driver.url, hint=hint) from None
        if row is None or row["answer"] != token:
            raise Undone


def unfit(error: psycopg.DataError) -> Exception:
    """A value that Postgres does not take, in our words."""
    if "NUL" in str(error):
        return UsageError("a text holds a NUL character, which the database cannot keep", hint="leave out the character with the number 0")
    if error.sqlstate == "22003":
        return OverflowError("a number does not fit into 64 bits")
    return error
