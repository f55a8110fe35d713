"""A document whose every sentence names the facts that it stands on. Cards and reports are such documents; Markdown and HTML are views."""

from collections.abc import Iterable, Sequence

import msgspec

from ninefold.clock import iso
from ninefold.ledger import Ledger
from ninefold.ledger.fact import decode
from ninefold.ledger.tree import leaf_hash


class Line(msgspec.Struct, frozen=True):
    """One sentence and the numbers of its facts."""

    text: str
    facts: tuple[int, ...]


class Row(msgspec.Struct, frozen=True):
    """One row of a table and the numbers of its facts."""

    cells: tuple[str, ...]
    facts: tuple[int, ...]


class Grid(msgspec.Struct, frozen=True):
    """A table; ``right`` are the columns of numbers."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    right: tuple[int, ...] = ()


class Section(msgspec.Struct):
    """A heading with its sentences and tables; ``missing`` is what it should say and no fact tells."""

    title: str
    parts: list[Line | Grid] = []
    missing: list[str] = []

    def say(self, text: str, *facts: int) -> None:
        """Add a sentence. One without a fact cannot be written: what nobody recorded goes to ``lacks``."""
        assert facts, f"a sentence without a fact: {text}"
        self.parts.append(Line(text, tuple(dict.fromkeys(facts))))

    def table(self, headers: Sequence[str], rows: Iterable[tuple[Sequence[object], Sequence[int]]], *, right: Sequence[int] = ()) -> None:
        """Add a table of ``(cells, facts)``; without a row nothing is added."""
        made = [Row(tuple("" if c is None else str(c) for c in cells), tuple(dict.fromkeys(facts))) for cells, facts in rows]
        assert all(row.facts for row in made), "a row without a fact"
        if made:
            self.parts.append(Grid(tuple(headers), tuple(made), tuple(right)))

    def lacks(self, what: str) -> None:
        """Something that belongs here and that no fact says."""
        self.missing.append(what)


class Cited(msgspec.Struct, frozen=True):
    """A fact that a document stands on: its digest is its leaf in the ledger's tree, ``SHA-256(0x00 ‖ stored bytes)``."""

    seq: int
    at: str
    kind: str
    subject: str
    actor: str
    digest: str


class Document(msgspec.Struct, frozen=True):
    """A card or a report. ``head`` is the newest fact of the ledger when it was written, ``root`` the tree's root there."""

    title: str
    about: str
    head: int
    root: str
    sections: tuple[Section, ...]
    facts: tuple[Cited, ...]

    @property
    def missing(self) -> list[tuple[str, str]]:
        """Section and what it lacks."""
        return [(section.title, what) for section in self.sections for what in section.missing]


def document(ledger: Ledger, title: str, about: str, sections: Sequence[Section]) -> Document:
    """The document of these sections, with every fact that they cite and its digest."""
    tree = ledger.tree()
    numbers = sorted({n for section in sections for part in section.parts for n in _numbers(part)})
    return Document(title, about, tree.size, tree.root().hex(), tuple(sections), tuple(_cited(ledger, n) for n in numbers))


def _numbers(part: Line | Grid) -> list[int]:
    return list(part.facts) if isinstance(part, Line) else [n for row in part.rows for n in row.facts]


def _cited(ledger: Ledger, seq: int) -> Cited:
    row = ledger.one("select cast(content as blob) as content from facts where seq = ?", seq)
    assert row is not None
    fact = decode(row["content"])
    return Cited(seq, iso(fact.at), fact.kind, fact.subject, fact.actor, leaf_hash(row["content"]).hex())
