"""Group commit: what several threads ask for shares a transaction and an fsync, and each is answered after it with its own error.

There are two ways in. ``append`` takes rows that cannot conflict and merges them by table; ``write`` takes a function, run in
order in its own savepoint. Only a function given to ``Tx.after`` may change memory, and it runs after the commit. Facts get
their numbers when their function has succeeded, so that one that failed leaves no gap in the tree.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ninefold import clock, ids
from ninefold.errors import BusyError, StoppedError, UsageError
from ninefold.ledger.driver import Driver, Row, WriteSession
from ninefold.ledger.fact import Draft, draft, encode
from ninefold.ledger.tree import Tree, leaf_hash

if TYPE_CHECKING:
    import asyncio  # a command that writes has no event loop, and does not load one

_TRIES = 10  # so often a group runs that other processes' transactions undo, and a request that another one was quicker than
LINE = 2000  # so many requests wait at most; who waits for an answer itself is one of few, and may always stand behind them
GROUP = 1000  # at most so many requests share a transaction, so that none waits for ever
_FACT_COLUMNS = ("seq", "at", "kind", "subject", "run", "key", "content")
_log = logging.getLogger("ninefold.ledger")


class Tx:
    """What a function given to ``Ledger.write`` may do. It must not be kept: it ends with the function."""

    __slots__ = ("_actor", "_after", "_drafts", "_group")

    def __init__(self, group: "Group", actor: str) -> None:
        self._group, self._actor = group, actor
        self._drafts: list[Draft] = []
        self._after: list[Callable[[], None]] = []

    def one(self, sql: str, *args: Any) -> Row | None:
        """The first row, or None. It sees what this and earlier functions wrote; its own facts come after it."""
        return self._group.session(sql).one(sql, args)

    def all(self, sql: str, *args: Any) -> list[Row]:
        """All rows."""
        return self._group.session(sql).all(sql, args)

    def execute(self, sql: str, *args: Any) -> int:
        """How many rows a statement changed."""
        return self._group.session(sql).execute(sql, args)

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        """One statement for many rows of parameters; how many rows it changed."""
        return self._group.session(sql).many(sql, rows) if rows else 0

    def add(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Inserts rows, all with the same columns. A row that is there already is an error."""
        if rows:
            columns = tuple(rows[0])
            self._group.session("").insert(table, columns, [[row[name] for name in columns] for row in rows])

    def lock(self, name: str) -> None:
        """Keeps other processes that ask for the same name waiting until this transaction ends, where they write at the same time.

        For a function that writes what follows from what it read, such as the next number of a version.
        """
        self._group.session("").lock(name)

    def fact(
        self,
        kind: str,
        subject: str,
        body: dict[str, Any] | None = None,
        *,
        run: str | None = None,
        key: str | None = None,
        actor: str | None = None,
        at: int | None = None,
    ) -> None:
        """Says what happened. Its number is given when this function has succeeded."""
        self._drafts.append(draft(ids.new_id(), clock.now() if at is None else at, kind, subject, actor or self._actor, run, key, body))

    def after(self, fn: Callable[[], None]) -> None:
        """Calls ``fn`` after the commit and before the answer, in the writer's thread: the place to change memory."""
        self._after.append(fn)


class Request:
    """One thing asked of the writer, and the future of its answer. ``contents`` are the stored bytes of its facts.

    ``awaited`` is the future of an event loop that waits instead.
    """

    __slots__ = ("after", "awaited", "contents", "error", "fn", "future", "result", "rows")

    def __init__(
        self,
        fn: Callable[[Tx], Any] | None,
        rows: tuple[str, tuple[str, ...], Sequence[Sequence[Any]]] | None = None,
        awaited: "asyncio.Future[Any] | None" = None,
    ) -> None:
        self.fn, self.rows, self.awaited = fn, rows, awaited
        self.future: Future[Any] | None = Future() if awaited is None else None
        self.contents: list[bytes] = []
        self.after: list[Callable[[], None]] = []
        self.error: BaseException | None = None
        self.result: Any = None

    def forget(self) -> None:
        """As it was before its transaction, which did nothing."""
        self.contents, self.after, self.error, self.result = [], [], None, None


class Group:
    """One transaction and the requests that share it."""

    def __init__(self, session: WriteSession, actor: str) -> None:
        self._session, self._actor = session, actor
        self._tree: Tree | None = None
        self._pending: list[tuple[Request, Draft]] = []

    def session(self, sql: str) -> WriteSession:
        """The session to read from; facts of earlier requests are stored first where the statement may look at them."""
        if self._pending and "facts" in sql:
            self._number()
        return self._session

    def run(self, requests: Sequence[Request]) -> None:
        """Everything asked for, then the rows to append; what one request does wrong is undone and becomes its own error."""
        appends: dict[tuple[str, tuple[str, ...]], list[Request]] = {}
        for request in requests:
            if request.rows is not None:
                appends.setdefault(request.rows[:2], []).append(request)
            else:
                self._one(request)
        for (table, columns), merged in appends.items():
            self._append(table, columns, merged)
        self._number()
        if self._tree is not None:
            peaks = "".join(peak.hex() for peak in self._tree.peaks)
            self._session.execute("update tree set size = ?, peaks = ?", (self._tree.size, peaks))

    def _one(self, request: Request) -> None:
        assert request.fn is not None
        for attempt in range(_TRIES):
            tx = Tx(self, self._actor)
            self._session.savepoint()
            try:
                request.result = request.fn(tx)
                self._session.release()
                break
            except BaseException as error:  # whatever it is, it belongs to who asked
                if isinstance(error, Exception) and (self._session.stopping(error) or self._session.again(error)):
                    raise
                self._session.undo()
                if not self._session.raced(error) or attempt == _TRIES - 1:
                    request.error = error
                    return
        request.after = tx._after  # noqa: SLF001  the other half of the same mechanism
        self._pending.extend((request, said) for said in tx._drafts)  # noqa: SLF001

    def _append(self, table: str, columns: tuple[str, ...], requests: list[Request]) -> None:
        """All rows in one statement; if that fails, request by request, to find whose error it is."""
        rows = [row for request in requests if request.rows is not None for row in request.rows[2]]
        self._session.savepoint()
        try:
            self._session.insert(table, columns, rows)
            self._session.release()
        except Exception as error:  # whatever a row is refused for belongs to who gave it
            if self._session.stopping(error) or self._session.again(error):
                raise
            self._session.undo()
            if len(requests) == 1:
                requests[0].error = error
            else:
                for request in requests:
                    self._append(table, columns, [request])

    def _number(self) -> None:
        """Gives pending facts their numbers and places in the tree, which is ours from here on: as late as can be."""
        if not self._pending:
            return
        if self._tree is None:
            self._tree = tree_of(self._session.head())
        rows = []
        for request, said in self._pending:
            content = encode(self._tree.size + 1, said)
            self._tree.add(leaf_hash(content))
            request.contents.append(content)
            rows.append((self._tree.size, said.at, said.kind, said.subject, said.run, said.key, content.decode()))
        self._pending.clear()
        self._session.insert("facts", _FACT_COLUMNS, rows)


def read_tree(session: Any) -> Tree:
    """The tree's state as committed (or as this transaction sees it)."""
    return tree_of(session.one("select size, peaks from tree", ()))


def tree_of(row: Row | None) -> Tree:
    """The tree whose state a row holds; an empty one without a row."""
    if row is None:
        return Tree()
    peaks = bytes.fromhex(row["peaks"])
    return Tree(row["size"], [peaks[i : i + 32] for i in range(0, len(peaks), 32)])


class Writer:
    """The one thread of a process that writes. It starts with the first request and ends with ``close``.

    ``sign`` is called in this thread after facts were written, at most once a second.
    """

    def __init__(self, driver: Driver, actor: str, sign: Callable[[], object]) -> None:
        self._driver, self._actor, self._sign_now = driver, actor, sign
        self._name = ids.new_id()
        self._waiting: deque[Request] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._pid = os.getpid()
        self._unsigned = False
        self.stopped: str | None = None

    def put(self, request: Request, *, waits: bool = True) -> Request:
        """Queues a request. StoppedError if the ledger takes no writes any more.

        BusyError where too many stand in line and who asks does not wait (``waits``): memory would grow without end.
        """
        if self._pid != os.getpid():
            raise UsageError("a ledger does not survive a fork", hint="open it again in the new process")
        if self.stopped:
            raise StoppedError(f"the ledger is read-only: {self.stopped}", hint="see to the disk, then start again; what was acknowledged is safe")
        with self._wake:
            if self._closing:
                raise UsageError("the ledger is closed", hint="open it again")
            if not waits and len(self._waiting) >= LINE:
                raise BusyError("too many writes wait for the ledger", hint="try again in a moment; nothing of this was written")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ninefold-ledger", daemon=True)
                self._thread.start()
            self._waiting.append(request)
            if len(self._waiting) == 1:
                self._wake.notify()
        return request

    @property
    def used(self) -> bool:
        """Whether anything was written by this process."""
        return self._thread is not None

    def result(self, request: Request) -> Any:
        """Waits for the answer. In the writer's own thread that would be for ever, so it is an error."""
        if threading.current_thread() is self._thread:
            raise UsageError("a function inside a ledger transaction asked for another one", hint="use the Tx that it was given")
        assert request.future is not None
        return request.future.result()

    def close(self) -> None:
        """Finishes what was asked for, then ends the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is not None and self._pid == os.getpid() and threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        session: WriteSession | None = None
        last = time.monotonic()
        while requests := self._next(last):
            try:
                if session is None:
                    session = self._driver.writer(self._name)
                self._commit(session, requests)
            except Exception as error:  # whatever it is belongs to those who asked, and the thread must go on
                failure = self._failure(session, error)
                _answer([(request, failure) for request in requests])
            if time.monotonic() - last >= 1 and self._unsigned:
                last = self._sign()
        if session is not None:
            session.close()

    def _next(self, last: float) -> list[Request]:
        """What to do next, all of it at once; empty at the end."""
        while True:
            with self._wake:
                if not self._waiting and not self._closing:
                    self._wake.wait(max(0.01, last + 1 - time.monotonic()) if self._unsigned else None)
                if self._waiting:
                    return [self._waiting.popleft() for _ in range(min(GROUP, len(self._waiting)))]
                if self._closing:
                    return []
            if self._unsigned and time.monotonic() - last >= 1:
                last = self._sign()

    def _sign(self) -> float:
        self._unsigned = False
        try:
            self._sign_now()
        except Exception as error:  # whatever it is, the thread must go on; facts stand without it, the next signature covers them too
            _log.warning("the ledger's checkpoint could not be signed: %s", error)
        return time.monotonic()

    def _commit(self, session: WriteSession, requests: list[Request]) -> None:
        for attempt in range(_TRIES):
            session.begin()
            try:
                Group(session, self._actor).run(requests)
                session.commit()
                break
            except BaseException as error:
                session.rollback()
                if attempt == _TRIES - 1 or not session.again(error):
                    raise
                _log.info("a group of %d writes runs again: %s", len(requests), error or type(error).__name__)
                for request in requests:
                    request.forget()
        told = []
        for request in requests:
            self._unsigned = self._unsigned or bool(request.contents)
            wrong = _finished(request)
            told.append((request, None if wrong is None else session.told(wrong)))
        _answer(told)

    def _failure(self, session: WriteSession | None, error: Exception) -> BaseException:
        reason = session.stopping(error) if session else None
        if reason is None:
            return session.told(error) if session else error
        text, final = reason
        if final:
            self.stopped = text
            _log.critical("the ledger stopped taking writes: %s", text)
        return not_written(text, final)


def _finished(request: Request) -> BaseException | None:
    """What is to be done after the commit; what was wrong, if anything was."""
    if request.error is None:
        try:
            for fn in request.after:
                fn()
        except Exception as error:  # the rows are written; who asked is told what failed after it
            return error
    return request.error


def _answer(told: Sequence[tuple[Request, BaseException | None]]) -> None:
    """Everybody is answered; those that wait in an event loop together."""
    looping = []
    for request, error in told:
        if request.awaited is not None:
            looping.append((request.awaited, request.result, error))
            continue
        assert request.future is not None
        # a future that was cancelled takes no answer
        with suppress(InvalidStateError):
            if error is None:
                request.future.set_result(request.result)
            else:
                request.future.set_exception(error)
    if looping:
        from ninefold.ledger.answers import tell  # where somebody waits there, the event loop is loaded

        tell(looping)


def not_written(text: str, final: bool) -> StoppedError:
    """What is told of a write that the disk did not take."""
    hint = "see to the disk, then start again" if final else "free some space and try again"
    return StoppedError(f"the ledger was not written: {text}", hint=f"{hint}; all that was acknowledged is there")
