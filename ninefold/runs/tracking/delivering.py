"""Entries of spools, applied: each exactly once, in order.

A spool numbers its entries. The number of the last one that was applied is written in the transaction that applies it, so a
delivery that comes again, because its answer was lost, changes nothing. Where numbers are missing (a ledger that was restored
from a backup forgot some) what comes is applied all the same: it is there, and the rest is not to be had.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from ninefold import clock
from ninefold.errors import ConflictError, NinefoldError
from ninefold.ledger import Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs import writing
from ninefold.runs.artifacts import folder_of
from ninefold.runs.digest import Digested
from ninefold.runs.experiments import DEFAULT, ensured
from ninefold.runs.points import Point
from ninefold.runs.records import Runs, add
from ninefold.runs.run import ENDED, Run, found, removed, subject
from ninefold.runs.tracking.operations import Begin, Delivery, End, Known, Log, Operation, Params, Receipt, Refused, Resume, Save, Tags
from ninefold.units import DAY, many

KEPT = 90 * DAY  # microseconds that a spool which delivers nothing is known by its number; what comes later is applied again, to no effect
INCOMPLETE = "incomplete"  # the tag of a run of which entries were lost
_WHY = 500  # characters of its value
_SQL = Statements(Path(__file__).with_name("delivering.sql"))
_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def deliver(runs: Runs, project: str, delivery: Delivery, *, actor: str | None = None) -> Receipt:
    """Applies what is new of a delivery, on disk when it returns. What cannot be applied is refused, entry by entry, and told.

    One transaction, but where a run ends: what it logged is read in between, for the digest in the fact of its end.
    """
    applied, refused = 0, list[Refused]()
    for first, part in _parts(delivery):
        digested = _digested(runs, project, part)
        applying = _Applying(project, delivery.spool, actor or runs.ledger.actor, digested)
        done = runs.ledger.write(lambda tx, applying=applying, first=first, part=part: applying.all(tx, first, part))  # type: ignore[misc]
        applied, refused = done.applied, refused + done.refused
    if delivery.lost:
        runs.ledger.write(lambda tx: _lost(tx, project, delivery.lost))
    return Receipt(applied, refused)


def _parts(delivery: Delivery) -> Iterator[tuple[int, list[Operation]]]:
    """The entries, cut before each end of a run, with the number of each part's first."""
    begin = 0
    for place, operation in enumerate(delivery.operations):
        if isinstance(operation, End) and place > begin:
            yield delivery.first + begin, delivery.operations[begin:place]
            begin = place
    yield delivery.first + begin, delivery.operations[begin:]


def _digested(runs: Runs, project: str, part: Sequence[Operation]) -> Digested | None:
    if not part or not isinstance(part[0], End):
        return None
    row = runs.ledger.one(_SQL["run"], part[0].run)
    return None if row is None or row["project"] != project else Digested(runs.ledger, found(row, part[0].run))


def _lost(tx: Tx, project: str, lost: dict[str, int]) -> None:
    for run, count in lost.items():
        _mark(tx, project, run, f"{count} entries were lost: the disk, or the spool, was full")


def _mark(tx: Tx, project: str, run: str, why: str) -> None:
    with suppress(NinefoldError):  # a run that is not here, or deleted, needs no mark
        writing.write(tx, run, tags=[(INCOMPLETE, writing.text(why[:_WHY]))], project=project)


class _Applying:
    """Some entries of a spool within one transaction."""

    def __init__(self, project: str, spool: str, actor: str, digested: Digested | None) -> None:
        self.project, self.spool, self.actor, self.digested = project, spool, actor, digested
        self.refused: list[Refused] = []
        self.lacking: dict[str, list[str]] = {}  # what was refused of runs, for their tags
        self.points: dict[str, tuple[int, list[Point]]] = {}

    def all(self, tx: Tx, first: int, operations: Sequence[Operation]) -> Receipt:
        """Those that are new, and the number of the last."""
        self.refused, self.lacking, self.points = [], {}, {}  # a transaction may be tried again
        row = tx.one(_SQL["last"], self.project, self.spool, clock.now())
        assert row is not None
        applied = int(row["applied"])
        if not applied:  # a new one: scripts come and go, so this is seldom and often enough
            tx.execute(_SQL["forget"], self.project, clock.now() - KEPT)
        for number, operation in enumerate(operations, first):
            if number > applied:
                self._refusing(number, operation.run, lambda number=number, operation=operation: self._one(tx, number, operation))  # type: ignore[misc]
        for run, (number, points) in self.points.items():
            self._refusing(number, run, lambda run=run, points=points: writing.write(tx, run, points=writing.grouped(points), project=self.project))  # type: ignore[misc]
        for run, messages in self.lacking.items():
            _mark(tx, self.project, run, f"{many(len(messages), 'entry')} refused: {messages[0]}")
        last = first + len(operations) - 1
        if operations and last > applied:
            applied = last
            tx.execute(_SQL["set_last"], applied, self.project, self.spool)
        return Receipt(applied, self.refused)

    def _refusing(self, number: int, run: str, work: Callable[[], object]) -> None:
        """An entry that cannot be applied must not hold up those behind it. Each checks before it writes, so it leaves nothing half."""
        try:
            work()
        except NinefoldError as error:
            self.refused.append(Refused(number, str(error)))
            self.lacking.setdefault(run, []).append(str(error))

    def _one(self, tx: Tx, number: int, operation: Operation) -> None:
        if isinstance(operation, Log):
            for key in operation.values:
                writing.text(key)  # before they are added: points are written together, and one that is refused must not take the others with it
            points = self.points.setdefault(operation.run, (number, []))[1]
            step, at = operation.step, operation.at
            points += [Point(key, _NUMBERS[value] if isinstance(value, str) else value, step, at) for key, value in operation.values.items()]
        elif isinstance(operation, Begin):
            self._begin(tx, number, operation)
        elif isinstance(operation, Params):
            self._params(tx, number, operation.run, operation.values)
        elif isinstance(operation, Tags):
            writing.write(tx, operation.run, tags=writing.checked((k, v) for k, v in operation.values.items() if v is not None), project=self.project)
            for key in [key for key, value in operation.values.items() if value is None]:
                writing.drop_tag(tx, operation.run, key)
        elif isinstance(operation, Resume):
            self._resume(tx, self._active(tx, operation.run))
        elif isinstance(operation, End):
            self._end(tx, operation)
        elif isinstance(operation, Save):
            self._saved(tx, operation)

    def _begin(self, tx: Tx, number: int, begin: Begin) -> None:
        row = tx.one(_SQL["run"], begin.run)
        if row is None:
            try:
                experiment = ensured(tx, self.project, begin.experiment)
            except ConflictError as error:
                # somebody deleted the experiment: no reason to lose what a script has worked for
                self.refused.append(Refused(number, f'{error}: the run is in the experiment "{DEFAULT}"'))
                experiment = ensured(tx, self.project, DEFAULT)
            add(
                tx,
                self.project,
                experiment.id,
                id=begin.run,
                name=begin.name or begin.experiment,
                started=begin.at,
                actor=self.actor,
                source=begin.source,
                parent=begin.parent,
            )
        self._params(tx, number, begin.run, begin.params)
        writing.write(tx, begin.run, tags=writing.checked(begin.tags.items()), project=self.project)

    def _params(self, tx: Tx, number: int, run: str, values: dict[str, str]) -> None:
        for pair in writing.checked(values.items()):
            self._refusing(number, run, lambda pair=pair: writing.write(tx, run, params=[pair], project=self.project))  # type: ignore[misc]

    def _resume(self, tx: Tx, run: Run) -> None:
        if run.status in ENDED:
            tx.execute(_SQL["set_status"], "running", None, clock.now(), run.id)
            tx.fact("run.resumed", subject(run), {"status": "running"}, run=run.id, actor=self.actor)

    def _end(self, tx: Tx, end: End) -> None:
        run = self._active(tx, end.run)
        if (end.cut and run.status in ENDED) or (end.status, end.at) == (run.status, run.ended):
            return
        tx.execute(_SQL["set_status"], end.status, end.at, clock.now(), run.id)
        body = {"status": end.status, "digest": self.digested.whole(tx) if self.digested is not None else ""}
        tx.fact("run.done" if end.status == "done" else "run.failed", subject(run), body, run=run.id, actor=self.actor)

    def _saved(self, tx: Tx, saved: Save) -> None:
        run = self._active(tx, saved.run)
        row = tx.one("select digest from artifacts where project = ? and path = ?", self.project, f"{folder_of(run)}/{saved.path}")
        if row is None or row["digest"] != saved.digest:
            raise ConflictError(f'the file "{saved.path}" of the run {run.id} did not come with it', hint="save it again")

    def _active(self, tx: Tx, id: str) -> Run:
        run = found(tx.one(_SQL["run"], id), id, self.project)
        if run.state != "active":
            raise removed(id)
        return run


def known(runs: Runs, id: str) -> Known:
    """What a script needs to go on with a run; NotFoundError."""
    run = runs.get(id)
    row = runs.ledger.one(_SQL["steps"], id)
    step = -1 if row is None or row["step"] is None else int(row["step"])
    return Known(run.id, run.name, runs.params(id), step)
