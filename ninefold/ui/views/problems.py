"""A problem: its standing, each criterion by group, and the policies that were in force."""

import msgspec

from ninefold.project.policy import proposed
from ninefold.ui.reading import Reading
from ninefold.ui.views.facts import FactLine, line
from ninefold.ui.views.standing import Standing, standing
from ninefold.ui.views.thing import ThingPart, thing_part


class ProblemPage(msgspec.Struct):
    """``policies`` are the changes of policy, the newest first; ``waiting`` is one that waits for its approval."""

    thing: ThingPart
    standing: Standing
    policies: list[FactLine]
    waiting: FactLine | None
    judgements: list[FactLine]


def problem(reading: Reading, name: str) -> ProblemPage:
    """The page of a problem."""
    part = thing_part(reading, "problem", name)
    policies = [line(f) for f in reading.about("problem", name, kinds=["policy.changed"], limit=20)]
    waits = proposed(reading.home, name)
    judged = [line(f) for f in reading.about("problem", name, kinds=["problem.judged"], limit=20)]
    return ProblemPage(part, standing(reading, name), policies, line(waits) if waits else None, judged)
