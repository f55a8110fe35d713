"""Entries on their way from one spool to its target, in order."""

import logging
from pathlib import Path

import msgspec

from ninefold.errors import BusyError, DeniedError, NinefoldError, NotFoundError, StoppedError
from ninefold.journal.follow import Follower
from ninefold.runs.tracking import folder as spools
from ninefold.runs.tracking.operations import End, Save
from ninefold.runs.tracking.spool import NUMBER, Spool
from ninefold.runs.tracking.target import Target

BATCH = 4 << 20  # bytes of a delivery, and the number of its entries
ENTRIES = 10_000
_SAVE = b'{"do":"save"'
_log = logging.getLogger("ninefold.track")


class _Of(msgspec.Struct):
    """Of an entry, the run that it says something of."""

    run: str


class Sender:
    """Delivers one spool's entries in order. ``spool`` is the living one's, where it is this process's own."""

    def __init__(self, folder: Path, target: Target, spool: Spool | None = None) -> None:
        self.folder, self.target, self.spool = folder, target, spool
        self.applied = 0
        self._follower = Follower(spools.entries(folder))
        self._pending: list[tuple[int, bytes]] = []
        self._most = ENTRIES
        self._lost = spools.lost(folder) if spool is None else {}  # of runs, what the target does not know yet
        self.uploading = False  # a large file is on its way, which takes a while
        self._uploaded = ""  # the content that went last: its entry may have to be sent again, and it need not

    def send(self) -> bool:
        """Deliver the next entries; False where there are none. BusyError where the target is away: nothing is given up."""
        lost = dict(self.spool.lost if self.spool is not None else self._lost)  # read first: the beginning of their runs lies before them
        if not self._pending:
            self._follower.done()
            taken = self._follower.take(BATCH)
            self._pending = [(NUMBER.unpack_from(piece.payload)[0], piece.payload[NUMBER.size :]) for piece in taken]
        if not self._pending:
            return self._tell_lost(lost)
        self._upload()
        batch = self._batch()
        try:
            receipt = self.target.deliver(self.folder.name, batch[0][0], [entry for _, entry in batch], {})
        except (BusyError, DeniedError, NotFoundError, StoppedError):
            raise
        except NinefoldError as error:
            self._narrow(batch, error)
            return True
        for refused in receipt.refused:
            _log.warning("an entry was not taken by %s: %s", self.target.name, refused.message)
        self._settle(receipt.applied)
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

    def _tell_lost(self, lost: dict[str, int]) -> bool:
        """Whose entries are lost, after those that are not: a run is marked where it has begun."""
        if not lost:
            return False
        self.target.deliver(self.folder.name, 0, [], lost)
        for run, count in lost.items():
            self._lost.pop(run, None)
            if self.spool is not None:
                self.spool.taken(run, count)
        return True

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
                self._uploaded = saved.content
            except (BusyError, DeniedError, StoppedError):
                raise
            except NinefoldError as error:  # the entry that names it is refused then, and what follows it comes through
                _log.warning("the file %s was not taken by %s: %s", saved.path, self.target.name, error)
            finally:
                self.uploading = False

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
        self.target.deliver(self.folder.name, 0, [], {})  # where nothing at all fails too it is the target's fault, and no entry is given up
        if len(batch) > 1:
            self._most = max(1, len(batch) // 2)
            return
        number, entry = batch[0]
        _log.warning("an entry was not taken by %s: %s", self.target.name, error)
        run = msgspec.json.decode(entry, type=_Of).run
        if self.spool is not None:
            self.spool.lose(run)
        else:
            self._lost[run] = self._lost.get(run, 0) + 1
        self._settle(number)
