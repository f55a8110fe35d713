"""The tables of a database of MLflow, read with its own driver: which of them and of their columns exist is asked, not assumed."""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from ninefold.errors import NotFoundError, UsageError
from ninefold.secret import without_password

_PIECE = 5_000
_HINT = "name its URL as MLflow's --backend-store-uri has it: sqlite:///mlflow.db, postgresql://user@host/name"


class Tables(Protocol):
    """A database that is only read."""

    name: str

    def stream(self, sql: str, args: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query; marks are ``?``."""
        ...

    def columns(self, table: str) -> frozenset[str]:
        """The columns of a table, none where there is no such table."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class SQLiteTables:
    """A file of SQLite, opened so that it cannot be written."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise NotFoundError(f"there is no file {path}", hint=_HINT)
        self.name = f"sqlite:///{path.resolve()}"
        self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=20)
        self._connection.text_factory = lambda data: data.decode("utf-8", "replace")

    def stream(self, sql: str, args: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        with _telling(self.name):
            cursor = self._connection.execute(sql, args)
            while rows := cursor.fetchmany(_PIECE):
                yield from rows

    @cache
    def columns(self, table: str) -> frozenset[str]:
        return frozenset(row[0] for row in self.stream("select name from pragma_table_info(?)", (table,)))

    def close(self) -> None:
        self._connection.close()


class PostgresTables:
    """A database of Postgres, read in one transaction that sees one state of it."""

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ModuleNotFoundError:
            raise UsageError("reading Postgres needs its driver", hint="pip install 'ninefold[postgres]'") from None
        self.name, self._error = without_password(url), psycopg.Error
        try:
            self._connection = psycopg.connect(url, connect_timeout=20)
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._connection.read_only = True
        except psycopg.Error as error:
            raise NotFoundError(f"the database cannot be reached ({_first(error)})", where=self.name, hint=_HINT) from None

    def stream(self, sql: str, args: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            with self._connection.cursor("import") as cursor:  # named: the server keeps the rows and sends them in pieces
                cursor.itersize = _PIECE
                cursor.execute(sql.replace("?", "%s").encode(), args)
                yield from cursor
        except self._error as error:
            raise UsageError(f"the database refused to be read ({_first(error)})", where=self.name, hint=_HINT) from None

    @cache
    def columns(self, table: str) -> frozenset[str]:
        found = self.stream("select column_name from information_schema.columns where table_schema = current_schema() and table_name = ?", (table,))
        return frozenset(row[0] for row in found)

    def close(self) -> None:
        self._connection.close()


class _telling:  # noqa: N801  a context manager is called like a function
    """What SQLite says of a foreign file, in our words."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.DatabaseError):
            raise UsageError(f"it cannot be read ({error})", where=self._name, hint=_HINT) from None


def open_tables(url: str) -> Tables:
    """The database at a URL. UsageError for one that is no database of MLflow, or of a kind that is not read."""
    kind = urlsplit(url).scheme.partition("+")[0]
    if kind == "sqlite":
        path = unquote(url.partition("://")[2].partition("?")[0])
        tables: Tables = SQLiteTables(Path(path[1:]))
    elif kind in {"postgresql", "postgres"}:
        tables = PostgresTables("postgresql" + url[url.index("://") :])
    else:
        hint = "start `mlflow server --backend-store-uri` on it and give that server's address: ninefold import mlflow http://127.0.0.1:5000"
        raise UsageError(f"a database of {kind or 'that kind'} is not read directly", hint=hint)
    if not {"run_uuid", "experiment_id"} <= tables.columns("runs"):
        tables.close()
        raise UsageError("it is no database of MLflow: it has no table of runs", where=tables.name, hint=_HINT)
    return tables


def _first(error: Exception) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0][:200]
