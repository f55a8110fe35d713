"""One transaction for several requests: each in its own savepoint with its own error, the rows to append merged, the facts numbered last.

Facts get their numbers when their function has succeeded, so that one that failed leaves no gap in the tree. Only a function
given to ``Tx.after`` may change memory, and it runs after the commit.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from ninefold import clock, ids
from ninefold.ledger.driver import Row, WriteSession
from ninefold.ledger.fact import Draft, draft, encode
from ninefold.ledger.tree import Tree, leaf_hash

if TYPE_CHECKING:
    import asyncio  # a command that writes has no event loop, and does not load one

TRIES = 10  # so often a group runs that other processes' transactions undo, and a request that another one was quicker than
_FACT_COLUMNS = ("seq", "at", "kind", "subject", "run", "key", "content")


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

    def lock_table(self, name: str) -> None:
        """Lets no other process write to a table until this transaction ends, where they write at the same time.

        For a function that removes what is named nowhere, while others may be about to name it.
        """
        self._group.session("").lock_table(name)

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
    """One thing asked of the writer, and the future of its answer. ``said`` are the stored bytes of its facts.

    ``awaited`` is the future of an event loop that waits instead.
    """

    __slots__ = ("after", "awaited", "error", "fn", "future", "result", "rows", "said")

    def __init__(
        self,
        fn: Callable[[Tx], Any] | None,
        rows: tuple[str, tuple[str, ...], Sequence[Sequence[Any]]] | None = None,
        awaited: "asyncio.Future[Any] | None" = None,
    ) -> None:
        self.fn, self.rows, self.awaited = fn, rows, awaited
        self.future: Future[Any] | None = Future() if awaited is None else None
        self.said: list[bytes] = []
        self.after: list[Callable[[], None]] = []
        self.error: BaseException | None = None
        self.result: Any = None

    def forget(self) -> None:
        """As it was before its transaction, which did nothing."""
        self.said, self.after, self.error, self.result = [], [], None, None


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
        for attempt in range(TRIES):
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
                if not self._session.raced(error) or attempt == TRIES - 1:
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
            request.said.append(content)
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
