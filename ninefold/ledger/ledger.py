"""The ledger: facts in an order that cannot be edited unseen, and the record tables written in the same transactions."""

import getpass
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ninefold import clock
from ninefold.errors import ConflictError, CorruptError, NinefoldError, StoppedError
from ninefold.ledger.checkpoint import Anchor, AnchorFile, Checkpoint, Signer, anchor_folder, key_id
from ninefold.ledger.driver import REVISION, Driver, Row, driver_of
from ninefold.ledger.export import export
from ninefold.ledger.fact import RENAMED, Fact, decode
from ninefold.ledger.group import Request, Tx, read_tree
from ninefold.ledger.readers import Readers
from ninefold.ledger.tree import Tree
from ninefold.ledger.verify import Report, verify
from ninefold.ledger.writer import Writer, not_written

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")
_SIGNER = "insert into signers (id, public, since) values (?, ?, ?) on conflict do nothing"
_CHECKPOINT = "insert into checkpoints (size, root, at, signer, note) values (?, ?, ?, ?, ?) on conflict do nothing"
_log = logging.getLogger("ninefold.ledger")
_OLDER = "select content from facts where kind = ? and subject = ? order by seq desc limit 1"


class Ledger:
    """Facts and records in one database. Thread-safe; several processes may have it open. Not to be used across a fork.

    >>> import tempfile; folder = tempfile.mkdtemp()
    >>> with Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=Path(folder)) as ledger:
    ...     fact = ledger.record("table.written", "flights/table/departures@1", {"rows": 3})
    ...     (fact.seq, ledger.last("table.written", "flights/table/departures@1") == fact, ledger.verify().ok)
    (1, True, True)
    """

    def __init__(self, driver: Driver, home: Path, actor: str, anchors: Path | None) -> None:
        self.driver, self.home, self.actor = driver, home, actor
        self._anchors = anchors or anchor_folder()
        self._readers = Readers(driver)
        self._writer = Writer(driver, actor, self.checkpoint)
        self._signing = threading.Lock()
        self._origin: str | None = None
        self._closed = False

    @classmethod
    def open(cls, url: str, *, home: Path | None = None, actor: str | None = None, anchors: Path | None = None) -> "Ledger":
        """The ledger at a URL (``sqlite:///PATH``, ``postgresql://HOST/DATABASE``), made if it is not there.

        ``home`` is where keys and locks lie (default: beside the file; Postgres needs one), ``actor`` who is said to act (default: the user),
        ``anchors`` the folder for copies of the checkpoints (default: outside the home, in the user's state directory).
        ConflictError if its schema is older or newer than this ninefold's, CorruptError if it is damaged.
        """
        driver, home = driver_of(url, home)
        revision = driver.revision()
        if revision is None:
            if (home / "keys" / "ledger.key").exists():
                hint = f"bring back a backup: ninefold restore; or remove {home / 'keys'} to begin a new ledger"
                raise CorruptError("the ledger is gone: this home has signed facts before, but there is none now", where=driver.url, hint=hint)
            driver.create()
            revision = driver.revision()
        if revision != REVISION:
            older = (revision or "") < REVISION
            hint = "run: ninefold upgrade (it makes a backup first)" if older else "use the ninefold that wrote it, or a newer one"
            raise ConflictError(f"the ledger has schema {revision}, this ninefold works with {REVISION}", where=driver.url, hint=hint)
        return cls(driver, home, actor or _user(), anchors)

    # writing

    def write(self, fn: Callable[[Tx], T]) -> T:
        """Runs ``fn`` in a transaction, shared with others, and returns its result when all of it is on disk.

        Its errors are its own: they undo only what it did. StoppedError if the disk is full or has failed. Where several
        servers share a Postgres, what is lost to another one runs again: ``fn`` changes nothing but by its ``Tx``.
        """
        result: T = self._writer.result(self._writer.put(Request(fn)))
        return result

    def submit(self, fn: Callable[[Tx], T]) -> "Future[T]":
        """Like ``write``, without waiting: the future has the result, or the error, when it is on disk. BusyError where too much waits already."""
        return _future(self._writer.put(Request(fn), waits=False))

    def awaited(self, fn: Callable[[Tx], T]) -> "asyncio.Future[T]":
        """Like ``submit``, to be awaited in an event loop, which one commit wakes once for all that wait for it there."""
        import asyncio  # where somebody awaits there is a loop; a command that writes loads none

        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writer.put(Request(fn, awaited=future), waits=False)
        return future

    def append(self, table: str, rows: Sequence[Mapping[str, Any]]) -> "Future[None]":
        """Adds rows that cannot conflict (all with the same columns), merged with those of others; the future says when they are on disk.

        BusyError where too much waits already.
        """
        if not rows:
            done: Future[None] = Future()
            done.set_result(None)
            return done
        columns = tuple(rows[0])
        values = [[row[name] for name in columns] for row in rows]
        return _future(self._writer.put(Request(None, (table, columns, values)), waits=False))

    def record(
        self,
        kind: str,
        subject: str,
        body: dict[str, Any] | None = None,
        *,
        run: str | None = None,
        key: str | None = None,
        actor: str | None = None,
        at: int | None = None,
    ) -> Fact:
        """One fact alone, on disk when it returns."""
        request = Request(lambda tx: tx.fact(kind, subject, body, run=run, key=key, actor=actor, at=at))
        self._writer.result(self._writer.put(request))
        return decode(request.said[0])

    # reading

    def one(self, sql: str, *args: Any) -> Row | None:
        """The first row of a query, or None. It sees everything acknowledged, by any process."""
        with self._readers.session() as session:
            return session.one(sql, args)

    def all(self, sql: str, *args: Any) -> list[Row]:
        """All rows of a query."""
        with self._readers.session() as session:
            return session.all(sql, args)

    def facts(
        self,
        *,
        after: int = 0,
        kind: str | Sequence[str] | None = None,
        subject: str | None = None,
        prefix: str | None = None,
        run: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> list[Fact]:
        """Facts with ``seq > after``, of one kind or several, of one subject or all that begin with ``prefix``, in order.

        Where a fact says that a thing was renamed, those of its older names count as well.
        """
        where, args = ["seq > ?"], [after]  # type: tuple[list[str], list[Any]]
        if kind is not None:
            kinds = [kind] if isinstance(kind, str) else list(kind)
            where.append(f"kind in ({', '.join('?' * len(kinds))})")
            args += kinds
        if subject is not None:
            names = self._names(subject)
            where.append(f"subject in ({', '.join('?' * len(names))})")
            args += names
        if prefix:
            names = self._names(prefix)
            where.append("(" + " or ".join(["subject >= ? and subject < ?"] * len(names)) + ")")
            args += [bound for name in names for bound in (name, name + "\U0010ffff")]
        if run is not None:
            where.append("run = ?")
            args.append(run)
        order = "desc" if newest_first else "asc"
        if limit is not None:
            args.append(int(limit))
        tail = "" if limit is None else " limit ?"
        rows = self.all(f"select content from facts where {' and '.join(where)} order by seq {order}{tail}", *args)
        return [decode(row["content"]) for row in rows]

    def _names(self, subject: str) -> list[str]:
        """A subject, and what it was called before: ``flights/model/guess@2``, ``flights/model/forecast@2``."""
        project, _, rest = subject.partition("/")
        noun, _, thing = rest.partition("/")
        end = min((thing.index(c) for c in "@/" if c in thing), default=len(thing))
        name, tail, names = thing[:end], thing[end:], list[str]()
        # a name may come back: what was renamed there and back again has the same names for ever
        while name and name not in names:
            names.append(name)
            row = self.one(_OLDER, RENAMED, f"{project}/{noun}/{name}")
            name = "" if row is None else decode(row["content"]).body["from"]
        return [f"{project}/{noun}/{name}{tail}" for name in names] or [subject]

    def last(self, kind: str, subject: str) -> Fact | None:
        """The newest fact of that kind and subject."""
        found = self.facts(kind=kind, subject=subject, newest_first=True, limit=1)
        return found[0] if found else None

    def head(self) -> int:
        """The number of the newest fact, 0 if there is none. It costs microseconds, so it may be polled."""
        row = self.one("select size from tree")
        return 0 if row is None else int(row["size"])

    def watch(self, after: int = 0, *, every: float = 0.05, timeout: float | None = None) -> Iterator[int]:
        """Yields the head's number whenever there are newer facts than ``after``, by any process; ends after ``timeout`` seconds without."""
        since = time.monotonic()
        while timeout is None or time.monotonic() - since < timeout:
            head = self.head()
            if head > after:
                after, since = head, time.monotonic()
                yield head
            else:
                time.sleep(every)

    # proof

    @property
    def origin(self) -> str:
        """The name of this ledger in its checkpoints: it never changes, also not in a restored copy."""
        if self._origin is None:
            row = self.one("select value from meta where name = 'origin'")
            if row is None:
                raise CorruptError("the ledger has lost its name", where=self.driver.url, hint="run: ninefold doctor")
            self._origin = str(row["value"])
        return self._origin

    @property
    def anchor(self) -> AnchorFile:
        """Where copies of the checkpoints go."""
        return AnchorFile(self._anchors / (self.origin.replace("/", "-") + ".jsonl"))

    def tree(self) -> Tree:
        """The state of the tree as committed."""
        with self._readers.session() as session:
            return read_tree(session)

    def checkpoint(self) -> Checkpoint | None:
        """Signs the tree as it is now, keeps the note, and anchors it elsewhere; None where there is nothing new."""
        with self._signing:
            tree = self.tree()
            row = self.one("select max(size) as size from checkpoints")
            if tree.size == 0 or (row is not None and row["size"] is not None and row["size"] >= tree.size):
                return None
            origin, signer = self.origin, Signer(self.home / "keys")
            said = Checkpoint(origin, tree.size, tree.root())
            note, public, at = signer.sign(said), signer.public(), clock.now()
            name = key_id(origin, public).hex()
            with closing(self.driver.writer()) as session:
                try:
                    session.begin()
                    session.execute(_SIGNER, (name, public.hex(), said.size))
                    session.execute(_CHECKPOINT, (said.size, said.root.hex(), at, name, note))
                    session.commit()
                except BaseException as error:  # also Ctrl-C: the transaction is undone first, then it goes on to the caller
                    session.rollback()
                    reason = session.stopping(error) if isinstance(error, Exception) else None
                    raise (not_written(*reason) if reason else session.told(error)) from None
            self._anchor(Anchor(at, said.size, said.root.hex(), note, public.hex()))
            return said

    def verify(self) -> Report:
        """Checks every fact against the tree, every checkpoint's signature, and every anchor. Nothing is changed."""
        return verify(self)

    def export(self, folder: Path) -> Path:
        """Writes all facts and proofs, with a verifier that needs nothing but Python, into a new folder."""
        self.checkpoint()
        return export(self, folder)

    @property
    def closed(self) -> bool:
        """Whether it takes and gives nothing any more."""
        return self._closed

    def close(self) -> None:
        """Finishes what was asked for and, if this process wrote facts, signs them. It is no error to do it twice."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        try:
            if self._writer.used and not self._writer.stopped:
                self.checkpoint()
        except (NinefoldError, OSError) as error:  # facts stand without it; the next signature covers them too
            _log.warning("the ledger's checkpoint could not be signed: %s", error)
        finally:
            self._readers.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # inside

    def _anchor(self, anchor: Anchor) -> None:
        try:
            self.anchor.add(anchor)
        except (OSError, StoppedError) as error:
            # a read-only home directory must not stop the work; verify says that nothing outside vouches for the end
            _log.warning("the checkpoint of size %d was not anchored in %s: %s", anchor.size, self._anchors, error)


def _future(request: Request) -> "Future[Any]":
    assert request.future is not None
    return request.future


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
