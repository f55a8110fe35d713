"""Connections for reading, lent to one thread at a time and kept for the next."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ninefold.errors import UsageError
from ninefold.ledger.driver import Driver, Session

KEPT = 8  # idle connections beyond these are closed


class Readers:
    """As many connections as threads read at once. They see every commit, by any process, from their next statement on."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._idle: list[Session] = []
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._closed = False

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A connection for a statement or two."""
        if self._pid != os.getpid():
            raise UsageError("a ledger does not survive a fork", hint="open it again in the new process")
        with self._lock:
            if self._closed:
                raise UsageError("the ledger is closed", hint="open it again")
            session = self._idle.pop() if self._idle else None
        session = session or self._driver.reader()
        try:
            yield session
        except BaseException:  # its state is not known: it is not lent again
            session.close()
            raise
        with self._lock:
            keep = not self._closed and len(self._idle) < KEPT
            if keep:
                self._idle.append(session)
        if not keep:
            session.close()

    def close(self) -> None:
        """Closes what is not lent; what is lent is closed when it comes back."""
        with self._lock:
            idle, self._idle, self._closed = self._idle, [], True
        for session in idle:
            session.close()
