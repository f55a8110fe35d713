"""The thread that takes entries from the spool to their target, whatever happens to either."""

import logging
import threading
import time
from collections.abc import Callable
from random import random

from ninefold.errors import BusyError, NinefoldError
from ninefold.runs.tracking.sender import Sender
from ninefold.runs.tracking.spool import Spool
from ninefold.runs.tracking.target import Target
from ninefold.runs.tracking.waiting import deliver_left
from ninefold.units import many

GATHER = 0.1  # seconds in which entries gather before they are sent together
_FIRST, _LONGEST = 0.2, 30.0  # seconds between two tries, growing
_log = logging.getLogger("ninefold.track")


class Courier:
    """Delivers a spool while the script goes on; before that, what processes that are gone have left."""

    def __init__(self, spool: Spool, target: Target) -> None:
        self.spool, self.target = spool, target
        self.away: str | None = None  # why the target takes nothing now
        self._sender = Sender(spool.folder, target, spool)
        self._news = threading.Condition()
        self._asked = self._closing = self._told = False
        self.adopted = threading.Event()  # what was left by others is delivered
        self._tries = 0
        self._thread = threading.Thread(target=self._run, name="ninefold-courier", daemon=True)
        self._thread.start()

    @property
    def uploading(self) -> bool:
        """Whether a file is on its way."""
        return self._sender.uploading

    @property
    def applied(self) -> int:
        """The number of the last entry that the target has."""
        return self._sender.applied

    def wake(self) -> None:
        """There is something new."""
        if not self._told:
            with self._news:
                self._told = True
                self._news.notify_all()

    def flush(self, timeout: float, *, patient: bool = False) -> bool:
        """Wait until everything said by now is delivered, at most so many seconds; where the target is away, only if ``patient``."""
        upto, until = self.spool.last, time.monotonic() + timeout
        with self._news:
            self._asked = self._told = True
            self._news.notify_all()
            while self._sender.applied < upto or self.spool.lost:
                left = until - time.monotonic()
                if left <= 0 or (self.away is not None and not patient) or not self._thread.is_alive():
                    return self._sender.applied >= upto and not self.spool.lost
                self._news.wait(min(left, 0.5))
        return True

    def close(self) -> bool:
        """Stop; whether nothing is left."""
        with self._news:
            self._closing = True
            self._news.notify_all()
        self._thread.join(1.0)
        return self.applied >= self.spool.last and not self.spool.lost

    # --- what follows runs in the courier's thread alone ---

    def _run(self) -> None:
        try:
            self._with_patience(self._adopt)
            self.adopted.set()
            while not self._closing:
                with self._news:
                    if not self._told and not self._closing:
                        self._news.wait()
                    self._told = False
                    if not self._asked and not self._closing:
                        self._news.wait_for(lambda: self._asked or self._closing, GATHER)
                    self._asked = False
                while not self._closing and self._with_patience(self._sender.send):
                    with self._news:
                        self._news.notify_all()
                with self._news:
                    self._news.notify_all()
        finally:
            self._sender.close()
            self.target.close()

    def _adopt(self) -> bool:
        kept = deliver_left(self.spool.folder.parent, self.target, self.spool.about.target, before=self.spool.about.id).kept
        for one in kept:
            if one.busy:
                raise BusyError(one.why, retry_after=0)
        if kept:  # what this script says does not wait for what another one left
            _log.warning("what %s left is not delivered (%s). See: ninefold runs deliver --list", many(len(kept), "script"), kept[0].why)
        return False

    def _with_patience(self, work: Callable[[], bool]) -> bool:
        """Do it, and again until the target takes it; False where there was nothing, or the script ends first."""
        while not self._closing:
            try:
                done = work()
            except Exception as error:  # whatever it is, the script must not fail of it, and what it said is safe
                self._wait(error)
                continue
            if self.away is not None and self._tries:
                _log.warning("%s takes runs again", self.target.name)
            self.away, self._tries = None, 0
            return done
        return False

    def _wait(self, error: Exception) -> None:
        pause = min(_LONGEST, _FIRST * 2**self._tries) * (0.5 + random() / 2)  # noqa: S311  not for secrets
        if isinstance(error, BusyError) and error.retry_after:
            pause = max(pause, error.retry_after)
        if self.away is None:
            hint = f" ({error.hint})" if isinstance(error, NinefoldError) and error.hint else ""
            trace = None if isinstance(error, (NinefoldError, OSError)) else error
            _log.warning("%s%s. What the script says of its runs is kept on disk and delivered later", error, hint, exc_info=trace)
        self._tries += 1
        with self._news:
            self.away = str(error)
            self._news.notify_all()
            self._news.wait_for(lambda: self._closing, pause)
