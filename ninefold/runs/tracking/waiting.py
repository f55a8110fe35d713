"""What scripts that are gone have left: delivered spool by spool, listed, or thrown away."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ninefold.errors import BusyError, ConflictError, NotFoundError, UsageError
from ninefold.runs.tracking import folder as spools
from ninefold.runs.tracking.sender import Sender
from ninefold.runs.tracking.target import AwayError, Target, target_of
from ninefold.secret import without_password


class Kept(msgspec.Struct, frozen=True):
    """A spool that could not be delivered, and why."""

    id: str
    target: str
    why: str
    busy: bool = False  # the target takes nothing now: later it may


class Delivered(msgspec.Struct):
    """How many spools are delivered, and those that wait on."""

    count: int = 0
    kept: list[Kept] = msgspec.field(default_factory=list)


class Waiting(msgspec.Struct, frozen=True):
    """A spool with something in it; ``since`` when its process began, ``running`` while that goes on."""

    id: str
    target: str
    since: int
    bytes: int
    running: bool


def deliver_left(folder: Path, target: Target | None = None, name: str | None = None, *, before: str = "") -> Delivered:
    """Deliver what processes that are gone left in a folder of spools, oldest first: all, or that for the target ``name``.

    A spool that cannot be delivered holds up no other one. Where a target cannot be reached its other spools wait too.
    """
    done, away = Delivered(), dict[str, AwayError]()
    for left in spools.left(folder):
        if before and left.name >= before:
            break
        told = spools.about(left)
        if told is not None and name is not None and told.target != name:
            continue
        try:
            done.count += _deliver(left, target, away)
        except Exception as error:  # whatever is wrong with this one, the next one may be well
            if told is not None and isinstance(error, AwayError):
                away[told.target] = error
            why = f"{error} ({hint})" if (hint := getattr(error, "hint", "")) else str(error) or type(error).__name__
            done.kept.append(Kept(left.name, without_password(told.target) if told is not None else "", why, isinstance(error, BusyError)))
    return done


def waiting(folders: Sequence[Path]) -> list[Waiting]:
    """The spools in folders, oldest first."""
    found = []
    for spool in (spool for folder in folders for spool in spools.left(folder)):
        told = spools.about(spool)
        if told is not None:
            with spools.owned(spool) as ours:
                found.append(Waiting(told.id, without_password(told.target), told.created, spools.size(spool), not ours))
    return sorted(found, key=lambda one: one.id)


def forget(folders: Sequence[Path], id: str) -> Waiting:
    """Throw away a spool, by its id or the beginning of it: what it was. ConflictError while its script runs."""
    found = [one for one in waiting(folders) if one.id.startswith(id)] if id else []
    if not found:
        raise NotFoundError(f'nothing waits under "{id:.80}"', hint="list what waits: ninefold runs deliver --list")
    if len(found) > 1:
        raise UsageError(f'{len(found)} of those that wait begin with "{id:.80}"', hint="give more of the id")
    spool = next(folder / found[0].id for folder in folders if (folder / found[0].id).is_dir())
    with spools.owned(spool) as ours:
        if not ours:
            raise ConflictError(f"the script of {found[0].id} runs, or it is being delivered", hint="wait for its end, or stop it")
        spools.remove(spool)
    return found[0]


def _deliver(left: Path, target: Target | None, away: dict[str, AwayError]) -> int:
    with spools.owned(left) as ours:
        told = spools.about(left) if ours else None
        if ours and told is None:
            spools.remove(left)
        if told is None:
            return 0
        if told.target in away:
            raise away[told.target]
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
        return 1
