"""What a run would do, and why: the parts of the key that differ from last time."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from ninefold.engine.cache import Cache
from ninefold.engine.step import Output, Step, key_of

if TYPE_CHECKING:
    from ninefold.ledger import Ledger


class Planned(msgspec.Struct, frozen=True):
    """What a run would do with a step: find its output, run it, or run it only if what it needs comes out different.

    ``why`` names the parts that differ; ``seconds`` is what the step took last time.
    """

    name: str
    state: Literal["cached", "run", "maybe"]
    why: list[str]
    seconds: float | None


class Difference(msgspec.Struct, frozen=True):
    """A part of a step's key: its digest before (None: it was not there) and after (None: it is gone)."""

    part: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        what, _, name = self.part.partition(":")
        said = f"{_WORDS[what]} {name}" if what in _WORDS else self.part
        return said + (" is new" if self.before is None else " is gone" if self.after is None else " changed")


_WORDS = {
    "code": "the code of",
    "param": "the parameter",
    "package": "the package",
    "env": "the environment variable",
    "need": "the content of",
    "file": "the file",
    "constant": "the constant",
}


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[Difference]:
    """The parts in which two keys differ.

    >>> [str(d) for d in differences({"code:load": "1", "need:raw": "a"}, {"code:load": "2", "need:raw": "a"})]
    ['the code of load changed']
    """
    names = sorted({*before, *after})
    return [Difference(n, before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n)]


def why(ledger: "Ledger", project: str, step: str) -> list[Difference]:
    """What differed between the last two recorded outputs of a step; empty when there are not two."""
    # a cache needs a home only for locks, which reading does not take
    last = Cache(ledger, Path(), project).last_parts(step)
    return differences(last[1][1], last[0][1]) if len(last) == 2 else []


def make_plan(cache: Cache, steps: Sequence[Step], force: Collection[str]) -> list[Planned]:
    """The plan of steps that are in order."""
    known: dict[str, Output] = {}
    plan: list[Planned] = []
    for step in steps:
        planned, output = _planned(cache, step, known, step.name in force)
        plan.append(planned)
        if output is not None:
            known[step.name] = output
    return plan


def _planned(cache: Cache, step: Step, known: Mapping[str, Output], forced: bool) -> tuple[Planned, Output | None]:
    seconds = cache.seconds(step.name)
    unknown = [need for need in step.needs if need not in known]
    if unknown:
        first = seconds is None
        return Planned(
            step.name, "run" if first else "maybe", ["it has not run yet"] if first else [f'"{n}" runs first' for n in unknown], seconds
        ), None
    parts = cache.parts(step, known)
    found = None if forced else cache.find(step, key_of(parts))
    if found is not None:
        return Planned(step.name, "cached", [], seconds), found
    if forced:
        reasons = ["it is forced"]
    elif step.uncacheable:
        reasons = [step.uncacheable]
    else:
        last = cache.last_parts(step.name, 1)
        reasons = [str(d) for d in differences(last[0][1], parts)] if last else ["it has not run yet"]
    return Planned(step.name, "run", reasons or ["its stored output is gone"], seconds), None
