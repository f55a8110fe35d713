"""A problem: its standing, each criterion by group, and the policies that were in force."""

import msgspec

from ninefold.ledger import Fact
from ninefold.project.policy import proposed
from ninefold.ui.reading import Reading
from ninefold.ui.views.facts import FactLine, line
from ninefold.ui.views.standing import Standing, standing
from ninefold.ui.views.thing import ThingPart, thing_part

JUDGEMENTS = 200


class At(msgspec.Struct):
    """A criterion's value in production when it was judged (µs, the judging clock), with its interval."""

    at: int
    value: float
    low: float | None
    high: float | None


class Course(msgspec.Struct):
    """A criterion in production over time, and its newest verdict; ``simulated`` as in ``CriterionLine``."""

    criterion: str
    metric: str
    limit: float
    verdict: str
    points: list[At]
    simulated: str = ""


class ProblemPage(msgspec.Struct):
    """``policies`` are the changes of policy, the newest first; ``waiting`` is one that waits for its approval. ``courses`` are
    the criteria over time, as far as production was judged.
    """

    thing: ThingPart
    standing: Standing
    policies: list[FactLine]
    waiting: FactLine | None
    courses: list[Course]


def problem(reading: Reading, name: str) -> ProblemPage:
    """The page of a problem."""
    part = thing_part(reading, "problem", name)
    policies = [line(f) for f in reading.about("problem", name, kinds=["policy.changed"], limit=20)]
    waits = proposed(reading.home, name)
    courses = reading.kept(("courses", name), lambda: _courses(reading, reading.about("problem", name, kinds=["problem.judged"], limit=JUDGEMENTS)))
    return ProblemPage(part, standing(reading, name), policies, line(waits) if waits else None, courses)


def _courses(reading: Reading, judged: list[Fact]) -> list[Course]:
    """The criteria that were judged last, each with all its judgements in order."""
    found = {c["criterion"]: Course(c["criterion"], c["metric"], c["limit"], c["verdict"], []) for c in judged[0].body["criteria"]} if judged else {}
    for fact in reversed(judged):
        when = fact.body.get("when")
        for c in fact.body["criteria"]:
            if c["criterion"] in found and c["value"] is not None:
                found[c["criterion"]].points.append(At(when if isinstance(when, int) else fact.at, c["value"], c["low"], c["high"]))
    for course in found.values():
        course.simulated = reading.simulated.get(course.metric, "")
    return [c for c in found.values() if c.points]
