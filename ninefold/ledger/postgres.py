"""A ledger in Postgres: several processes, on several machines, may write at once. Only loaded where the URL names one.

Home, keys and roles lie where ``home`` says. A copy of such a ledger is an SQLite file, like a copy of any other.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

import psycopg

from ninefold.errors import HeldError, StoppedError, UsageError
from ninefold.ids import new_id
from ninefold.ledger import dialect
from ninefold.ledger.driver import REVISION
from ninefold.ledger.postgres_session import PostgresReader, PostgresWriter
from ninefold.ledger.postgres_types import adapt, rows
from ninefold.ledger.sqlite import schema, statements
from ninefold.secret import Secret
from ninefold.units import many

Connection = psycopg.Connection[Any]
NAME = "ninefold"  # by which the server's own list shows our connections
_CHANGING = 0x6E696E65  # the advisory lock of those who make or change the schema
_COLUMNS = """select c.relname as name, a.attname as column, format_type(a.atttypid, null) as type
from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped order by a.attnum"""
# stronger than "on" stays as the server's owner chose it; weaker is never used
_SAFE = """select set_config('synchronous_commit', 'on', false)
where current_setting('synchronous_commit') not in ('on', 'remote_apply')"""
_PASSWORD = re.compile(r"(://[^/@:]*):(?!\$\{[^}]*\}@).*@")
_BETWEEN = re.compile(r"://[^/@:]*:(.*)@")
_PARAMETER_VALUE = re.compile(r"[?&]password=([^&]*)")
_PARAMETER = re.compile(r"([?&]password=)[^&]*")
_OTHERS = """select coalesce(client_addr::text, 'this machine') as place from pg_stat_activity
where datname = current_database() and application_name like %s and pid <> pg_backend_pid()"""


class PostgresDriver:
    """The database at a URL, which may refer to secrets; ``url`` is what may be shown of it."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret
        self.url = shown(secret.shown)
        self._types: dict[str, dict[str, str]] = {}

    def writer(self, name: str | None = None) -> PostgresWriter:
        return PostgresWriter(self, name)

    def reader(self) -> PostgresReader:
        return PostgresReader(self)

    def label(self, name: str | None) -> str:
        """What the server's list of connections calls that of the writer ``name``."""
        return f"{NAME} {name}" if name else NAME

    def connect(self, *, name: str | None = None, reads: bool = False, patience: float = 0) -> Connection:
        """A connection; transactions are begun by hand. One that fails is tried again for ``patience`` seconds, less and less often."""
        deadline, wait = time.monotonic() + patience, 0.05
        while True:
            try:
                return self._connect(self.label(name), reads)
            except psycopg.OperationalError as error:
                if time.monotonic() + wait > deadline:
                    hint = "is the server up, and the URL of the ledger right?"
                    raise StoppedError(f"the database cannot be reached: {self.hide(error)}", where=self.url, hint=hint) from None
            time.sleep(wait)
            wait = min(wait * 2, 1.0)

    def _connect(self, label: str, reads: bool) -> Connection:
        try:
            connection: Connection = psycopg.connect(
                self._secret.value,
                autocommit=True,
                row_factory=rows,
                connect_timeout=10,
                application_name=label,
                client_encoding="utf8",
                keepalives_idle=30,
                prepare_threshold=2,
            )
        except psycopg.ProgrammingError:  # its words may hold pieces of a password
            hint = "write postgresql://USER:PASSWORD@HOST/DATABASE, with a password that has signs as %40 and the like"
            raise UsageError("the URL of the ledger is not understood", where=self.url, hint=hint) from None
        try:
            adapt(connection)
            connection.prepared_max = 500
            if reads:
                connection.execute("set default_transaction_read_only = on")
            else:
                connection.execute(_SAFE)
                # a process that was stopped must not hold the others for ever
                connection.execute("set lock_timeout = '10s'; set idle_in_transaction_session_timeout = '5min'")
        except BaseException:  # whatever it is, it goes on to the caller; nobody else would close it
            connection.close()
            raise
        return connection

    def hide(self, error: Exception) -> str:
        """The server's words without what the settings only refer to, and without the password."""
        text = self._secret.hide(str(error).strip())
        words = {word for pattern in (_BETWEEN, _PARAMETER_VALUE) for word in pattern.findall(self._secret.value)}
        for word in words | {unquote(word) for word in words} - {""}:
            text = text.replace(word, "***")
        return text

    def types(self, table: str) -> dict[str, str]:
        """The type of each column of a table; empty where there is none."""
        if table not in self._types:
            self._types = self.tables()
        return self._types.get(table, {})

    def tables(self) -> dict[str, dict[str, str]]:
        """Every table of the schema with the types of its columns."""
        found: dict[str, dict[str, str]] = {}
        with closing(self.connect(reads=True)) as connection:
            for row in connection.execute(_COLUMNS):
                found.setdefault(row["name"], {})[row["column"]] = row["type"]
        return found

    def revision(self) -> str | None:
        tables = self.tables()
        if not tables:
            return None
        if "alembic_version" not in tables or (len(tables) > 1 and "facts" not in tables):
            hint = "name an empty database, or a schema of its own: postgresql://…/DATABASE?options=-csearch_path%3DNAME"
            raise UsageError("this database belongs to another program", where=self.url, hint=hint)
        with closing(self.connect(reads=True)) as connection:
            row = connection.execute("select version_num from alembic_version").fetchone()
        return "" if row is None else str(row[0])

    def create(self) -> None:
        with self.changing() as connection:
            if self.revision() is not None:
                return
            for statement in definitions(schema()):
                connection.execute(cast("Any", statement))
            connection.execute("insert into alembic_version (version_num) values (%s)", (REVISION,))
            connection.execute("insert into tree (one, size, peaks) values (1, 0, '')")
            connection.execute("insert into meta (name, value) values ('origin', %s)", (f"ninefold/{new_id()}",))

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """A transaction of the only one who changes the schema."""
        with closing(self.connect()) as connection, connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", (_CHANGING,))
            yield connection

    def copy(self, to: Path) -> None:
        from ninefold.ledger.carry import save  # alone for backups

        save(self, to)

    def fill(self, path: Path) -> None:
        from ninefold.ledger.carry import load

        load(path, self)

    @contextmanager
    def upgrading(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        with closing(self.connect()) as connection:
            connection.execute("select pg_advisory_lock(%s)", (_CHANGING,))
            others = connection.execute(_OTHERS, (f"{NAME}%",)).fetchall()
            if others:
                where = ", ".join(sorted({str(row["place"]) for row in others}))
                raise HeldError(f"{many(len(others), 'connection')} of ninefold ({where}) use the ledger", where=self.url, hint="end them first")
            # an upgrade begins and ends its transactions itself
            yield "postgresql+psycopg", lambda: psycopg.connect(self._secret.value, application_name="upgrade", client_encoding="utf8")


def shown(url: str) -> str:
    """A URL without its password, also one whose signs are not written as they should be, or one that is a parameter.

    >>> shown("postgresql://me:a/b@c@db/x?password=s3cret"), shown("postgresql://me:${PASSWORD}@db/x")
    ('postgresql://me:***@db/x?password=***', 'postgresql://me:${PASSWORD}@db/x')
    """
    return _PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1:***@", url))


def definitions(text: str) -> Iterator[str]:
    """The statements of a text that makes tables, as Postgres reads them."""
    for statement in statements(text):
        yield from dialect.definition(statement)
