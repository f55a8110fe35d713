"""Whether a problem is solved: each criterion with the newest verdict that there is, and what follows from all of them."""

from typing import Any, Literal

import msgspec

from ninefold.endpoints.records import champion, current
from ninefold.ledger import Fact
from ninefold.models.records import newest
from ninefold.ui.reading import Reading
from ninefold.ui.wording import comparison, span

Whole = Literal["solved", "not solved", "not yet known"]


class Slice(msgspec.Struct):
    """A criterion's metric in one group."""

    by: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    judged: bool = True


class Judgement(msgspec.Struct):
    """One judgement of a criterion. ``at`` is the judging clock (µs); ``seq`` the fact that tells it."""

    verdict: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    days: int
    needs: int | None
    text: str
    at: int
    seq: int
    slices: list[Slice] = []

    @property
    def lacks(self) -> str:
        """What it would need to be known, in the fact's own words; nothing where it is known."""
        return self.text.partition("; ")[2] if self.verdict == "not yet known" else ""


class CriterionLine(msgspec.Struct):
    """A criterion: judged in ``production`` and on the ``test`` span, either may be missing. ``verdict`` is production's as soon
    as it was judged there. ``simulated`` is the rule by which the rows that its metric reads are made, if they are not real.
    """

    criterion: str
    metric: str
    limit: float
    better: Literal["higher", "lower"]
    share: bool
    verdict: str
    production: Judgement | None
    test: Judgement | None
    limit_text: str = ""
    simulated: str = ""

    @property
    def now(self) -> Judgement | None:
        """The judgement with something to show: production's where it measured anything, else that on the test span."""
        if self.production is not None and (self.production.value is not None or self.test is None):
            return self.production
        return self.test


class Standing(msgspec.Struct):
    """A problem's standing. ``why`` is one sentence; ``version`` the model version that was judged on its test span."""

    problem: str
    path: str
    question: str
    whole: Whole
    why: str
    criteria: list[CriterionLine]
    version: str | None


def standings(reading: Reading) -> list[Standing]:
    """The standing of every problem."""
    return reading.kept("standings", lambda: [standing(reading, name) for name in reading.of("problem")])


def standing(reading: Reading, problem: str) -> Standing:
    """The standing of one problem, by the newest facts."""
    production = reading.last("problem.judged", "problem", problem)
    test = _on_test(reading, problem)
    seen: dict[str, tuple[dict[str, Any] | None, dict[str, Any] | None]] = {}
    for fact, place in ((test, 1), (production, 0)):
        for body in fact.body["criteria"] if fact else []:
            pair = list(seen.get(body["criterion"], (None, None)))
            pair[place] = body
            seen[body["criterion"]] = (pair[0], pair[1])
    lines = [_line(name, *pair, production, test) for name, pair in seen.items()]
    for one in lines:
        one.simulated = reading.simulated.get(one.metric, "")
    question = reading.things[problem].doc if problem in reading.things else ""
    whole, why = _whole(lines)
    subject = test.subject.rpartition("/")[2] if test else None
    return Standing(problem, f"/problems/{problem}", question, whole, why, lines, subject)


def _on_test(reading: Reading, problem: str) -> Fact | None:
    """The judgement of the version that answers now, else of the newest."""
    for model in reading.needed_by(problem):
        if reading.things[model].noun != "model":
            continue
        made = newest(reading.home.ledger, reading.project, model)
        number = made.version if made else None
        for endpoint in reading.needed_by(model):
            first = champion(current(reading.home.ledger, reading.project, endpoint)) if reading.things[endpoint].noun == "endpoint" else None
            number = first.version if first is not None and first.model == model else number
        found = reading.last("model.judged", "model", model, number) if number is not None else None
        if found is not None:
            return found
    return None


def _line(name: str, live: dict[str, Any] | None, tested: dict[str, Any] | None, production: Fact | None, test: Fact | None) -> CriterionLine:
    body = live or tested
    assert body is not None
    made = criterion_line(body, judgement(live, production) if live and production else None, judgement(tested, test) if tested and test else None)
    counts = made.production or made.test
    made.verdict = counts.verdict if counts is not None else "not yet known"
    return made


def criterion_line(body: dict[str, Any], production: Judgement | None, test: Judgement | None) -> CriterionLine:
    """A criterion as a fact's body has it. What only production can tell has no judgement on the test span."""
    name, limit = body["criterion"], body["limit"]
    return CriterionLine(
        name,
        body["metric"],
        limit,
        "higher" if ">=" in name else "lower",
        "baseline" in name,
        body["verdict"],
        production,
        None if test is not None and body.get("production") and test.value is None else test,
        span(limit * 1e6) if body["metric"].startswith("latency") else f"{limit:g}",
    )


def judgement(body: dict[str, Any], fact: Fact) -> Judgement:
    """A judgement as it stands in a fact."""
    when = fact.body.get("when")
    slices = [Slice(**{k: v for k, v in s.items() if k in Slice.__struct_fields__}) for s in body.get("slices", [])]
    return Judgement(
        body["verdict"],
        body["value"],
        body["low"],
        body["high"],
        body.get("n", 0),
        body.get("days", 0),
        body.get("needs"),
        body.get("text", ""),
        when if isinstance(when, int) else fact.at,
        fact.seq,
        slices,
    )


def _whole(lines: list[CriterionLine]) -> tuple[Whole, str]:
    """Solved when all are met, not solved when one is not met; with the reason.

    >>> _whole([])
    ('not yet known', 'no criterion has been judged yet')
    """
    failed = [c for c in lines if c.verdict == "not met"]
    open_ = [c for c in lines if c.verdict == "not yet known"]
    if not lines:
        return "not yet known", "no criterion has been judged yet"
    if failed:
        return "not solved", f"{_names(failed)} {'is' if len(failed) == 1 else 'are'} not met"
    if open_:
        met = len(lines) - len(open_)
        begin = f"{met or 'none'} of {len(lines)} criteria {'is' if met == 1 else 'are'} met; " if len(lines) > 1 else ""
        return "not yet known", f"{begin}{_names(open_)} {'is' if len(open_) == 1 else 'are'} not yet known"
    return "solved", "every criterion is met" if any(c.production for c in lines) else "every criterion is met on the test span"


def _names(lines: list[CriterionLine]) -> str:
    names = [comparison(c.criterion) for c in lines]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
