"""The sections of a card that tell what was shown: criteria with verdicts, slices, hypotheses, and the limits that the facts show."""

from collections.abc import Iterator
from typing import Any

from ninefold.governance.case import Case
from ninefold.governance.document import Section
from ninefold.governance.origins import Origins
from ninefold.governance.wording import interval, listed, number, percent, when
from ninefold.ledger import Fact
from ninefold.units import many

_CRITERIA = ["criterion", "verdict", "value", "95 % interval", "limit", "questions", "days"]


def criteria(case: Case) -> Section:
    """The problem's criteria on the test span and in production, with verdicts and intervals."""
    section = Section("Criteria")
    if not case.judged:
        section.lacks("verdicts: the version has not been judged")
        return section
    newest = case.judged[-1]
    span = f"{number(case.born.body['rows'].get('test'))} questions of the test span"
    section.say(f"On {span}, under the policy {newest.body['policy'][:12]}:", newest.seq, case.born.seq)
    section.table(_CRITERIA, (_criterion(c, newest) for c in newest.body["criteria"]), right=[2, 3, 4, 5, 6])
    if len(case.judged) > 1:
        section.say(f"It was judged {len(case.judged)} times, once for each policy; the newest verdicts are shown.", *(f.seq for f in case.judged))
    live = in_production(case)
    if live is None:
        section.lacks("verdicts in production")
        return section
    verdict = f"the verdict on the problem was “{live.body['verdict']}” when it was judged last, at {when(moment(live))}"
    section.say(f"In production, at “{live.body['endpoint']}”, {verdict}:", live.seq)
    section.table(_CRITERIA, (_criterion(c, live) for c in live.body["criteria"]), right=[2, 3, 4, 5, 6])
    changed = [f for f in lives(case) if f.body["verdict"] != f.body.get("before")]
    if len(changed) > 1:
        section.table(["when", "verdict in production", "why"], (([when(moment(f)), f.body["verdict"], f.body["why"]], [f.seq]) for f in changed))
    return section


def in_production(case: Case) -> Fact | None:
    """The newest judgement of the problem on what production saw."""
    return case.home.ledger.last("problem.judged", case.home.subject("problem", case.problem)) if case.problem else None


def lives(case: Case) -> list[Fact]:
    """Every judgement on production, oldest first."""
    return case.home.ledger.facts(kind="problem.judged", subject=case.home.subject("problem", case.problem)) if case.problem else []


def moment(fact: Fact) -> int:
    """When it was, by the clock that decided: a replay's clock in a replay."""
    return int(fact.body.get("when", fact.at))


def _criterion(one: dict[str, Any], fact: Fact) -> tuple[list[object], list[int]]:
    limit = number(one.get("limit"))
    cells = [
        one["criterion"],
        one["verdict"],
        number(one.get("value")),
        interval(one.get("low"), one.get("high")),
        limit,
        number(one.get("n")),
        one.get("days"),
    ]
    return cells, [fact.seq]


def slices(case: Case) -> Section:
    """Each criterion by group, on the test span and in production."""
    section, live = Section("By group"), in_production(case)
    for fact, where in [*((f, "on the test span") for f in case.judged[-1:]), *([(live, "in production")] if live else [])]:
        for one in fact.body["criteria"]:
            if one.get("slices"):
                section.say(f"{one['criterion']}, group by group {where}:", fact.seq)
                section.table(["group", "value", "95 % interval", "rows", "judged"], _slices(one["slices"], fact), right=[1, 2, 3])
    if not section.parts:
        section.lacks("measurements by group: no criterion asks for them")
    return section


def _slices(rows: list[dict[str, Any]], fact: Fact) -> Iterator[tuple[list[object], list[int]]]:
    for one in rows:
        yield (
            [one["by"], number(one["value"]), interval(one["low"], one["high"]), number(one["n"]), "yes" if one["judged"] else "no: too few"],
            [fact.seq],
        )


def hypotheses(case: Case) -> Section:
    """What was believed, and what the test said."""
    section = Section("Hypotheses")
    facts = case.home.ledger.facts(kind="hypothesis.tested", prefix=f"{case.home.project}/hypothesis/")
    newest = {f.subject: f for f in facts if f.body.get("model") in {None, case.made.model}}
    section.table(
        ["belief", "verdict", "effect", "95 % interval", "p, corrected", "rows", "days"], (_tested(f) for f in newest.values()), right=[2, 3, 4, 5, 6]
    )
    looks = {subject: sum(f.subject == subject for f in facts) for subject in newest}
    for subject, n in looks.items():
        if n > 1:
            section.say(f"The data was looked at {n} times for “{newest[subject].body['belief']}”.", *(f.seq for f in facts if f.subject == subject))
    if not newest:
        section.lacks("hypotheses")
    return section


def _tested(fact: Fact) -> tuple[list[object], list[int]]:
    body = fact.body
    effect = f"{number(body.get('effect'))} {body.get('unit', '')}".strip()
    cells = [
        body["belief"],
        body["verdict"],
        effect,
        interval(body.get("low"), body.get("high")),
        number(body.get("p_corrected")),
        number(body.get("n")),
        body.get("days"),
    ]
    return cells, [fact.seq]


def limits(case: Case, lines: Origins) -> Section:
    """What the facts themselves show to be weak."""
    section = Section("Limits that the facts show")
    training = f"training/{case.made.model}"
    states, step = lines.refs.get(training, {}).get("states") or {}, lines.steps.get(training)
    if states.get("void") and step is not None:
        total, void = sum(states.values()), states["void"]
        section.say(f"{percent(void, total)} of the questions ({number(void)} of {number(total)}) are void: no outcome was known in time.", step.seq)
    for name, fact in sorted(lines.tables.items()):
        if fact.body["quarantined"]:
            section.say(f"{many(fact.body['quarantined'], 'row')} of “{name}” broke an expectation and were left out.", fact.seq)
    for fact in case.home.ledger.facts(kind="source.simulated", prefix=f"{case.home.project}/"):
        section.say(f"The rows of “{fact.subject.rsplit('/', 1)[-1]}” were simulated, not observed: {fact.body['rule']}", fact.seq)
    live = in_production(case)
    for judged, where in [(case.judged[-1] if case.judged else None, "on the test span"), (live, "in production")]:
        _weak(section, judged, where)
    trials = sum(len(t) for t in case.report.get("trials", {}).values())
    if trials:
        section.say(
            f"The candidates were chosen among {many(trials + 1, 'fit')} on the same validate span; the test span was not read for it.", case.born.seq
        )
    section.lacks("limits that nobody measured: robustness to manipulated inputs, behaviour outside of the training span")
    return section


def _weak(section: Section, fact: Fact | None, where: str) -> None:
    if fact is None:
        return
    void = max((one.get("void") or 0 for one in fact.body["criteria"]), default=0)
    if void:
        section.say(f"{many(void, 'question')} {where} are void: no outcome came in time.", fact.seq)
    for one in fact.body["criteria"]:
        if one["verdict"] == "not met":
            section.say(f"{one['criterion']} is not met {where}.", fact.seq)
        elif one["verdict"] == "not yet known":
            more = f"; it takes about {number(one['needs'])} more outcomes" if one.get("needs") else ""
            only = " (only production can tell)" if one.get("production") else ""
            section.say(f"{one['criterion']} is not yet known {where}{only}{more}.", fact.seq)
        small = [s["by"] for s in one.get("slices", []) if not s["judged"] and s["by"] != "other"]
        if small:
            section.say(f"{one['criterion']}: {listed(small)} have too few rows to be judged {where}.", fact.seq)
