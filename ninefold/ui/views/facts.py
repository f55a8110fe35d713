"""Facts: the log of what happened, and one entry in full."""

from typing import Any

import msgspec

from ninefold.errors import NotFoundError
from ninefold.ids import canonical, digest
from ninefold.ledger import Fact
from ninefold.ui.reading import Reading
from ninefold.ui.views.items import subject_path
from ninefold.ui.views.sentences import attention, sentence

PAGE = 50
LONGEST = 12_000  # characters of one body on a page; JSON has all


class FactLine(msgspec.Struct):
    """A fact in a list. ``when`` is the judging clock where that is another one (a replay's); ``path`` the page of its subject;
    ``like`` counts the ones of its kind about the same that directly came before, and are left out.
    """

    seq: int
    at: int
    when: int | None
    kind: str
    subject: str
    path: str | None
    says: str
    actor: str
    attention: bool
    like: int = 0


class FactsPage(msgspec.Struct):
    """The log, the newest first; ``older`` is where the next page begins."""

    lines: list[FactLine]
    kinds: list[str]
    kind: str
    subject: str
    older: int | None
    head: int


class FactsQuery(msgspec.Struct):
    """``kind`` and the beginning of ``subject`` (without the project) choose; ``before`` is a fact's number."""

    kind: str = ""
    subject: str = ""
    before: int | None = None


class FactPage(msgspec.Struct):
    """One fact, whole. ``digest`` of its body, ``text`` the body to be read."""

    line: FactLine
    id: str
    run: str | None
    key: str | None
    body: dict[str, Any]
    digest: str
    previous: int | None
    next: int | None


def line(fact: Fact) -> FactLine:
    """A fact for a list."""
    when = fact.body.get("when")
    later = isinstance(when, int) and abs(when - fact.at) > 60_000_000
    return FactLine(
        fact.seq,
        fact.at,
        when if later else None,
        fact.kind,
        fact.subject.partition("/")[2] or fact.subject,
        path_of(fact),
        sentence(fact),
        fact.actor,
        attention(fact),
    )


def lines(facts: list[Fact]) -> list[FactLine]:
    """Facts for a list, the newest first: a failure after which the same was done needs nobody any more."""
    done: set[str] = set()
    found = []
    for fact in facts:
        one = line(fact)
        about = fact.subject.partition("@")[0] + str(fact.body.get("step", "")) + str(fact.body.get("incident", ""))
        one.attention = one.attention and about not in done
        if fact.kind.endswith((".done", ".closed", ".looked")):
            done.add(about)
        found.append(one)
    return found


def condensed(facts: list[Fact], most: int) -> list[FactLine]:
    """Facts for a list of at most ``most``, the newest first: of the same kind about the same in a row only the newest."""
    found: list[FactLine] = []
    for one in lines(facts):
        before = found[-1] if found else None
        if before is not None and (one.kind, _base(one)) == (before.kind, _base(before)):
            before.like += 1
        elif len(found) == most:
            break
        else:
            found.append(one)
    return found


def _base(line: FactLine) -> str:
    return line.subject.partition("@")[0]


def path_of(fact: Fact) -> str | None:
    """The page of what a fact is about.

    >>> path_of(Fact(seq=1, id="", at=0, kind="table.written", subject="p/table/rows@3", actor="", body={}))
    '/tables/rows/3'
    """
    if fact.subject.count("/") == 1 and fact.kind == "run.started":
        return f"/runs/{fact.id}"
    return subject_path(fact.subject)


def log(reading: Reading, query: FactsQuery) -> FactsPage:
    """The facts of the project that the query chooses."""
    prefix = f"{reading.project}/{query.subject.strip().lstrip('/')}"
    before = query.before if query.before is not None else 2**62
    where, args = "seq < ? and subject >= ? and subject < ?", [before, prefix, prefix + "\U0010ffff"]
    if query.kind:
        where += " and kind = ?"
        args.append(query.kind)
    sql = f"select content from facts where {where} order by seq desc limit {PAGE + 1}"
    facts = [msgspec.json.decode(row["content"], type=Fact) for row in reading.home.ledger.all(sql, *args)]
    kinds = reading.kept("kinds", lambda: [row["kind"] for row in reading.home.ledger.all("select distinct kind from facts order by kind")])
    older = facts[PAGE - 1].seq if len(facts) > PAGE else None
    return FactsPage(lines(facts[:PAGE]), kinds, query.kind, query.subject, older, reading.home.ledger.head())


def one(reading: Reading, seq: str) -> FactPage:
    """One fact by its number."""
    number = int(seq) if seq.isascii() and seq.isdigit() and len(seq) < 19 else 0
    found = reading.home.ledger.facts(after=number - 1, limit=1) if number else []
    head = reading.home.ledger.head()
    if not found or found[0].seq != number or not found[0].subject.startswith(f"{reading.project}/"):
        raise NotFoundError(f"there is no fact {seq[:60]}", hint=f"they go from 1 to {head}")
    fact = found[0]
    return FactPage(
        line(fact),
        fact.id,
        fact.run,
        fact.key,
        fact.body,
        digest(canonical(fact.body)),
        number - 1 if number > 1 else None,
        number + 1 if number < head else None,
    )
