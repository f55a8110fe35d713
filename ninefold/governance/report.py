"""The release report of an endpoint: what answered when, why it was let in, how it did, and who is answerable. From facts only."""

from collections.abc import Iterator

from ninefold.endpoints.records import Release, champion, current, history
from ninefold.errors import NotFoundError
from ninefold.governance import lived, proved
from ninefold.governance.case import Case, case
from ninefold.governance.document import Document, Section, document
from ninefold.governance.wording import listed, when
from ninefold.ledger import Fact
from ninefold.project.home import Home
from ninefold.units import many


def release_report(home: Home, endpoint: str) -> Document:
    """The report of the releases to ``endpoint``, with the case of its champion (or of what was released last).

    Raises NotFoundError where nothing was released to it.
    """
    facts = home.ledger.facts(kind=lived.RELEASES, subject=home.subject("endpoint", endpoint))
    past = history(home.ledger, home.project, endpoint)
    if not past:
        known = [row["endpoint"] for row in home.ledger.all("select distinct endpoint from releases where project = ?", home.project)]
        raise NotFoundError(f'nothing was released to "{endpoint}"', hint=f"released: {listed(known)}" if known else "ninefold deploy ENDPOINT")
    first = champion(current(home.ledger, home.project, endpoint)) or past[0]
    told = case(home, first.model, first.version)
    sections = [_answers(endpoint, first, facts), _history(facts), _versions(home, past), proved.criteria(told), proved.slices(told)]
    sections += [_refused(facts), lived.monitors(told), lived.approvals(told), lived.policy(told), _next(home, told)]
    return document(home.ledger, f"Release report: {endpoint}", f"Project {home.project}, {many(len(past), 'release')}", sections)


def _answers(endpoint: str, first: Release, facts: list[Fact]) -> Section:
    section = Section("What answers")
    started = next((f for f in facts if f.body.get("release") == first.id and f.kind == "release.started"), None)
    if started is None:
        section.lacks("the fact of the release")
        return section
    state = "answers" if first.ended is None else f"answered until {when(first.ended)}"
    section.say(
        f"{first.model}@{first.version} {state} the questions to “{endpoint}”, since {when(first.started)}, released by {started.actor}.", started.seq
    )
    for line in started.body.get("gate", []):
        section.say(f"The gate weighed {line}.", started.seq)
    section.say(f"Bundle {started.body.get('bundle', 'not named')}; code frozen as {started.body.get('frozen') or 'nothing'}.", started.seq)
    return section


def _history(facts: list[Fact]) -> Section:
    section = Section("Releases in order")
    section.table(["when", "what", "version", "as", "share", "why"], (_one(f) for f in facts), right=[4])
    return section


def _one(fact: Fact) -> tuple[list[object], list[int]]:
    cells, numbers = lived.release_row("", fact)
    version = f"{fact.body.get('model', '')}@{fact.body['version']}" if fact.body.get("version") is not None else ""
    return [cells[1], cells[2], version.removeprefix("@"), *cells[3:]], numbers


def _versions(home: Home, past: list[Release]) -> Section:
    """The versions that were released, with their winners, side by side."""
    section = Section("Versions")

    def rows() -> Iterator[tuple[list[object], list[int]]]:
        for model, number in dict.fromkeys((r.model, r.version) for r in past):
            one = case(home, model, number)
            met = [c["criterion"] for c in one.judged[-1].body["criteria"] if c["verdict"] == "met"] if one.judged else []
            body = one.born.body
            cells = [f"{model}@{number}", body["winner"], when(body["from"]), when(body["to"]), f"{len(met)} met", one.made.digest[:12]]
            yield cells, [one.born.seq, *(f.seq for f in one.judged[-1:])]

    section.table(["version", "winner", "learned from", "to", "criteria on test", "bundle"], rows())
    return section


def _refused(facts: list[Fact]) -> Section:
    section = Section("What the gate refused")
    for fact in facts:
        if fact.kind == "release.refused":
            section.say(f"At {when(fact.at)} version {fact.body['version']} was refused: {fact.body['why']}.", fact.seq)
    if not section.parts:
        section.lacks("a refusal")
    return section


def _next(home: Home, told: Case) -> Section:
    """Work that waits, so that a report does not end where the work goes on."""
    section = Section("What waits")
    items = home.ledger.facts(kind=("item.opened", "item.closed"), prefix=home.project + "/")
    closed = {f.body["item"] for f in items if f.kind == "item.closed"}
    for fact in items:
        if fact.kind == "item.opened" and fact.body["item"] not in closed:
            section.say(f"{fact.body['title']}, waiting for {fact.body['waits_for']}.", fact.seq)
    proposed = [f for f in told.policies if f.kind == "policy.proposed"]
    if proposed and told.policies[-1] is proposed[-1]:
        section.say(f"A change of policy waits for its approval since {when(proposed[-1].at)}.", proposed[-1].seq)
    if not section.parts:
        section.lacks("work that waits")
    return section
