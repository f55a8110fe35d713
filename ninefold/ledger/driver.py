"""What a database must offer to carry a ledger, and how one is chosen by its URL."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from ninefold.errors import UsageError
from ninefold.secret import resolve

REVISION = "0003"  # of schema.sql: the newest of migrations/versions


class Row(Protocol):
    """One row of a result: values by column name or by position."""

    def __getitem__(self, key: str | int, /) -> Any: ...
    def keys(self) -> list[str]: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __len__(self) -> int: ...


class Session(Protocol):
    """One connection. Parameters are written ``?``, and the driver turns them into its own."""

    def one(self, sql: str, args: Sequence[Any]) -> Row | None:
        """The first row, or None."""
        ...

    def all(self, sql: str, args: Sequence[Any]) -> list[Row]:
        """All rows."""
        ...

    def execute(self, sql: str, args: Sequence[Any]) -> int:
        """How many rows a statement changed."""
        ...

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        """One statement for many rows of parameters, all of one length; how many rows it changed. Meant for ``insert … values``."""
        ...

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Many rows at once. Unlike an upsert in one statement, a conflict is an error."""
        ...

    def close(self) -> None: ...


class WriteSession(Session, Protocol):
    """The one connection of a process that writes. Commit means: on disk."""

    def begin(self) -> None:
        """Begins a transaction as the only writer, waiting for one's turn."""
        ...

    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def savepoint(self) -> None: ...
    def release(self) -> None: ...
    def undo(self) -> None:
        """Back to the savepoint, which is gone after it."""
        ...

    def head(self) -> Row | None:
        """The state of the tree, which no other process changes before this transaction ends."""
        ...

    def lock(self, name: str) -> None:
        """Waits until no other process's transaction has this name, and keeps it until this one ends."""
        ...

    def lock_table(self, name: str) -> None:
        """Waits until no other process's transaction has written to this table, and lets none write there until this one ends."""
        ...

    def again(self, error: BaseException) -> bool:
        """Whether an error means that the transaction did nothing, and may be tried again as a whole."""
        ...

    def raced(self, error: BaseException) -> bool:
        """Whether another process may have been quicker since a function looked, so that it should look again."""
        ...

    def told(self, error: BaseException) -> BaseException:
        """The database's error in our words; any other as it is."""
        ...

    def stopping(self, error: Exception) -> tuple[str, bool] | None:
        """Why an error means that the store takes no writes, and whether for good; None for an error of the statement itself."""
        ...


class Driver(Protocol):
    """A database: opens sessions, knows what changed, copies itself."""

    url: str

    def writer(self, name: str | None = None) -> WriteSession:
        """A session that writes. With a ``name`` of its own, a commit whose answer was lost on the way is found again."""
        ...

    def reader(self) -> Session: ...
    def revision(self) -> str | None:
        """The revision of the schema that the database has: empty text before the first one, None where there is no database."""
        ...

    def create(self) -> None:
        """Makes the newest schema in an empty database, whole or not at all; nothing if another process was quicker."""
        ...

    def copy(self, to: Path) -> None:
        """A consistent copy in an SQLite file, while others read and write."""
        ...

    def fill(self, path: Path) -> None:
        """Fills the database, which must be empty, from such a copy: whole or not at all."""
        ...

    def upgrading(self) -> AbstractContextManager[tuple[str, Callable[[], Any]]]:
        """While it is open nobody else changes the schema: SQLAlchemy's name of the dialect, and a maker of connections."""
        ...


def driver_of(url: str, home: Path | None = None) -> tuple[Driver, Path]:
    """The driver that a URL names, and the home directory (by default where an SQLite file lies).

    The URL may refer to secrets: ``env:NAME``, ``${NAME}``.
    """
    secret = resolve(url)
    scheme, _, rest = secret.value.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1 and not rest.endswith("/"):
        from ninefold.ledger.sqlite import SQLiteDriver  # not loaded where another database is used

        path = Path(rest[1:]).absolute()
        home = (home or path.parent).absolute()
        return SQLiteDriver(path, home / "locks"), home
    if scheme in {"postgresql", "postgres"}:
        if home is None:
            raise UsageError("a ledger in Postgres needs a home beside it, for keys and locks", where=secret.shown, hint="give home=PATH")
        try:
            from ninefold.ledger.postgres import PostgresDriver  # 0.2 s, paid only where the ledger lies there
        except ModuleNotFoundError as missing:
            raise UsageError(f"a ledger in Postgres needs {missing.name}", hint='pip install "ninefold[postgres]"') from None
        return PostgresDriver(secret), home.absolute()
    hint = "write sqlite:///PATH, such as sqlite:///.ninefold/ledger.db, or postgresql://USER@HOST/DATABASE"
    raise UsageError(f'the URL of the ledger is "{secret.shown}"', hint=hint)
