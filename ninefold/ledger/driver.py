"""What a database must offer to carry a ledger, and how one is chosen by its URL."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from ninefold.errors import NotYetError, UsageError

REVISION = "0002"  # of schema.sql: the newest of migrations/versions


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

    def stopping(self, error: Exception) -> tuple[str, bool] | None:
        """Why an error means that the store takes no writes, and whether for good; None for an error of the statement itself."""
        ...


class Driver(Protocol):
    """A database: opens sessions, knows what changed, copies itself."""

    url: str

    def writer(self) -> WriteSession: ...
    def reader(self) -> Session: ...
    def revision(self) -> str | None:
        """The revision of the schema that the database has: empty text before the first one, None where there is no database."""
        ...

    def create(self) -> None:
        """Makes the newest schema in an empty database, whole or not at all; nothing if another process was quicker."""
        ...

    def copy(self, to: Path) -> None:
        """A consistent copy, while others read and write."""
        ...


def driver_of(url: str, home: Path | None = None) -> tuple[Driver, Path]:
    """The driver that a URL names, and the home directory (by default where an SQLite file lies)."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1 and not rest.endswith("/"):
        from ninefold.ledger.sqlite import SQLiteDriver  # not loaded where another database is used

        path = Path(rest[1:]).absolute()
        home = (home or path.parent).absolute()
        return SQLiteDriver(path, home / "locks"), home
    if scheme in {"postgresql", "postgres"}:
        raise NotYetError("this release cannot keep its ledger in Postgres yet", hint="use sqlite:///PATH")
    raise UsageError(f'the URL of the ledger is "{url}"', hint="write sqlite:///PATH, such as sqlite:///.ninefold/ledger.db")
