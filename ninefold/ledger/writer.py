"""Group commit: what several threads ask for shares a transaction and an fsync, and each is answered after it.

There are two ways in. ``append`` takes rows that cannot conflict and merges them by table; ``write`` takes a function, run in
order in its own savepoint.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import InvalidStateError
from contextlib import suppress
from typing import Any

from ninefold import ids
from ninefold.errors import BusyError, StoppedError, UsageError
from ninefold.ledger.driver import Driver, WriteSession
from ninefold.ledger.group import TRIES, Group, Request

LINE = 2000  # so many requests wait at most; who waits for an answer itself is one of few, and may always stand behind them
GROUP = 1000  # at most so many requests share a transaction, so that none waits for ever
_log = logging.getLogger("ninefold.ledger")


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
        for attempt in range(TRIES):
            session.begin()
            try:
                Group(session, self._actor).run(requests)
                session.commit()
                break
            except BaseException as error:  # whatever it is, the transaction is undone first, then it goes on or runs again
                session.rollback()
                if attempt == TRIES - 1 or not session.again(error):
                    raise
                _log.info("a group of %d writes runs again: %s", len(requests), error or type(error).__name__)
                for request in requests:
                    request.forget()
        told = []
        for request in requests:
            self._unsigned = self._unsigned or bool(request.said)
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
