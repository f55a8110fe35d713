"""The thread that takes entries from the spool to their target, whatever happens to either."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import random

import msgspec

from ninefold.errors import BusyError, DeniedError, NinefoldError, NotFoundError, StoppedError
from ninefold.journal.follow import Follower
from ninefold.runs.operations import End, Save
from ninefold.runs.tracking import spool as spools
from ninefold.runs.tracking.spool import NUMBER, Spool
from ninefold.runs.tracking.target import Target, target_of

BATCH = 4 << 20  # bytes of a delivery, and the number of its entries
ENTRIES = 10_000
GATHER = 0.1  # seconds in which entries gather before they are sent together
_FIRST, _LONGEST = 0.2, 30.0  # seconds between two tries, growing
_SAVE = b'{"do":"save"'
_log = logging.getLogger("ninefold.track")


class Sender:
    """Delivers one spool's entries in order. ``spool`` is the living one's, where it is this process's own."""

    def __init__(self, folder: Path, target: Target, spool: Spool | None = None) -> None:
        self.folder, self.target, self.spool = folder, target, spool
        self.applied = 0
        self._follower = Follower(spools.entries(folder))
        self._pending: list[tuple[int, bytes]] = []
        self._most = ENTRIES
        self.uploading = False  # a large file is on its way, which takes a while
        self._uploaded = ""  # the content that went last: its entry may have to be sent again, and it need not

    def send(self) -> bool:
        """Deliver the next entries; False where there are none. BusyError where the target is away: nothing is given up."""
        if not self._pending:
            self._follower.done()
            taken = self._follower.take(BATCH)
            self._pending = [(NUMBER.unpack_from(piece.payload)[0], piece.payload[NUMBER.size :]) for piece in taken]
        lost = dict(self.spool.lost) if self.spool is not None else {}
        if not self._pending and not lost:
            return False
        self._upload()
        batch = self._batch()
        first = batch[0][0] if batch else 0
        try:
            receipt = self.target.deliver(self.folder.name, first, [entry for _, entry in batch], lost)
        except (BusyError, DeniedError, NotFoundError, StoppedError):
            raise
        except NinefoldError as error:
            self._narrow(batch, error)
            return True
        for refused in receipt.refused:
            _log.warning("an entry was not taken by %s: %s", self.target.name, refused.message)
        self._settle(receipt.applied)
        for run, count in lost.items():
            if self.spool is not None:
                self.spool.taken(run, count)
        return True

    def end_cut(self) -> None:
        """Say of the runs of a dead process that nobody ended that they are cut off."""
        cut = sorted(spools.running(self.folder))
        if cut:
            at = spools.touched(self.folder)
            applied = self.target.deliver(self.folder.name, 0, [], {}).applied
            ends = [msgspec.json.encode(End(run, "killed", at, cut=True)) for run in cut]
            self.target.deliver(self.folder.name, max(applied, self.applied) + 1, ends, {})

    def close(self) -> None:
        """Let go of the file."""
        self._follower.close()

    def _batch(self) -> list[tuple[int, bytes]]:
        """The next entries up to a file's, whose content goes first."""
        for place, (_, entry) in enumerate(self._pending[: self._most]):
            if place and entry.startswith(_SAVE):
                return self._pending[:place]
        return self._pending[: self._most]

    def _upload(self) -> None:
        if self._pending and self._pending[0][1].startswith(_SAVE):
            saved = msgspec.json.decode(self._pending[0][1], type=Save)
            content = spools.content(self.folder, saved.content)
            if self._uploaded == saved.content:
                return
            self.uploading = True
            try:
                if content.exists():
                    self.target.put(saved.run, saved.path, content, saved.digest)
            except (BusyError, DeniedError, StoppedError):
                raise
            except NinefoldError as error:  # the entry that names it is refused then, and what follows it comes through
                _log.warning("the file %s was not taken by %s: %s", saved.path, self.target.name, error)
            finally:
                self.uploading = False
            self._uploaded = saved.content

    def _settle(self, applied: int) -> None:
        """What is applied need not be kept."""
        self.applied, self._most = max(self.applied, applied), ENTRIES
        done = [entry for number, entry in self._pending if number <= applied]
        self._pending = self._pending[len(done) :]
        size = sum(len(entry) + NUMBER.size + 8 for entry in done)
        for entry in done:
            if entry.startswith(_SAVE):
                saved = msgspec.json.decode(entry, type=Save)
                size += spools.forget(self.folder, saved.content)
        if self.spool is not None:
            self.spool.delivered(size)

    def _narrow(self, batch: list[tuple[int, bytes]], error: NinefoldError) -> None:
        """The target cannot read what was sent: in halves, until it is one entry, which is passed over so that the others come through."""
        if len(batch) > 1:
            self._most = max(1, len(batch) // 2)
            return
        _log.warning("an entry was not taken by %s: %s", self.target.name, error)
        self._settle(batch[0][0] if batch else self.applied)


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
        deliver_left(self.spool.folder.parent, self.target, self.spool.about.target, before=self.spool.about.id)
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


def deliver_left(folder: Path, target: Target | None = None, name: str | None = None, *, before: str = "") -> int:
    """Deliver what processes that are gone left in a folder of spools, oldest first: all, or that for the target ``name``; how many spools.

    BusyError where a target is away.
    """
    count = 0
    for left in spools.left(folder):
        if before and left.name >= before:
            break
        with spools.owned(left) as ours:
            told = spools.about(left) if ours else None
            if ours and told is None:
                spools.remove(left)
            if told is None or (name is not None and told.target != name):
                continue
            taker = target if target is not None else target_of(told.target)
            sender = Sender(left, taker)
            try:
                while sender.send():
                    pass
                sender.end_cut()
            finally:
                sender.close()
                if taker is not target:
                    taker.close()
            spools.remove(left)
            count += 1
    return count
